import Bytes

/// Whether the transaction has ended that way.
package struct EndTxnResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.endTxn
    package static let firstFlexible: Int16 = 3

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
    }
}

extension EndTxnResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= EndTxnResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= EndTxnResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
