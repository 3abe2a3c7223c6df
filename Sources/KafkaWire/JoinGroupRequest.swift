import Bytes

/// Asks to become or to stay a member of a consumer group, and opens or joins a rebalance.
package struct JoinGroupRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.joinGroup
    package static let firstFlexible: Int16 = 6

    package var groupId: String
    /// How long the member lives without a heartbeat.
    package var sessionTimeoutMs: Int32
    /// How long a rebalance waits for the member to come back; -1 where the version does not say, and the session
    /// timeout then counts for both.
    package var rebalanceTimeoutMs: Int32
    /// Empty for a member that has none yet.
    package var memberId: String
    /// The client's own name for the member, which survives its restarts; nil for a dynamic member (KIP-345).
    package var groupInstanceId: String?
    /// "consumer" for consumers.
    package var protocolType: String
    /// Those the member speaks, the one it likes best first.
    package var protocols: [GroupProtocol]
    /// Why it joins, for the broker's log (KIP-800).
    package var reason: String?

    package init(
        groupId: String, sessionTimeoutMs: Int32, rebalanceTimeoutMs: Int32 = -1, memberId: String,
        groupInstanceId: String? = nil, protocolType: String, protocols: [GroupProtocol], reason: String? = nil
    ) {
        self.groupId = groupId
        self.sessionTimeoutMs = sessionTimeoutMs
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.protocolType = protocolType
        self.protocols = protocols
        self.reason = reason
    }
}

extension JoinGroupRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= JoinGroupRequest.firstFlexible
        groupId = try reader.kafkaString(flexible: flexible)
        sessionTimeoutMs = try reader.int32()
        rebalanceTimeoutMs = try version >= 1 ? reader.int32() : -1
        memberId = try reader.kafkaString(flexible: flexible)
        groupInstanceId = try version >= 5 ? reader.kafkaNullableString(flexible: flexible) : nil
        protocolType = try reader.kafkaString(flexible: flexible)
        protocols = try reader.kafkaArray(of: GroupProtocol.self, version: version, flexible: flexible)
        reason = try version >= 8 ? reader.kafkaNullableString(flexible: flexible) : nil
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= JoinGroupRequest.firstFlexible
        writer.kafkaString(groupId, flexible: flexible)
        writer.int32(sessionTimeoutMs)
        if version >= 1 { writer.int32(rebalanceTimeoutMs) }
        writer.kafkaString(memberId, flexible: flexible)
        if version >= 5 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
        writer.kafkaString(protocolType, flexible: flexible)
        writer.kafkaArray(protocols, version: version, flexible: flexible)
        if version >= 8 { writer.kafkaNullableString(reason, flexible: flexible) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension JoinGroupRequest {
    /// A way to share out partitions, of which the group chooses one that all its members speak.
    package struct GroupProtocol: KafkaStructure {
        package var name: String
        /// The member's subscription. Opaque to the broker; by reference into the frame.
        package var metadata: ByteSlice

        package static let minimumSize = 3

        package init(name: String, metadata: ByteSlice) {
            self.name = name
            self.metadata = metadata
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= JoinGroupRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            metadata = try reader.kafkaBytes(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= JoinGroupRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaBytes(metadata, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
