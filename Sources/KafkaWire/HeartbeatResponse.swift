import Bytes

/// Whether a member may go on; REBALANCE_IN_PROGRESS calls it to join again.
package struct HeartbeatResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.heartbeat
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
    }
}

extension HeartbeatResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= HeartbeatResponse.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= HeartbeatResponse.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
