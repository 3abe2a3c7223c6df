import Bytes

/// Places partitions on other nodes (KIP-455).
package struct AlterPartitionReassignmentsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.alterPartitionReassignments
    package static let firstFlexible: Int16 = 0

    package var timeoutMs: Int32
    /// Whether the number of copies may change (KIP-860).
    package var allowReplicationFactorChange: Bool
    package var topics: [Topic]

    package init(timeoutMs: Int32 = 60000, allowReplicationFactorChange: Bool = true, topics: [Topic]) {
        self.timeoutMs = timeoutMs
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.topics = topics
    }
}

extension AlterPartitionReassignmentsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        timeoutMs = try reader.int32()
        allowReplicationFactorChange = try version >= 1 ? reader.kafkaBool() : true
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(timeoutMs)
        if version >= 1 { writer.kafkaBool(allowReplicationFactorChange) }
        writer.kafkaArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension AlterPartitionReassignmentsRequest {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// nil cancels what is under way.
        package var replicas: [Int32]?

        package static let minimumSize = 6

        package init(partitionIndex: Int32, replicas: [Int32]?) {
            self.partitionIndex = partitionIndex
            self.replicas = replicas
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            replicas = try reader.kafkaNullableInt32Array(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaNullableInt32Array(replicas, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension AlterPartitionReassignmentsRequest {
    package typealias Topic = KafkaTopic<AlterPartitionReassignmentsRequest, Partition>
}
