import Bytes

/// What became of each topic to delete.
package struct DeleteTopicsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.deleteTopics
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var responses: [Topic]

    package init(throttleTimeMs: Int32 = 0, responses: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.responses = responses
    }
}

extension DeleteTopicsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DeleteTopicsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        responses = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DeleteTopicsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(responses, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DeleteTopicsResponse {
    package struct Topic: KafkaStructure {
        /// nil only for a topic id that is unknown (from version 6).
        package var name: String?
        /// Zero when not given.
        package var topicId: KafkaUUID
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?

        package static let minimumSize = 4

        package init(
            name: String?, topicId: KafkaUUID = .zero, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil
        ) {
            self.name = name
            self.topicId = topicId
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DeleteTopicsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible, nullable: version >= 6)
            topicId = try version >= 6 ? reader.kafkaUUID() : .zero
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DeleteTopicsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible, nullable: version >= 6)
            if version >= 6 { writer.kafkaUUID(topicId) }
            writer.kafkaErrorCode(errorCode)
            if version >= 5 { writer.kafkaNullableString(errorMessage, flexible: flexible) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
