import KafkaWire

extension TxnOffsetCommitRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitRequest {
        let transactionalId = values.string()
        let groupId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let generationId = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let topics = values.array { TxnOffsetCommitRequest.Topic.sample(&$0, version: version) }
        return TxnOffsetCommitRequest(
            transactionalId: transactionalId,
            groupId: groupId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            generationId: version >= 3 ? generationId : -1,
            memberId: version >= 3 ? memberId : "",
            groupInstanceId: version >= 3 ? groupInstanceId : nil,
            topics: topics)
    }
}
