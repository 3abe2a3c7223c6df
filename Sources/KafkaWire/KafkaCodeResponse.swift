import Bytes

/// An answer that is one code.
package struct KafkaCodeResponse<Kind: KafkaMessageKind>: KafkaResponseBody {
    package static var apiKey: ApiKey { Kind.apiKey }
    package static var firstFlexible: Int16 { Kind.firstFlexible }

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
    }
}

extension KafkaCodeResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Kind.firstFlexible
        throttleTimeMs = try version >= Kind.firstThrottled ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Kind.firstFlexible
        if version >= Kind.firstThrottled { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

/// Whether a member may go on; REBALANCE_IN_PROGRESS calls it to join again.
package typealias HeartbeatResponse = KafkaCodeResponse<HeartbeatKind>
/// Whether the group has joined the transaction.
package typealias AddOffsetsToTxnResponse = KafkaCodeResponse<AddOffsetsToTxnKind>
/// Whether the transaction has ended that way.
package typealias EndTxnResponse = KafkaCodeResponse<EndTxnKind>
