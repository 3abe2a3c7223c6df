import KafkaWire

extension AlterConfigsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterConfigsRequest {
        let resources = values.array { AlterConfigsRequest.Resource.sample(&$0, version: version) }
        let validateOnly = values.bool()
        return AlterConfigsRequest(
            resources: resources,
            validateOnly: validateOnly)
    }
}

extension AlterConfigsRequest.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterConfigsRequest.Resource {
        let resourceType = values.int8()
        let resourceName = values.string()
        let configs = values.array { AlterConfigsRequest.Config.sample(&$0, version: version) }
        return AlterConfigsRequest.Resource(
            resourceType: resourceType,
            resourceName: resourceName,
            configs: configs)
    }
}

extension AlterConfigsRequest.Config: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterConfigsRequest.Config {
        let name = values.string()
        let value = values.nullableString()
        return AlterConfigsRequest.Config(
            name: name,
            value: value)
    }
}

extension AlterConfigsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterConfigsResponse {
        let throttleTimeMs = values.int32()
        let responses = values.array { AlterConfigsResponse.Resource.sample(&$0, version: version) }
        return AlterConfigsResponse(
            throttleTimeMs: throttleTimeMs,
            responses: responses)
    }
}

extension AlterConfigsResponse.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterConfigsResponse.Resource {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let resourceType = values.int8()
        let resourceName = values.string()
        return AlterConfigsResponse.Resource(
            errorCode: errorCode,
            errorMessage: errorMessage,
            resourceType: resourceType,
            resourceName: resourceName)
    }
}
