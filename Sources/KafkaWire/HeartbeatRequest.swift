import Bytes

/// Says that a member lives, and asks whether its group rebalances.
package struct HeartbeatRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.heartbeat
    package static let firstFlexible: Int16 = 4

    package var groupId: String
    package var generationId: Int32
    package var memberId: String
    /// The client's own name for the member, which survives its restarts; nil for a dynamic member (KIP-345).
    package var groupInstanceId: String?

    package init(groupId: String, generationId: Int32, memberId: String, groupInstanceId: String? = nil) {
        self.groupId = groupId
        self.generationId = generationId
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
    }
}

extension HeartbeatRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= HeartbeatRequest.firstFlexible
        groupId = try reader.kafkaString(flexible: flexible)
        generationId = try reader.int32()
        memberId = try reader.kafkaString(flexible: flexible)
        groupInstanceId = try version >= 3 ? reader.kafkaNullableString(flexible: flexible) : nil
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= HeartbeatRequest.firstFlexible
        writer.kafkaString(groupId, flexible: flexible)
        writer.int32(generationId)
        writer.kafkaString(memberId, flexible: flexible)
        if version >= 3 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
