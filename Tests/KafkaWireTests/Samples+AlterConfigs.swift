import KafkaWire

extension ConfigAlterationRequest: Sampled where Kind.Setting: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let resources = values.array { Resource.sample(&$0, version: version) }
        let validateOnly = values.bool()
        return Self(
            resources: resources,
            validateOnly: validateOnly)
    }
}

extension ConfigAlterationRequest.Resource: Sampled where Kind.Setting: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let resourceType = values.int8()
        let resourceName = values.string()
        let configs = values.array { Kind.Setting.sample(&$0, version: version) }
        return Self(
            resourceType: resourceType,
            resourceName: resourceName,
            configs: configs)
    }
}

extension IncrementalAlteration.Setting: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let name = values.string()
        let operation = values.int8()
        let value = values.nullableString()
        return Self(
            name: name,
            operation: operation,
            value: value)
    }
}

extension ConfigAlterationResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let throttleTimeMs = values.int32()
        let responses = values.array { Resource.sample(&$0, version: version) }
        return Self(
            throttleTimeMs: throttleTimeMs,
            responses: responses)
    }
}

extension ConfigAlterationResponse.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let resourceType = values.int8()
        let resourceName = values.string()
        return Self(
            errorCode: errorCode,
            errorMessage: errorMessage,
            resourceType: resourceType,
            resourceName: resourceName)
    }
}
