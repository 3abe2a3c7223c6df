import KafkaWire

extension DescribeConfigsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsRequest {
        let resources = values.array { DescribeConfigsRequest.Resource.sample(&$0, version: version) }
        let includeSynonyms = values.bool()
        let includeDocumentation = values.bool()
        return DescribeConfigsRequest(
            resources: resources,
            includeSynonyms: includeSynonyms,
            includeDocumentation: version >= 3 ? includeDocumentation : false)
    }
}

extension DescribeConfigsRequest.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsRequest.Resource {
        let resourceType = values.int8()
        let resourceName = values.string()
        let configurationKeys = values.nullableStringArray()
        return DescribeConfigsRequest.Resource(
            resourceType: resourceType,
            resourceName: resourceName,
            configurationKeys: configurationKeys)
    }
}

extension DescribeConfigsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsResponse {
        let throttleTimeMs = values.int32()
        let results = values.array { DescribeConfigsResponse.Resource.sample(&$0, version: version) }
        return DescribeConfigsResponse(
            throttleTimeMs: throttleTimeMs,
            results: results)
    }
}

extension DescribeConfigsResponse.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsResponse.Resource {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let resourceType = values.int8()
        let resourceName = values.string()
        let configs = values.array { DescribeConfigsResponse.Config.sample(&$0, version: version) }
        return DescribeConfigsResponse.Resource(
            errorCode: errorCode,
            errorMessage: errorMessage,
            resourceType: resourceType,
            resourceName: resourceName,
            configs: configs)
    }
}

extension DescribeConfigsResponse.Config: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsResponse.Config {
        let name = values.string()
        let value = values.nullableString()
        let readOnly = values.bool()
        let configSource = values.int8()
        let isSensitive = values.bool()
        let synonyms = values.array { DescribeConfigsResponse.Synonym.sample(&$0, version: version) }
        let configType = values.int8()
        let documentation = values.nullableString()
        return DescribeConfigsResponse.Config(
            name: name,
            value: value,
            readOnly: readOnly,
            configSource: configSource,
            isSensitive: isSensitive,
            synonyms: synonyms,
            configType: version >= 3 ? configType : 0,
            documentation: version >= 3 ? documentation : nil)
    }
}

extension DescribeConfigsResponse.Synonym: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeConfigsResponse.Synonym {
        let name = values.string()
        let value = values.nullableString()
        let source = values.int8()
        return DescribeConfigsResponse.Synonym(
            name: name,
            value: value,
            source: source)
    }
}
