import KafkaWire

extension OffsetFetchRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetFetchRequest {
        let groupId = values.string()
        let topics = values.nullableArray { OffsetFetchRequest.Topic.sample(&$0, version: version) }
        let groups = values.array { OffsetFetchRequest.Group.sample(&$0, version: version) }
        let requireStable = values.bool()
        let single = Group(groupId: groupId, topics: topics ?? (version >= 2 ? nil : []))
        return OffsetFetchRequest(
            groups: version >= 8 ? groups : [single],
            requireStable: version >= 7 ? requireStable : false)
    }
}

extension OffsetFetchRequest.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetFetchRequest.Group {
        let groupId = values.string()
        let memberId = values.nullableString()
        let memberEpoch = values.int32()
        let topics = values.nullableArray { OffsetFetchRequest.Topic.sample(&$0, version: version) }
        return OffsetFetchRequest.Group(
            groupId: groupId,
            memberId: version >= 9 ? memberId : nil,
            memberEpoch: version >= 9 ? memberEpoch : -1,
            topics: topics)
    }
}

extension OffsetFetchResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetFetchResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { OffsetFetchResponse.Topic.sample(&$0, version: version) }
        let errorCode = values.errorCode()
        let groups = values.array { OffsetFetchResponse.Group.sample(&$0, version: version) }
        let single = Group(groupId: "", topics: topics, errorCode: version >= 2 ? errorCode : .none)
        return OffsetFetchResponse(
            throttleTimeMs: version >= 3 ? throttleTimeMs : 0,
            groups: version >= 8 ? groups : [single])
    }
}

extension OffsetFetchResponse.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetFetchResponse.Group {
        let groupId = values.string()
        let topics = values.array { OffsetFetchResponse.Topic.sample(&$0, version: version) }
        let errorCode = values.errorCode()
        return OffsetFetchResponse.Group(
            groupId: groupId,
            topics: topics,
            errorCode: errorCode)
    }
}

extension OffsetFetchResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetFetchResponse.Partition {
        let partitionIndex = values.int32()
        let committedOffset = values.int64()
        let committedLeaderEpoch = values.int32()
        let metadata = values.nullableString()
        let errorCode = values.errorCode()
        return OffsetFetchResponse.Partition(
            partitionIndex: partitionIndex,
            committedOffset: committedOffset,
            committedLeaderEpoch: version >= 5 ? committedLeaderEpoch : -1,
            metadata: metadata,
            errorCode: errorCode)
    }
}
