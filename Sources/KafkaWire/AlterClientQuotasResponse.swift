import Bytes

/// What became of each entry.
package struct AlterClientQuotasResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.alterClientQuotas
    package static let firstFlexible: Int16 = 1

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var entries: [Entry]

    package init(throttleTimeMs: Int32 = 0, entries: [Entry]) {
        self.throttleTimeMs = throttleTimeMs
        self.entries = entries
    }
}

extension AlterClientQuotasResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AlterClientQuotasResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        entries = try reader.kafkaArray(of: Entry.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AlterClientQuotasResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(entries, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension AlterClientQuotasResponse {
    package struct Entry: KafkaStructure {
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?
        package var entity: [KafkaQuotaEntity]

        package static let minimumSize = 4

        package init(errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, entity: [KafkaQuotaEntity]) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.entity = entity
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterClientQuotasResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            entity = try reader.kafkaArray(of: KafkaQuotaEntity.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterClientQuotasResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            writer.kafkaArray(entity, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
