import KafkaWire

extension ListConfigResourcesRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListConfigResourcesRequest {
        let resourceTypes = values.int8Array()
        return ListConfigResourcesRequest(
            resourceTypes: version >= 1 ? resourceTypes : [])
    }
}

extension ListConfigResourcesResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListConfigResourcesResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let configResources = values.array { ListConfigResourcesResponse.Resource.sample(&$0, version: version) }
        return ListConfigResourcesResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            configResources: configResources)
    }
}

extension ListConfigResourcesResponse.Resource: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListConfigResourcesResponse.Resource {
        let resourceName = values.string()
        let resourceType = values.int8()
        return ListConfigResourcesResponse.Resource(
            resourceName: resourceName,
            resourceType: version >= 1 ? resourceType : 16)
    }
}
