import KafkaWire

extension CreateTopicsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsRequest {
        let topics = values.array { CreateTopicsRequest.Topic.sample(&$0, version: version) }
        let timeoutMs = values.int32()
        let validateOnly = values.bool()
        return CreateTopicsRequest(
            topics: topics,
            timeoutMs: timeoutMs,
            validateOnly: validateOnly)
    }
}

extension CreateTopicsRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsRequest.Topic {
        let name = values.string()
        let numPartitions = values.int32()
        let replicationFactor = values.int16()
        let assignments = values.array { CreateTopicsRequest.Assignment.sample(&$0, version: version) }
        let configs = values.array { CreateTopicsRequest.Config.sample(&$0, version: version) }
        return CreateTopicsRequest.Topic(
            name: name,
            numPartitions: numPartitions,
            replicationFactor: replicationFactor,
            assignments: assignments,
            configs: configs)
    }
}

extension CreateTopicsRequest.Assignment: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsRequest.Assignment {
        let partitionIndex = values.int32()
        let brokerIds = values.int32Array()
        return CreateTopicsRequest.Assignment(
            partitionIndex: partitionIndex,
            brokerIds: brokerIds)
    }
}

extension CreateTopicsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { CreateTopicsResponse.Topic.sample(&$0, version: version) }
        return CreateTopicsResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension CreateTopicsResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsResponse.Topic {
        let name = values.string()
        let topicId = values.uuid()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let topicConfigErrorCode = values.errorCode()
        let numPartitions = values.int32()
        let replicationFactor = values.int16()
        let configs = values.nullableArray { CreateTopicsResponse.Config.sample(&$0, version: version) }
        return CreateTopicsResponse.Topic(
            name: name,
            topicId: version >= 7 ? topicId : .zero,
            errorCode: errorCode,
            errorMessage: errorMessage,
            topicConfigErrorCode: version >= 5 ? topicConfigErrorCode : .none,
            numPartitions: version >= 5 ? numPartitions : -1,
            replicationFactor: version >= 5 ? replicationFactor : -1,
            configs: version >= 5 ? configs : [])
    }
}

extension CreateTopicsResponse.Config: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> CreateTopicsResponse.Config {
        let name = values.string()
        let value = values.nullableString()
        let readOnly = values.bool()
        let configSource = values.int8()
        let isSensitive = values.bool()
        return CreateTopicsResponse.Config(
            name: name,
            value: value,
            readOnly: readOnly,
            configSource: configSource,
            isSensitive: isSensitive)
    }
}
