import KafkaWire

extension DeleteRecordsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteRecordsRequest {
        let topics = values.array { DeleteRecordsRequest.Topic.sample(&$0, version: version) }
        let timeoutMs = values.int32()
        return DeleteRecordsRequest(
            topics: topics,
            timeoutMs: timeoutMs)
    }
}

extension DeleteRecordsRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteRecordsRequest.Partition {
        let partitionIndex = values.int32()
        let offset = values.int64()
        return DeleteRecordsRequest.Partition(
            partitionIndex: partitionIndex,
            offset: offset)
    }
}

extension DeleteRecordsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteRecordsResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { DeleteRecordsResponse.Topic.sample(&$0, version: version) }
        return DeleteRecordsResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension DeleteRecordsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteRecordsResponse.Partition {
        let partitionIndex = values.int32()
        let lowWatermark = values.int64()
        let errorCode = values.errorCode()
        return DeleteRecordsResponse.Partition(
            partitionIndex: partitionIndex,
            lowWatermark: lowWatermark,
            errorCode: errorCode)
    }
}
