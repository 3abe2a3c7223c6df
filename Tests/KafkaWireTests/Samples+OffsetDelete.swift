import KafkaWire

extension OffsetDeleteRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetDeleteRequest {
        let groupId = values.string()
        let topics = values.array { OffsetDeleteRequest.Topic.sample(&$0, version: version) }
        return OffsetDeleteRequest(
            groupId: groupId,
            topics: topics)
    }
}

extension OffsetDeleteResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetDeleteResponse {
        let errorCode = values.errorCode()
        let throttleTimeMs = values.int32()
        let topics = values.array { OffsetDeleteResponse.Topic.sample(&$0, version: version) }
        return OffsetDeleteResponse(
            errorCode: errorCode,
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension OffsetDeleteResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetDeleteResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        return OffsetDeleteResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode)
    }
}
