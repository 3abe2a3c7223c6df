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

extension OffsetCommitRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitRequest.Topic {
        let name = values.string()
        let partitions = values.array { OffsetCommitRequest.Partition.sample(&$0, version: version) }
        return OffsetCommitRequest.Topic(
            name: name,
            partitions: partitions)
    }
}

extension OffsetCommitRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitRequest.Partition {
        let partitionIndex = values.int32()
        let committedOffset = values.int64()
        let committedLeaderEpoch = values.int32()
        let committedMetadata = values.nullableString()
        return OffsetCommitRequest.Partition(
            partitionIndex: partitionIndex,
            committedOffset: committedOffset,
            committedLeaderEpoch: version >= 6 ? committedLeaderEpoch : -1,
            committedMetadata: committedMetadata)
    }
}

extension OffsetCommitResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { OffsetCommitResponse.Topic.sample(&$0, version: version) }
        return OffsetCommitResponse(
            throttleTimeMs: version >= 3 ? throttleTimeMs : 0,
            topics: topics)
    }
}

extension OffsetCommitResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitResponse.Topic {
        let name = values.string()
        let partitions = values.array { OffsetCommitResponse.Partition.sample(&$0, version: version) }
        return OffsetCommitResponse.Topic(
            name: name,
            partitions: partitions)
    }
}

extension OffsetCommitResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetCommitResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        return OffsetCommitResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode)
    }
}
