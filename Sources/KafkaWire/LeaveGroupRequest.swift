import Bytes

/// Takes members out of a group. Below version 3 there is exactly one, given by its id alone.
package struct LeaveGroupRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.leaveGroup
    package static let firstFlexible: Int16 = 4

    package var groupId: String
    package var members: [Member]

    package init(groupId: String, members: [Member]) {
        self.groupId = groupId
        self.members = members
    }
}

extension LeaveGroupRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= LeaveGroupRequest.firstFlexible
        groupId = try reader.kafkaString(flexible: flexible)
        if version >= 3 {
            members = try reader.kafkaArray(of: Member.self, version: version, flexible: flexible)
        } else {
            members = [Member(memberId: try reader.kafkaString(flexible: flexible))]
        }
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= LeaveGroupRequest.firstFlexible
        writer.kafkaString(groupId, flexible: flexible)
        if version >= 3 {
            writer.kafkaArray(members, version: version, flexible: flexible)
        } else {
            precondition(members.count == 1, "version \(version) has one member, not \(members)")
            writer.kafkaString(members[0].memberId, flexible: flexible)
        }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension LeaveGroupRequest {
    package struct Member: KafkaStructure {
        /// Empty when the member is given by its instance id.
        package var memberId: String
        package var groupInstanceId: String?
        /// Why it leaves, for the broker's log (KIP-800).
        package var reason: String?

        package static let minimumSize = 3

        package init(memberId: String, groupInstanceId: String? = nil, reason: String? = nil) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.reason = reason
        }

        /// An element of the list, from version 3.
        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= LeaveGroupRequest.firstFlexible
            memberId = try reader.kafkaString(flexible: flexible)
            groupInstanceId = try reader.kafkaNullableString(flexible: flexible)
            reason = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= LeaveGroupRequest.firstFlexible
            writer.kafkaString(memberId, flexible: flexible)
            writer.kafkaNullableString(groupInstanceId, flexible: flexible)
            if version >= 5 { writer.kafkaNullableString(reason, flexible: flexible) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
