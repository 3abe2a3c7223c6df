import Bytes

/// The new generation of a group; its leader also learns who the members are.
package struct JoinGroupResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.joinGroup
    package static let firstFlexible: Int16 = 6

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    /// -1 on error.
    package var generationId: Int32
    package var protocolType: String?
    /// The protocol chosen; nil only from version 7, written as the empty string below.
    package var protocolName: String?
    /// The leader's member id.
    package var leader: String
    /// The leader need not share out partitions: the assignment stays (KIP-814).
    package var skipAssignment: Bool
    /// The id of the member that asked, assigned by the broker; also with MEMBER_ID_REQUIRED (KIP-394).
    package var memberId: String
    /// Empty for all but the leader.
    package var members: [Member]

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, generationId: Int32 = -1,
        protocolType: String? = nil, protocolName: String?, leader: String, skipAssignment: Bool = false,
        memberId: String, members: [Member]
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.generationId = generationId
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.skipAssignment = skipAssignment
        self.memberId = memberId
        self.members = members
    }
}

extension JoinGroupResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= JoinGroupResponse.firstFlexible
        throttleTimeMs = try version >= 2 ? reader.int32() : 0
        errorCode = try reader.kafkaErrorCode()
        generationId = try reader.int32()
        protocolType = try version >= 7 ? reader.kafkaNullableString(flexible: flexible) : nil
        protocolName = try reader.kafkaString(flexible: flexible, nullable: version >= 7)
        leader = try reader.kafkaString(flexible: flexible)
        skipAssignment = try version >= 9 ? reader.kafkaBool() : false
        memberId = try reader.kafkaString(flexible: flexible)
        members = try reader.kafkaArray(of: Member.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= JoinGroupResponse.firstFlexible
        if version >= 2 { writer.int32(throttleTimeMs) }
        writer.kafkaErrorCode(errorCode)
        writer.int32(generationId)
        if version >= 7 { writer.kafkaNullableString(protocolType, flexible: flexible) }
        writer.kafkaString(protocolName, flexible: flexible, nullable: version >= 7)
        writer.kafkaString(leader, flexible: flexible)
        if version >= 9 { writer.kafkaBool(skipAssignment) }
        writer.kafkaString(memberId, flexible: flexible)
        writer.kafkaArray(members, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension JoinGroupResponse {
    package struct Member: KafkaStructure {
        package var memberId: String
        package var groupInstanceId: String?
        /// What the member sent for the chosen protocol. Opaque to the broker; by reference into the frame.
        package var metadata: ByteSlice

        package static let minimumSize = 4

        package init(memberId: String, groupInstanceId: String? = nil, metadata: ByteSlice) {
            self.memberId = memberId
            self.groupInstanceId = groupInstanceId
            self.metadata = metadata
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= JoinGroupResponse.firstFlexible
            memberId = try reader.kafkaString(flexible: flexible)
            groupInstanceId = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
            metadata = try reader.kafkaBytes(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= JoinGroupResponse.firstFlexible
            writer.kafkaString(memberId, flexible: flexible)
            if version >= 5 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
            writer.kafkaBytes(metadata, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
