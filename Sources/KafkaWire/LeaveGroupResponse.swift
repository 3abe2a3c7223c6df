import Bytes

/// What became of each member to leave.
package struct LeaveGroupResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.leaveGroup
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    /// Below version 3 also that of the one member.
    package var errorCode: KafkaErrorCode
    package var members: [Member]

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, members: [Member] = []) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.members = members
    }
}

extension LeaveGroupResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= LeaveGroupResponse.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        members = try version >= 3 ? reader.kafkaArray(of: Member.self, version: version, flexible: flexible) : []
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= LeaveGroupResponse.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        if version >= 3 { writer.kafkaArray(members, version: version, flexible: flexible) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension LeaveGroupResponse {
    package struct Member: KafkaStructure {
        package var memberId: String
        package var groupInstanceId: String?
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 5

        package init(memberId: String, groupInstanceId: String?, errorCode: KafkaErrorCode = .none) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= LeaveGroupResponse.firstFlexible
            memberId = try reader.kafkaString(flexible: flexible)
            groupInstanceId = try reader.kafkaNullableString(flexible: flexible)
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= LeaveGroupResponse.firstFlexible
            writer.kafkaString(memberId, flexible: flexible)
            writer.kafkaNullableString(groupInstanceId, flexible: flexible)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
