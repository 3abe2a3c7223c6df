import Bytes

/// The brokers, and the leader and replicas of each partition asked for.
package struct MetadataResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.metadata
    package static let firstFlexible: Int16 = 9

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var brokers: [Broker]
    package var clusterId: String?
    /// -1 when unknown.
    package var controllerId: Int32
    package var topics: [Topic]
    /// Bit field; `Int32.min` when not asked for (KIP-430).
    package var clusterAuthorizedOperations: Int32
    /// From version 13: an error of the whole request, such as REBOOTSTRAP_REQUIRED.
    package var errorCode: KafkaErrorCode

    package init(
        throttleTimeMs: Int32 = 0, brokers: [Broker], clusterId: String? = nil, controllerId: Int32 = -1,
        topics: [Topic], clusterAuthorizedOperations: Int32 = Int32.min, errorCode: KafkaErrorCode = .none
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.brokers = brokers
        self.clusterId = clusterId
        self.controllerId = controllerId
        self.topics = topics
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
        self.errorCode = errorCode
    }
}

extension MetadataResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= MetadataResponse.firstFlexible
        throttleTimeMs = try version >= 3 ? reader.int32() : 0
        brokers = try reader.kafkaArray(of: Broker.self, version: version, flexible: flexible)
        clusterId = try version >= 2 ? reader.kafkaNullableString(flexible: flexible) : nil
        controllerId = try version >= 1 ? reader.int32() : -1
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        clusterAuthorizedOperations = try version >= 8 && version <= 10 ? reader.int32() : Int32.min
        errorCode = try version >= 13 ? reader.kafkaErrorCode() : .none
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= MetadataResponse.firstFlexible
        if version >= 3 { writer.int32(throttleTimeMs) }
        writer.kafkaArray(brokers, version: version, flexible: flexible)
        if version >= 2 { writer.kafkaNullableString(clusterId, flexible: flexible) }
        if version >= 1 { writer.int32(controllerId) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        if version >= 8 && version <= 10 { writer.int32(clusterAuthorizedOperations) }
        if version >= 13 { writer.kafkaErrorCode(errorCode) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension MetadataResponse {
    package struct Broker: KafkaStructure {
        package var nodeId: Int32
        package var host: String
        package var port: Int32
        package var rack: String?

        package static let minimumSize = 10

        package init(nodeId: Int32, host: String, port: Int32, rack: String? = nil) {
            self.nodeId = nodeId
            self.host = host
            self.port = port
            self.rack = rack
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= MetadataResponse.firstFlexible
            nodeId = try reader.int32()
            host = try reader.kafkaString(flexible: flexible)
            port = try reader.int32()
            rack = try version >= 1 ? reader.kafkaNullableString(flexible: flexible) : nil
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= MetadataResponse.firstFlexible
            writer.int32(nodeId)
            writer.kafkaString(host, flexible: flexible)
            writer.int32(port)
            if version >= 1 { writer.kafkaNullableString(rack, flexible: flexible) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension MetadataResponse {
    package struct Topic: KafkaStructure {
        package var errorCode: KafkaErrorCode
        /// nil only for a topic id that is unknown (from version 12).
        package var name: String?
        /// Zero when not given.
        package var topicId: KafkaUUID
        package var isInternal: Bool
        package var partitions: [Partition]
        /// Bit field; `Int32.min` when not asked for (KIP-430).
        package var topicAuthorizedOperations: Int32

        package static let minimumSize = 8

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
            let flexible = version >= MetadataResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            name = try reader.kafkaString(flexible: flexible, nullable: version >= 12)
            topicId = try version >= 10 ? reader.kafkaUUID() : .zero
            isInternal = try version >= 1 ? reader.kafkaBool() : false
            partitions = try reader.kafkaArray(of: Partition.self, version: version, flexible: flexible)
            topicAuthorizedOperations = try version >= 8 ? reader.int32() : Int32.min
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= MetadataResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaString(name, flexible: flexible, nullable: version >= 12)
            if version >= 10 { writer.kafkaUUID(topicId) }
            if version >= 1 { writer.kafkaBool(isInternal) }
            writer.kafkaArray(partitions, version: version, flexible: flexible)
            if version >= 8 { writer.int32(topicAuthorizedOperations) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension MetadataResponse {
    package struct Partition: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var partitionIndex: Int32
        /// -1 without a leader.
        package var leaderId: Int32
        /// A client ignores a leader whose epoch is not above the one it knows; -1 when unknown.
        package var leaderEpoch: Int32
        package var replicaNodes: [Int32]
        /// Replicas that are in sync.
        package var isrNodes: [Int32]
        package var offlineReplicas: [Int32]

        package static let minimumSize = 18

        package init(
            errorCode: KafkaErrorCode = .none, partitionIndex: Int32, leaderId: Int32, leaderEpoch: Int32 = -1,
            replicaNodes: [Int32], isrNodes: [Int32], offlineReplicas: [Int32] = []
        ) {
            self.errorCode = errorCode
            self.partitionIndex = partitionIndex
            self.leaderId = leaderId
            self.leaderEpoch = leaderEpoch
            self.replicaNodes = replicaNodes
            self.isrNodes = isrNodes
            self.offlineReplicas = offlineReplicas
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= MetadataResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            partitionIndex = try reader.int32()
            leaderId = try reader.int32()
            leaderEpoch = try version >= 7 ? reader.int32() : -1
            replicaNodes = try reader.kafkaInt32Array(flexible: flexible)
            isrNodes = try reader.kafkaInt32Array(flexible: flexible)
            offlineReplicas = try version >= 5 ? reader.kafkaInt32Array(flexible: flexible) : []
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= MetadataResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.int32(partitionIndex)
            writer.int32(leaderId)
            if version >= 7 { writer.int32(leaderEpoch) }
            writer.kafkaInt32Array(replicaNodes, flexible: flexible)
            writer.kafkaInt32Array(isrNodes, flexible: flexible)
            if version >= 5 { writer.kafkaInt32Array(offlineReplicas, flexible: flexible) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
