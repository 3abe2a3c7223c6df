import KafkaWire

extension CreatePartitionsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreatePartitionsRequest {
        let topics = values.array { CreatePartitionsRequest.Topic.sample(&$0, version: version) }
        let timeoutMs = values.int32()
        let validateOnly = values.bool()
        return CreatePartitionsRequest(
            topics: topics,
            timeoutMs: timeoutMs,
            validateOnly: validateOnly)
    }
}

extension CreatePartitionsRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreatePartitionsRequest.Topic {
        let name = values.string()
        let count = values.int32()
        let assignments = values.nullableArray { CreatePartitionsRequest.Assignment.sample(&$0, version: version) }
        return CreatePartitionsRequest.Topic(
            name: name,
            count: count,
            assignments: assignments)
    }
}

extension CreatePartitionsRequest.Assignment: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreatePartitionsRequest.Assignment {
        let brokerIds = values.int32Array()
        return CreatePartitionsRequest.Assignment(
            brokerIds: brokerIds)
    }
}

extension CreatePartitionsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreatePartitionsResponse {
        let throttleTimeMs = values.int32()
        let results = values.array { CreatePartitionsResponse.Topic.sample(&$0, version: version) }
        return CreatePartitionsResponse(
            throttleTimeMs: throttleTimeMs,
            results: results)
    }
}

extension CreatePartitionsResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreatePartitionsResponse.Topic {
        let name = values.string()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        return CreatePartitionsResponse.Topic(
            name: name,
            errorCode: errorCode,
            errorMessage: errorMessage)
    }
}
