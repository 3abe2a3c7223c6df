import KafkaWire

extension OffsetCommitRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitRequest {
        let groupId = values.string()
        let generationIdOrMemberEpoch = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let retentionTimeMs = values.int64()
        let topics = values.array { OffsetCommitRequest.Topic.sample(&$0, version: version) }
        return OffsetCommitRequest(
            groupId: groupId,
            generationIdOrMemberEpoch: generationIdOrMemberEpoch,
            memberId: memberId,
            groupInstanceId: version >= 7 ? groupInstanceId : nil,
            retentionTimeMs: version <= 4 ? retentionTimeMs : -1,
            topics: topics)
    }
}
