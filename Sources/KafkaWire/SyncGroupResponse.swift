import Bytes

/// What the leader assigned to the member.
package struct SyncGroupResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.syncGroup
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var protocolType: String?
    package var protocolName: String?
    /// Empty on error. Opaque to the broker; by reference into the frame.
    package var assignment: ByteSlice

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, protocolType: String? = nil,
        protocolName: String? = nil, assignment: ByteSlice = .empty
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignment = assignment
    }
}

extension SyncGroupResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= SyncGroupResponse.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        protocolType = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
        protocolName = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
        assignment = try reader.kafkaBytes(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= SyncGroupResponse.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        if version >= 5 { writer.kafkaNullableString(protocolType, flexible: flexible) }
        if version >= 5 { writer.kafkaNullableString(protocolName, flexible: flexible) }
        writer.kafkaBytes(assignment, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
