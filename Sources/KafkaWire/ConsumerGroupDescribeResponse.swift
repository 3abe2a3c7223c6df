import Bytes

/// The state and the members of each group asked for.
package struct ConsumerGroupDescribeResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.consumerGroupDescribe
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var groups: [Group]

    package init(throttleTimeMs: Int32 = 0, groups: [Group]) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        groups = try reader.kafkaArray(of: Group.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaArray(groups, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension ConsumerGroupDescribeResponse {
    package struct Group: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var errorMessage: String?
        package var groupId: String
        /// "Stable", "Empty" and so on; empty on error.
        package var groupState: String
        package var groupEpoch: Int32
        package var assignmentEpoch: Int32
        package var assignorName: String
        package var members: [Member]
        /// Bit field; `Int32.min` when not asked for (KIP-430).
        package var authorizedOperations: Int32

        package static let minimumSize = 21

        package init(
            errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, groupId: String, groupState: String = "",
            groupEpoch: Int32 = 0, assignmentEpoch: Int32 = 0, assignorName: String = "", members: [Member] = [],
            authorizedOperations: Int32 = Int32.min
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.groupId = groupId
            self.groupState = groupState
            self.groupEpoch = groupEpoch
            self.assignmentEpoch = assignmentEpoch
            self.assignorName = assignorName
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: true)
            groupId = try reader.kafkaString(flexible: true)
            groupState = try reader.kafkaString(flexible: true)
            groupEpoch = try reader.int32()
            assignmentEpoch = try reader.int32()
            assignorName = try reader.kafkaString(flexible: true)
            members = try reader.kafkaArray(of: Member.self, version: version, flexible: true)
            authorizedOperations = try reader.int32()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: true)
            writer.kafkaString(groupId, flexible: true)
            writer.kafkaString(groupState, flexible: true)
            writer.int32(groupEpoch)
            writer.int32(assignmentEpoch)
            writer.kafkaString(assignorName, flexible: true)
            writer.kafkaArray(members, version: version, flexible: true)
            writer.int32(authorizedOperations)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
