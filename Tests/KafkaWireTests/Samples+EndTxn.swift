import KafkaWire

extension EndTxnRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> EndTxnRequest {
        let transactionalId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let committed = values.bool()
        return EndTxnRequest(
            transactionalId: transactionalId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            committed: committed)
    }
}
