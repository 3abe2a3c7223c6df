import Bytes

/// Says that a member of a consumer-protocol group lives, what has changed about it, and what it owns (KIP-848).
package struct ConsumerGroupHeartbeatRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.consumerGroupHeartbeat
    package static let firstFlexible: Int16 = 0

    package var groupId: String
    /// Chosen by the client from version 1; empty in the first heartbeat of version 0.
    package var memberId: String
    /// 0 to join, -1 to leave, -2 to leave for a while as a static member.
    package var memberEpoch: Int32
    /// The client's own name for the member, which survives its restarts; nil when there is none or it is known.
    package var instanceId: String?
    /// nil when there is none or it is known.
    package var rackId: String?
    /// How long the member may take to give partitions up, in milliseconds; -1 when it is known.
    package var rebalanceTimeoutMs: Int32
    /// nil when they are known.
    package var subscribedTopicNames: [String]?
    /// From version 1; nil when it is known, empty for none.
    package var subscribedTopicRegex: String?
    /// nil for the group's choice, or when it is known.
    package var serverAssignor: String?
    /// What the member owns; nil when that has not changed.
    package var topicPartitions: [KafkaTopicPartitions]?

    package init(
        groupId: String, memberId: String, memberEpoch: Int32, instanceId: String? = nil, rackId: String? = nil,
        rebalanceTimeoutMs: Int32 = -1, subscribedTopicNames: [String]? = nil, subscribedTopicRegex: String? = nil,
        serverAssignor: String? = nil, topicPartitions: [KafkaTopicPartitions]? = nil
    ) {
        self.groupId = groupId
        self.memberId = memberId
        self.memberEpoch = memberEpoch
        self.instanceId = instanceId
        self.rackId = rackId
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.subscribedTopicNames = subscribedTopicNames
        self.subscribedTopicRegex = subscribedTopicRegex
        self.serverAssignor = serverAssignor
        self.topicPartitions = topicPartitions
    }
}

extension ConsumerGroupHeartbeatRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        groupId = try reader.kafkaString(flexible: true)
        memberId = try reader.kafkaString(flexible: true)
        memberEpoch = try reader.int32()
        instanceId = try reader.kafkaNullableString(flexible: true)
        rackId = try reader.kafkaNullableString(flexible: true)
        rebalanceTimeoutMs = try reader.int32()
        subscribedTopicNames = try reader.kafkaNullableStringArray(flexible: true)
        subscribedTopicRegex = try version >= 1 ? reader.kafkaNullableString(flexible: true) : nil
        serverAssignor = try reader.kafkaNullableString(flexible: true)
        topicPartitions = try reader.kafkaNullableArray(
            of: KafkaTopicPartitions.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaString(groupId, flexible: true)
        writer.kafkaString(memberId, flexible: true)
        writer.int32(memberEpoch)
        writer.kafkaNullableString(instanceId, flexible: true)
        writer.kafkaNullableString(rackId, flexible: true)
        writer.int32(rebalanceTimeoutMs)
        writer.kafkaNullableStringArray(subscribedTopicNames, flexible: true)
        if version >= 1 { writer.kafkaNullableString(subscribedTopicRegex, flexible: true) }
        writer.kafkaNullableString(serverAssignor, flexible: true)
        writer.kafkaNullableArray(topicPartitions, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
