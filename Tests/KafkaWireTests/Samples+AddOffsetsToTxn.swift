import KafkaWire

extension AddOffsetsToTxnRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AddOffsetsToTxnRequest {
        let transactionalId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let groupId = values.string()
        return AddOffsetsToTxnRequest(
            transactionalId: transactionalId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            groupId: groupId)
    }
}
