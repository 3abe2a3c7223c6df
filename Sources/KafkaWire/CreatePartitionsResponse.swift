import Bytes

/// What became of each topic to extend.
package struct CreatePartitionsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.createPartitions
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var results: [Topic]

    package init(throttleTimeMs: Int32 = 0, results: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }
}

extension CreatePartitionsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= CreatePartitionsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        results = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= CreatePartitionsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(results, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension CreatePartitionsResponse {
    package struct Topic: KafkaStructure {
        package var name: String
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?

        package static let minimumSize = 5

        package init(name: String, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil) {
            self.name = name
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreatePartitionsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreatePartitionsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
