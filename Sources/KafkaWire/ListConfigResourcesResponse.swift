import Bytes

/// What there is with settings of its own.
package struct ListConfigResourcesResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.listConfigResources
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var configResources: [Resource]

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, configResources: [Resource]) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.configResources = configResources
    }
}

extension ListConfigResourcesResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        configResources = try reader.kafkaArray(of: Resource.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaArray(configResources, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension ListConfigResourcesResponse {
    package struct Resource: KafkaStructure {
        package var resourceName: String
        package var resourceType: Int8

        package static let minimumSize = 2

        package init(resourceName: String, resourceType: Int8 = 16) {
            self.resourceName = resourceName
            self.resourceType = resourceType
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            resourceName = try reader.kafkaString(flexible: true)
            resourceType = try version >= 1 ? reader.int8() : 16
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(resourceName, flexible: true)
            if version >= 1 { writer.int8(resourceType) }
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
