import KafkaWire

extension AddPartitionsToTxnRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AddPartitionsToTxnRequest {
        let transactionalId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let topics = values.array { AddPartitionsToTxnRequest.Topic.sample(&$0, version: version) }
        return AddPartitionsToTxnRequest(
            transactionalId: transactionalId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            topics: topics)
    }
}
