import Bytes

/// Stores how far a group has read, once the transaction is committed (KIP-98, KIP-447).
package struct TxnOffsetCommitRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.txnOffsetCommit
    package static let firstFlexible: Int16 = 3

    package var transactionalId: String
    package var groupId: String
    package var producerId: Int64
    package var producerEpoch: Int16
    /// With the next two from version 3; -1 for a client that manages its partitions itself.
    package var generationId: Int32
    package var memberId: String
    package var groupInstanceId: String?
    package var topics: [Topic]

    package init(
        transactionalId: String, groupId: String, producerId: Int64, producerEpoch: Int16,
        generationId: Int32 = -1, memberId: String = "", groupInstanceId: String? = nil, topics: [Topic]
    ) {
        self.transactionalId = transactionalId
        self.groupId = groupId
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.generationId = generationId
        self.memberId = memberId
        self.groupInstanceId = groupInstanceId
        self.topics = topics
    }
}

extension TxnOffsetCommitRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= TxnOffsetCommitRequest.firstFlexible
        transactionalId = try reader.kafkaString(flexible: flexible)
        groupId = try reader.kafkaString(flexible: flexible)
        producerId = try reader.int64()
        producerEpoch = try reader.int16()
        generationId = try version >= 3 ? reader.int32() : -1
        memberId = try version >= 3 ? reader.kafkaString(flexible: flexible) : ""
        groupInstanceId = try version >= 3 ? reader.kafkaNullableString(flexible: flexible) : nil
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= TxnOffsetCommitRequest.firstFlexible
        writer.kafkaString(transactionalId, flexible: flexible)
        writer.kafkaString(groupId, flexible: flexible)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        if version >= 3 { writer.int32(generationId) }
        if version >= 3 { writer.kafkaString(memberId, flexible: flexible) }
        if version >= 3 { writer.kafkaNullableString(groupInstanceId, flexible: flexible) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension TxnOffsetCommitRequest {
    package typealias Topic = KafkaTopic<TxnOffsetCommitKind, Partition>
    package typealias Partition = KafkaOffsetCommitPartition<TxnOffsetCommitKind>
}
