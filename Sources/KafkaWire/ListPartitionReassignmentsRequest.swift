import Bytes

/// Asks which partitions are on their way to other nodes (KIP-455).
package struct ListPartitionReassignmentsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.listPartitionReassignments
    package static let firstFlexible: Int16 = 0

    package var timeoutMs: Int32
    /// nil asks for all.
    package var topics: [Topic]?

    package init(timeoutMs: Int32 = 60000, topics: [Topic]?) {
        self.timeoutMs = timeoutMs
        self.topics = topics
    }
}

extension ListPartitionReassignmentsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        timeoutMs = try reader.int32()
        topics = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(timeoutMs)
        writer.kafkaNullableArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension ListPartitionReassignmentsRequest {
    package typealias Topic = KafkaTopicIndexes<ListPartitionReassignmentsRequest>
}
