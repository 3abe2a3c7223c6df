import KafkaWire

extension ApiVersionsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ApiVersionsRequest {
        let clientSoftwareName = values.string()
        let clientSoftwareVersion = values.string()
        return ApiVersionsRequest(
            clientSoftwareName: version >= 3 ? clientSoftwareName : "",
            clientSoftwareVersion: version >= 3 ? clientSoftwareVersion : "")
    }
}

extension ApiVersionsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ApiVersionsResponse {
        let errorCode = values.errorCode()
        let apiKeys = values.array { ApiVersionsResponse.Api.sample(&$0, version: version) }
        let throttleTimeMs = values.int32()
        let supportedFeatures = values.array { ApiVersionsResponse.SupportedFeature.sample(&$0, version: version) }
        let finalizedFeaturesEpoch = values.isPresent() ? values.int64() : -1
        let finalizedFeatures = values.array { ApiVersionsResponse.FinalizedFeature.sample(&$0, version: version) }
        let zkMigrationReady = values.bool()
        return ApiVersionsResponse(
            errorCode: errorCode,
            apiKeys: apiKeys,
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            supportedFeatures: version >= 3 ? supportedFeatures : [],
            finalizedFeaturesEpoch: version >= 3 ? finalizedFeaturesEpoch : -1,
            finalizedFeatures: version >= 3 ? finalizedFeatures : [],
            zkMigrationReady: version >= 3 ? zkMigrationReady : false)
    }
}

extension ApiVersionsResponse.Api: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ApiVersionsResponse.Api {
        let apiKey = values.int16()
        let minVersion = values.int16()
        let maxVersion = values.int16()
        return ApiVersionsResponse.Api(
            apiKey: apiKey,
            minVersion: minVersion,
            maxVersion: maxVersion)
    }
}

extension ApiVersionsResponse.SupportedFeature: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ApiVersionsResponse.SupportedFeature {
        let name = values.string()
        let minVersion = values.int16()
        let maxVersion = values.int16()
        return ApiVersionsResponse.SupportedFeature(
            name: name,
            minVersion: minVersion,
            maxVersion: maxVersion)
    }
}

extension ApiVersionsResponse.FinalizedFeature: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ApiVersionsResponse.FinalizedFeature {
        let name = values.string()
        let maxVersionLevel = values.int16()
        let minVersionLevel = values.int16()
        return ApiVersionsResponse.FinalizedFeature(
            name: name,
            maxVersionLevel: maxVersionLevel,
            minVersionLevel: minVersionLevel)
    }
}
