import Bytes

/// What became of each resource.
package struct ConfigAlterationResponse<Kind: ConfigAlterationKind>: KafkaResponseBody {
    package static var apiKey: ApiKey { Kind.apiKey }
    package static var firstFlexible: Int16 { Kind.firstFlexible }

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var responses: [Resource]

    package init(throttleTimeMs: Int32 = 0, responses: [Resource]) {
        self.throttleTimeMs = throttleTimeMs
        self.responses = responses
    }
}

extension ConfigAlterationResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Kind.firstFlexible
        throttleTimeMs = try reader.int32()
        responses = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Kind.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(responses, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ConfigAlterationResponse {
    package struct Resource: KafkaStructure {
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?
        /// 2 topic, 4 broker (others: KIP-133).
        package var resourceType: Int8
        package var resourceName: String

        package static var minimumSize: Int { 6 }

        package init(
            errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, resourceType: Int8, resourceName: String
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= Kind.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= Kind.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
