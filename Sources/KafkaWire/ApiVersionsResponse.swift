import Bytes

/// The version windows of the broker, and its features (KIP-584). With error 35 the body is always in version 0, which
/// every client can read (KIP-511).
package struct ApiVersionsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.apiVersions
    package static let firstFlexible: Int16 = 3

    package var errorCode: KafkaErrorCode
    package var apiKeys: [Api]
    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var supportedFeatures: [SupportedFeature]
    /// -1 when unknown.
    package var finalizedFeaturesEpoch: Int64
    package var finalizedFeatures: [FinalizedFeature]
    package var zkMigrationReady: Bool

    package init(
        errorCode: KafkaErrorCode = .none, apiKeys: [Api], throttleTimeMs: Int32 = 0,
        supportedFeatures: [SupportedFeature] = [], finalizedFeaturesEpoch: Int64 = -1,
        finalizedFeatures: [FinalizedFeature] = [], zkMigrationReady: Bool = false
    ) {
        self.errorCode = errorCode
        self.apiKeys = apiKeys
        self.throttleTimeMs = throttleTimeMs
        self.supportedFeatures = supportedFeatures
        self.finalizedFeaturesEpoch = finalizedFeaturesEpoch
        self.finalizedFeatures = finalizedFeatures
        self.zkMigrationReady = zkMigrationReady
    }
}

extension ApiVersionsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        errorCode = try reader.kafkaErrorCode()
        let version = errorCode == .unsupportedVersion ? 0 : version
        let flexible = version >= ApiVersionsResponse.firstFlexible
        apiKeys = try reader.kafkaArray(of: Api.self, version: version, flexible: flexible)
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        supportedFeatures = []
        finalizedFeaturesEpoch = -1
        finalizedFeatures = []
        zkMigrationReady = false
        for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
            let field = try reader.beginKafkaTaggedField()
            switch field.tag {
            case 0:
                supportedFeatures =
                    try reader.kafkaArray(of: SupportedFeature.self, version: version, flexible: flexible)
            case 1: finalizedFeaturesEpoch = try reader.int64()
            case 2:
                finalizedFeatures =
                    try reader.kafkaArray(of: FinalizedFeature.self, version: version, flexible: flexible)
            case 3: zkMigrationReady = try reader.kafkaBool()
            default: try reader.skip(field.size)
            }
            try reader.endKafkaTaggedField(field)
        }
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let version = errorCode == .unsupportedVersion ? 0 : version
        let flexible = version >= ApiVersionsResponse.firstFlexible
        writer.kafkaErrorCode(errorCode)
        writer.kafkaArray(apiKeys, version: version, flexible: flexible)
        if version >= 1 { writer.int32(throttleTimeMs) }
        var tagged = KafkaTaggedFields()
        if !supportedFeatures.isEmpty {
            tagged.add(0) { $0.kafkaArray(supportedFeatures, version: version, flexible: flexible) }
        }
        if finalizedFeaturesEpoch != -1 {
            tagged.add(1) { $0.int64(finalizedFeaturesEpoch) }
        }
        if !finalizedFeatures.isEmpty {
            tagged.add(2) { $0.kafkaArray(finalizedFeatures, version: version, flexible: flexible) }
        }
        if zkMigrationReady {
            tagged.add(3) { $0.kafkaBool(zkMigrationReady) }
        }
        writer.kafkaTaggedFields(tagged, flexible: flexible)
    }
}

extension ApiVersionsResponse {
    /// What the broker serves.
    package static var served: ApiVersionsResponse {
        ApiVersionsResponse(apiKeys: SupportedApis.all.map(Api.init))
    }

    /// The answer to an ApiVersions request of a version that is not served.
    package static var unsupportedVersion: ApiVersionsResponse {
        ApiVersionsResponse(errorCode: .unsupportedVersion, apiKeys: served.apiKeys)
    }
}

extension ApiVersionsResponse {
    /// The version window of one API.
    package struct Api: KafkaStructure {
        /// The number on the wire; a broker may know APIs that we do not.
        package var apiKey: Int16
        package var minVersion: Int16
        package var maxVersion: Int16

        package static let minimumSize = 6

        package init(apiKey: Int16, minVersion: Int16, maxVersion: Int16) {
            self.apiKey = apiKey
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(_ api: SupportedApi) {
            self.init(apiKey: api.key.rawValue, minVersion: api.minimumAdvertised, maxVersion: api.maximum)
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            apiKey = try reader.int16()
            minVersion = try reader.int16()
            maxVersion = try reader.int16()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            writer.int16(apiKey)
            writer.int16(minVersion)
            writer.int16(maxVersion)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension ApiVersionsResponse {
    /// A feature the broker could turn on.
    package struct SupportedFeature: KafkaStructure {
        package var name: String
        package var minVersion: Int16
        package var maxVersion: Int16

        package static let minimumSize = 6

        package init(name: String, minVersion: Int16, maxVersion: Int16) {
            self.name = name
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            minVersion = try reader.int16()
            maxVersion = try reader.int16()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int16(minVersion)
            writer.int16(maxVersion)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension ApiVersionsResponse {
    /// A feature the whole cluster has turned on.
    package struct FinalizedFeature: KafkaStructure {
        package var name: String
        package var maxVersionLevel: Int16
        package var minVersionLevel: Int16

        package static let minimumSize = 6

        package init(name: String, maxVersionLevel: Int16, minVersionLevel: Int16) {
            self.name = name
            self.maxVersionLevel = maxVersionLevel
            self.minVersionLevel = minVersionLevel
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            maxVersionLevel = try reader.int16()
            minVersionLevel = try reader.int16()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ApiVersionsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int16(maxVersionLevel)
            writer.int16(minVersionLevel)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
