import KafkaWire

extension IncrementalAlterConfigsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> IncrementalAlterConfigsRequest {
        let resources = values.array { IncrementalAlterConfigsRequest.Resource.sample(&$0, version: version) }
        let validateOnly = values.bool()
        return IncrementalAlterConfigsRequest(
            resources: resources,
            validateOnly: validateOnly)
    }
}

extension IncrementalAlterConfigsRequest.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> IncrementalAlterConfigsRequest.Resource {
        let resourceType = values.int8()
        let resourceName = values.string()
        let configs = values.array { IncrementalAlterConfigsRequest.Config.sample(&$0, version: version) }
        return IncrementalAlterConfigsRequest.Resource(
            resourceType: resourceType,
            resourceName: resourceName,
            configs: configs)
    }
}

extension IncrementalAlterConfigsRequest.Config: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> IncrementalAlterConfigsRequest.Config {
        let name = values.string()
        let operation = values.int8()
        let value = values.nullableString()
        return IncrementalAlterConfigsRequest.Config(
            name: name,
            operation: operation,
            value: value)
    }
}

extension IncrementalAlterConfigsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> IncrementalAlterConfigsResponse {
        let throttleTimeMs = values.int32()
        let responses = values.array { IncrementalAlterConfigsResponse.Resource.sample(&$0, version: version) }
        return IncrementalAlterConfigsResponse(
            throttleTimeMs: throttleTimeMs,
            responses: responses)
    }
}

extension IncrementalAlterConfigsResponse.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> IncrementalAlterConfigsResponse.Resource {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let resourceType = values.int8()
        let resourceName = values.string()
        return IncrementalAlterConfigsResponse.Resource(
            errorCode: errorCode,
            errorMessage: errorMessage,
            resourceType: resourceType,
            resourceName: resourceName)
    }
}
