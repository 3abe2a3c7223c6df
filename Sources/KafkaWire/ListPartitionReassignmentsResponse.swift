import Bytes

/// The partitions that are on their way.
package struct ListPartitionReassignmentsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.listPartitionReassignments
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var errorMessage: String?
    package var topics: [Topic]

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, topics: [Topic]
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
    }
}

extension ListPartitionReassignmentsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try reader.kafkaNullableString(flexible: true)
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNullableString(errorMessage, flexible: true)
        writer.kafkaArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension ListPartitionReassignmentsResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var replicas: [Int32]
        package var addingReplicas: [Int32]
        package var removingReplicas: [Int32]

        package static let minimumSize = 8

        package init(partitionIndex: Int32, replicas: [Int32], addingReplicas: [Int32], removingReplicas: [Int32]) {
            self.partitionIndex = partitionIndex
            self.replicas = replicas
            self.addingReplicas = addingReplicas
            self.removingReplicas = removingReplicas
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            replicas = try reader.kafkaInt32Array(flexible: true)
            addingReplicas = try reader.kafkaInt32Array(flexible: true)
            removingReplicas = try reader.kafkaInt32Array(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaInt32Array(replicas, flexible: true)
            writer.kafkaInt32Array(addingReplicas, flexible: true)
            writer.kafkaInt32Array(removingReplicas, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension ListPartitionReassignmentsResponse {
    package typealias Topic = KafkaTopic<ListPartitionReassignmentsResponse, Partition>
}
