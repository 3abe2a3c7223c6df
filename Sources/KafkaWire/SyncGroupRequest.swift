import Bytes

/// Asks for the member's assignment; the leader's request brings everyone's.
package struct SyncGroupRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.syncGroup
    package static let firstFlexible: Int16 = 4

    package var groupId: String
    package var generationId: Int32
    package var memberId: String
    /// The client's own name for the member, which survives its restarts; nil for a dynamic member (KIP-345).
    package var groupInstanceId: String?
    /// With `protocolName`, to be refused when the group has another (KIP-559); nil when the client does not say.
    package var protocolType: String?
    package var protocolName: String?
    /// Empty from all but the leader.
    package var assignments: [Assignment]

    package init(
        groupId: String, generationId: Int32, memberId: String, groupInstanceId: String? = nil,
        protocolType: String? = nil, protocolName: String? = nil, assignments: [Assignment]
    ) {
        self.groupId = groupId
        self.generationId = generationId
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.assignments = assignments
    }
}

extension SyncGroupRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= SyncGroupRequest.firstFlexible
        groupId = try reader.kafkaString(flexible: flexible)
        generationId = try reader.int32()
        memberId = try reader.kafkaString(flexible: flexible)
        groupInstanceId = try version >= 3 ? reader.kafkaNullableString(flexible: flexible) : nil
        protocolType = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
        protocolName = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
        assignments = try reader.kafkaArray(of: Assignment.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= SyncGroupRequest.firstFlexible
        writer.kafkaString(groupId, flexible: flexible)
        writer.int32(generationId)
        writer.kafkaString(memberId, flexible: flexible)
        if version >= 3 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
        if version >= 5 { writer.kafkaNullableString(protocolType, flexible: flexible) }
        if version >= 5 { writer.kafkaNullableString(protocolName, flexible: flexible) }
        writer.kafkaArray(assignments, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension SyncGroupRequest {
    package struct Assignment: KafkaStructure {
        package var memberId: String
        /// Opaque to the broker; by reference into the frame.
        package var assignment: ByteSlice

        package static let minimumSize = 3

        package init(memberId: String, assignment: ByteSlice) {
            self.memberId = memberId
            self.assignment = assignment
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= SyncGroupRequest.firstFlexible
            memberId = try reader.kafkaString(flexible: flexible)
            assignment = try reader.kafkaBytes(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= SyncGroupRequest.firstFlexible
            writer.kafkaString(memberId, flexible: flexible)
            writer.kafkaBytes(assignment, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
