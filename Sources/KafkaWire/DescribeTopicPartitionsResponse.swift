import Bytes

/// The leader and replicas of each partition asked for, as far as there is room.
package struct DescribeTopicPartitionsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeTopicPartitions
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]
    /// Where the next page begins; nil after the last.
    package var nextCursor: KafkaPartitionCursor?

    package init(throttleTimeMs: Int32 = 0, topics: [Topic], nextCursor: KafkaPartitionCursor? = nil) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
        self.nextCursor = nextCursor
    }
}

extension DescribeTopicPartitionsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        nextCursor = try reader.kafkaPartitionCursor(version: version)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaPartitionCursor(nextCursor, version: version)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeTopicPartitionsResponse {
    package struct Topic: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var name: String?
        package var topicId: KafkaUUID
        package var isInternal: Bool
        package var partitions: [Partition]
        /// Bit field (KIP-430).
        package var topicAuthorizedOperations: Int32

        package static let minimumSize = 26

        package init(
            errorCode: KafkaErrorCode = .none, name: String?, topicId: KafkaUUID = .zero, isInternal: Bool = false,
            partitions: [Partition], topicAuthorizedOperations: Int32 = Int32.min
        ) {
            self.errorCode = errorCode
            self.name = name
            self.topicId = topicId
            self.isInternal = isInternal
            self.partitions = partitions
            self.topicAuthorizedOperations = topicAuthorizedOperations
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            name = try reader.kafkaNullableString(flexible: flexible)
            topicId = try reader.kafkaUUID()
            isInternal = try reader.kafkaBool()
            partitions = try reader.kafkaArray(of: Partition.self, version: version, flexible: flexible)
            topicAuthorizedOperations = try reader.int32()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(name, flexible: flexible)
            writer.kafkaUUID(topicId)
            writer.kafkaBool(isInternal)
            writer.kafkaArray(partitions, version: version, flexible: flexible)
            writer.int32(topicAuthorizedOperations)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension DescribeTopicPartitionsResponse {
    package struct Partition: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var partitionIndex: Int32
        /// -1 without a leader.
        package var leaderId: Int32
        /// -1 when unknown.
        package var leaderEpoch: Int32
        package var replicaNodes: [Int32]
        /// Replicas that are in sync.
        package var isrNodes: [Int32]
        /// Not in sync and still safe to be elected.
        package var eligibleLeaderReplicas: [Int32]?
        package var lastKnownElr: [Int32]?
        package var offlineReplicas: [Int32]

        package static let minimumSize = 20

        package init(
            errorCode: KafkaErrorCode = .none, partitionIndex: Int32, leaderId: Int32, leaderEpoch: Int32 = -1,
            replicaNodes: [Int32], isrNodes: [Int32], eligibleLeaderReplicas: [Int32]?, lastKnownElr: [Int32]?,
            offlineReplicas: [Int32]
        ) {
            self.errorCode = errorCode
            self.partitionIndex = partitionIndex
            self.leaderId = leaderId
            self.leaderEpoch = leaderEpoch
            self.replicaNodes = replicaNodes
            self.isrNodes = isrNodes
            self.eligibleLeaderReplicas = eligibleLeaderReplicas
            self.lastKnownElr = lastKnownElr
            self.offlineReplicas = offlineReplicas
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            partitionIndex = try reader.int32()
            leaderId = try reader.int32()
            leaderEpoch = try reader.int32()
            replicaNodes = try reader.kafkaInt32Array(flexible: flexible)
            isrNodes = try reader.kafkaInt32Array(flexible: flexible)
            eligibleLeaderReplicas = try reader.kafkaNullableInt32Array(flexible: flexible)
            lastKnownElr = try reader.kafkaNullableInt32Array(flexible: flexible)
            offlineReplicas = try reader.kafkaInt32Array(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeTopicPartitionsResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.int32(partitionIndex)
            writer.int32(leaderId)
            writer.int32(leaderEpoch)
            writer.kafkaInt32Array(replicaNodes, flexible: flexible)
            writer.kafkaInt32Array(isrNodes, flexible: flexible)
            writer.kafkaNullableInt32Array(eligibleLeaderReplicas, flexible: flexible)
            writer.kafkaNullableInt32Array(lastKnownElr, flexible: flexible)
            writer.kafkaInt32Array(offlineReplicas, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
