import KafkaWire

extension DeleteTopicsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteTopicsResponse {
        let throttleTimeMs = values.int32()
        let responses = values.array { DeleteTopicsResponse.Topic.sample(&$0, version: version) }
        return DeleteTopicsResponse(
            throttleTimeMs: throttleTimeMs,
            responses: responses)
    }
}

extension DeleteTopicsResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteTopicsResponse.Topic {
        let name = values.nullableString()
        let topicId = values.uuid()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        return DeleteTopicsResponse.Topic(
            name: name ?? (version >= 6 ? nil : "x"),
            topicId: version >= 6 ? topicId : .zero,
            errorCode: errorCode,
            errorMessage: version >= 5 ? errorMessage : nil)
    }
}

extension DeleteTopicsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteTopicsRequest {
        let topics = values.array { Topic(name: $0.nullableString(), topicId: $0.uuid()) }
        let names = values.stringArray()
        let timeoutMs = values.int32()
        return DeleteTopicsRequest(
            topics: version >= 6 ? topics : names.map { Topic(name: $0) }, timeoutMs: timeoutMs)
    }
}
