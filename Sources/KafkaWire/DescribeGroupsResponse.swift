import Bytes

/// The state and the members of each group asked for.
package struct DescribeGroupsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeGroups
    package static let firstFlexible: Int16 = 5

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var groups: [Group]

    package init(throttleTimeMs: Int32 = 0, groups: [Group]) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }
}

extension DescribeGroupsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeGroupsResponse.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        groups = try reader.kafkaArray(of: Group.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeGroupsResponse.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.kafkaArray(groups, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeGroupsResponse {
    package struct Group: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var groupId: String
        /// "Stable", "Empty" and so on; empty on error.
        package var groupState: String
        package var protocolType: String
        /// The name of the chosen protocol; empty when there is none.
        package var protocolData: String
        package var members: [Member]
        /// Bit field; `Int32.min` when not asked for (KIP-430).
        package var authorizedOperations: Int32

        package static let minimumSize = 12

        package init(
            errorCode: KafkaErrorCode = .none, groupId: String, groupState: String = "", protocolType: String = "",
            protocolData: String = "", members: [Member] = [], authorizedOperations: Int32 = Int32.min
        ) {
            self.errorCode = errorCode
            self.groupId = groupId
            self.groupState = groupState
            self.protocolType = protocolType
            self.protocolData = protocolData
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeGroupsResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            groupId = try reader.kafkaString(flexible: flexible)
            groupState = try reader.kafkaString(flexible: flexible)
            protocolType = try reader.kafkaString(flexible: flexible)
            protocolData = try reader.kafkaString(flexible: flexible)
            members = try reader.kafkaArray(of: Member.self, version: version, flexible: flexible)
            authorizedOperations = try version >= 3 ? reader.int32() : Int32.min
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeGroupsResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaString(groupId, flexible: flexible)
            writer.kafkaString(groupState, flexible: flexible)
            writer.kafkaString(protocolType, flexible: flexible)
            writer.kafkaString(protocolData, flexible: flexible)
            writer.kafkaArray(members, version: version, flexible: flexible)
            if version >= 3 { writer.int32(authorizedOperations) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension DescribeGroupsResponse {
    package struct Member: KafkaStructure {
        package var memberId: String
        package var groupInstanceId: String?
        package var clientId: String
        package var clientHost: String
        /// What the member sent for the chosen protocol; empty unless the group is stable. Opaque to the broker; by
        /// reference into the frame.
        package var memberMetadata: ByteSlice
        /// Empty unless the group is stable. Opaque to the broker; by reference into the frame.
        package var memberAssignment: ByteSlice

        package static let minimumSize = 7

        package init(
            memberId: String, groupInstanceId: String? = nil, clientId: String, clientHost: String,
            memberMetadata: ByteSlice = .empty, memberAssignment: ByteSlice = .empty
        ) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.clientId = clientId
            self.clientHost = clientHost
            self.memberMetadata = memberMetadata
            self.memberAssignment = memberAssignment
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeGroupsResponse.firstFlexible
            memberId = try reader.kafkaString(flexible: flexible)
            groupInstanceId = try version >= 4 ? reader.kafkaNullableString(flexible: flexible) : nil
            clientId = try reader.kafkaString(flexible: flexible)
            clientHost = try reader.kafkaString(flexible: flexible)
            memberMetadata = try reader.kafkaBytes(flexible: flexible)
            memberAssignment = try reader.kafkaBytes(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeGroupsResponse.firstFlexible
            writer.kafkaString(memberId, flexible: flexible)
            if version >= 4 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
            writer.kafkaString(clientId, flexible: flexible)
            writer.kafkaString(clientHost, flexible: flexible)
            writer.kafkaBytes(memberMetadata, flexible: flexible)
            writer.kafkaBytes(memberAssignment, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
