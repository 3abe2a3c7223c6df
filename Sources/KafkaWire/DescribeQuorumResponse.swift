import Bytes

/// The members of each Raft group that was asked for.
package struct DescribeQuorumResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeQuorum
    package static let firstFlexible: Int16 = 0

    package var errorCode: KafkaErrorCode
    package var errorMessage: String?
    package var topics: [Topic]
    /// Where the members are.
    package var nodes: [Node]

    package init(
        errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, topics: [Topic], nodes: [Node] = []
    ) {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
        self.nodes = nodes
    }
}

extension DescribeQuorumResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try version >= 2 ? reader.kafkaNullableString(flexible: true) : nil
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        nodes = try version >= 2 ? reader.kafkaArray(of: Node.self, version: version, flexible: true) : []
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaErrorCode(errorCode)
        if version >= 2 { writer.kafkaNullableString(errorMessage, flexible: true) }
        writer.kafkaArray(topics, version: version, flexible: true)
        if version >= 2 { writer.kafkaArray(nodes, version: version, flexible: true) }
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension DescribeQuorumResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode
        package var errorMessage: String?
        /// -1 when there is none.
        package var leaderId: Int32
        package var leaderEpoch: Int32
        package var highWatermark: Int64
        package var currentVoters: [Replica]
        /// Those without a vote.
        package var observers: [Replica]

        package static let minimumSize = 25

        package init(
            partitionIndex: Int32, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil, leaderId: Int32,
            leaderEpoch: Int32, highWatermark: Int64, currentVoters: [Replica], observers: [Replica]
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.leaderId = leaderId
            self.leaderEpoch = leaderEpoch
            self.highWatermark = highWatermark
            self.currentVoters = currentVoters
            self.observers = observers
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try version >= 2 ? reader.kafkaNullableString(flexible: true) : nil
            leaderId = try reader.int32()
            leaderEpoch = try reader.int32()
            highWatermark = try reader.int64()
            currentVoters = try reader.kafkaArray(of: Replica.self, version: version, flexible: true)
            observers = try reader.kafkaArray(of: Replica.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            if version >= 2 { writer.kafkaNullableString(errorMessage, flexible: true) }
            writer.int32(leaderId)
            writer.int32(leaderEpoch)
            writer.int64(highWatermark)
            writer.kafkaArray(currentVoters, version: version, flexible: true)
            writer.kafkaArray(observers, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeQuorumResponse {
    package struct Replica: KafkaStructure {
        package var replicaId: Int32
        /// Of its log's directory (KIP-853); zero when there is none.
        package var directoryId: KafkaUUID
        /// -1 when it is not known.
        package var logEndOffset: Int64
        /// When it was last heard of, by the leader's clock; -1 for the leader and when it is not known.
        package var lastFetchTimestamp: Int64
        /// When it last had everything, likewise; now for the leader.
        package var lastCaughtUpTimestamp: Int64

        package static let minimumSize = 13

        package init(
            replicaId: Int32, directoryId: KafkaUUID = .zero, logEndOffset: Int64, lastFetchTimestamp: Int64 = -1,
            lastCaughtUpTimestamp: Int64 = -1
        ) {
            self.replicaId = replicaId
            self.directoryId = directoryId
            self.logEndOffset = logEndOffset
            self.lastFetchTimestamp = lastFetchTimestamp
            self.lastCaughtUpTimestamp = lastCaughtUpTimestamp
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            replicaId = try reader.int32()
            directoryId = try version >= 2 ? reader.kafkaUUID() : .zero
            logEndOffset = try reader.int64()
            lastFetchTimestamp = try version >= 1 ? reader.int64() : -1
            lastCaughtUpTimestamp = try version >= 1 ? reader.int64() : -1
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(replicaId)
            if version >= 2 { writer.kafkaUUID(directoryId) }
            writer.int64(logEndOffset)
            if version >= 1 { writer.int64(lastFetchTimestamp) }
            if version >= 1 { writer.int64(lastCaughtUpTimestamp) }
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeQuorumResponse {
    package struct Node: KafkaStructure {
        package var nodeId: Int32
        package var listeners: [Listener]

        package static let minimumSize = 6

        package init(nodeId: Int32, listeners: [Listener]) {
            self.nodeId = nodeId
            self.listeners = listeners
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            nodeId = try reader.int32()
            listeners = try reader.kafkaArray(of: Listener.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(nodeId)
            writer.kafkaArray(listeners, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeQuorumResponse {
    package struct Listener: KafkaStructure {
        package var name: String
        package var host: String
        package var port: UInt16

        package static let minimumSize = 5

        package init(name: String, host: String, port: UInt16) {
            self.name = name
            self.host = host
            self.port = port
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            name = try reader.kafkaString(flexible: true)
            host = try reader.kafkaString(flexible: true)
            port = try reader.uint16()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(name, flexible: true)
            writer.kafkaString(host, flexible: true)
            writer.uint16(port)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeQuorumResponse {
    package typealias Topic = KafkaTopic<DescribeQuorumResponse, Partition>
}
