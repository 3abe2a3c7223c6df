import Bytes

/// Stores how far a group has read.
package struct OffsetCommitRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.offsetCommit
    package static let firstFlexible: Int16 = 8

    package var groupId: String
    /// The generation, or a KIP-848 member's epoch (from version 9); -1 for a client that manages its partitions
    /// itself.
    package var generationIdOrMemberEpoch: Int32
    /// Empty for a client that manages its partitions itself.
    package var memberId: String
    /// The client's own name for the member, which survives its restarts; nil for a dynamic member (KIP-345).
    package var groupInstanceId: String?
    /// How long to keep the offsets (to version 4); -1 for the broker's setting.
    package var retentionTimeMs: Int64
    package var topics: [Topic]

    package init(
        groupId: String, generationIdOrMemberEpoch: Int32 = -1, memberId: String = "", groupInstanceId: String? = nil,
        retentionTimeMs: Int64 = -1, topics: [Topic]
    ) {
        self.groupId = groupId
        self.generationIdOrMemberEpoch = generationIdOrMemberEpoch
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.retentionTimeMs = retentionTimeMs
        self.topics = topics
    }
}

extension OffsetCommitRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= OffsetCommitRequest.firstFlexible
        groupId = try reader.kafkaString(flexible: flexible)
        generationIdOrMemberEpoch = try reader.int32()
        memberId = try reader.kafkaString(flexible: flexible)
        groupInstanceId = try version >= 7 ? reader.kafkaNullableString(flexible: flexible) : nil
        retentionTimeMs = try version <= 4 ? reader.int64() : -1
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= OffsetCommitRequest.firstFlexible
        writer.kafkaString(groupId, flexible: flexible)
        writer.int32(generationIdOrMemberEpoch)
        writer.kafkaString(memberId, flexible: flexible)
        if version >= 7 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
        if version <= 4 { writer.int64(retentionTimeMs) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension OffsetCommitRequest {
    package typealias Topic = KafkaTopic<OffsetCommitKind, Partition>
    package typealias Partition = KafkaOffsetCommitPartition<OffsetCommitKind>
}
