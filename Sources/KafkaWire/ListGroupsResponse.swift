import Bytes

/// The groups there are.
package struct ListGroupsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.listGroups
    package static let firstFlexible: Int16 = 3

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var groups: [Group]

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, groups: [Group]) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.groups = groups
    }
}

extension ListGroupsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ListGroupsResponse.firstFlexible
        throttleTimeMs = try version >= 1 ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        groups = try reader.kafkaArray(of: Group.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ListGroupsResponse.firstFlexible
        if version >= 1 { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        writer.kafkaArray(groups, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ListGroupsResponse {
    package struct Group: KafkaStructure {
        package var groupId: String
        /// Empty for a group that only stores offsets.
        package var protocolType: String
        /// "Stable", "Empty" and so on.
        package var groupState: String
        /// "classic" or "consumer".
        package var groupType: String

        package static let minimumSize = 3

        package init(groupId: String, protocolType: String, groupState: String = "", groupType: String = "") {
            self.groupId = groupId
            self.protocolType = protocolType
            self.groupState = groupState
            self.groupType = groupType
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ListGroupsResponse.firstFlexible
            groupId = try reader.kafkaString(flexible: flexible)
            protocolType = try reader.kafkaString(flexible: flexible)
            groupState = try version >= 4 ? reader.kafkaString(flexible: flexible) : ""
            groupType = try version >= 5 ? reader.kafkaString(flexible: flexible) : ""
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ListGroupsResponse.firstFlexible
            writer.kafkaString(groupId, flexible: flexible)
            writer.kafkaString(protocolType, flexible: flexible)
            if version >= 4 { writer.kafkaString(groupState, flexible: flexible) }
            if version >= 5 { writer.kafkaString(groupType, flexible: flexible) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
