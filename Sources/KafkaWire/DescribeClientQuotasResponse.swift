import Bytes

/// Quotas, each with whom it is for.
package struct DescribeClientQuotasResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeClientQuotas
    package static let firstFlexible: Int16 = 1

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var errorMessage: String?
    /// nil with an error.
    package var entries: [Entry]?

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, entries: [Entry]?
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.entries = entries
    }
}

extension DescribeClientQuotasResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeClientQuotasResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try reader.kafkaNullableString(flexible: flexible)
        entries = try reader.kafkaNullableArray(of: Entry.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeClientQuotasResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNullableString(errorMessage, flexible: flexible)
        writer.kafkaNullableArray(entries, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeClientQuotasResponse {
    package struct Entry: KafkaStructure {
        package var entity: [KafkaQuotaEntity]
        package var values: [Value]

        package static let minimumSize = 2

        package init(entity: [KafkaQuotaEntity], values: [Value]) {
            self.entity = entity
            self.values = values
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeClientQuotasResponse.firstFlexible
            entity = try reader.kafkaArray(of: KafkaQuotaEntity.self, version: version, flexible: flexible)
            values = try reader.kafkaArray(of: Value.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeClientQuotasResponse.firstFlexible
            writer.kafkaArray(entity, version: version, flexible: flexible)
            writer.kafkaArray(values, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }

    package struct Value: KafkaStructure {
        package var key: String
        /// The bits of a floating-point number of 64 bits (IEEE 754).
        package var valueBits: UInt64

        package static let minimumSize = 9

        package init(key: String, valueBits: UInt64) {
            self.key = key
            self.valueBits = valueBits
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeClientQuotasResponse.firstFlexible
            key = try reader.kafkaString(flexible: flexible)
            valueBits = try reader.uint64()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeClientQuotasResponse.firstFlexible
            writer.kafkaString(key, flexible: flexible)
            writer.uint64(valueBits)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
