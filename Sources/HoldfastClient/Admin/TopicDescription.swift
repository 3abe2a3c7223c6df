/// A topic as the cluster describes it.
public struct TopicDescription: Equatable, Sendable {
    public struct Partition: Equatable, Sendable {
        public let number: Int32
        /// Nil while there is none.
        public let leader: Int32?
        /// Raised with every change of leader; -1 when unknown.
        public let leaderEpoch: Int32
        public let replicas: [Int32]
        public let inSyncReplicas: [Int32]
    }

    public let name: String
    /// As Kafka's tools print it.
    public let id: String
    public let isInternal: Bool
    public let partitions: [Partition]

    init(_ name: String, _ topic: ClusterMetadata.Topic) {
        self.name = name
        id = topic.id.description
        isInternal = topic.isInternal
        partitions = topic.partitions.enumerated().map { number, partition in
            Partition(
                number: Int32(number), leader: partition.leader, leaderEpoch: partition.epoch,
                replicas: partition.replicas, inSyncReplicas: partition.inSync)
        }
    }
}

/// A setting of a topic.
public struct TopicConfig: Equatable, Sendable {
    public let name: String
    /// Nil when it is unset, or secret.
    public let value: String?
    /// It was not given to this topic.
    public let isDefault: Bool
}

/// The part of a partition's offsets that is stored.
public struct OffsetRange: Equatable, Sendable {
    /// Of the first record.
    public let start: Int64
    /// One past the last committed record.
    public let end: Int64

    public var count: Int64 { max(end - start, 0) }
}

/// The brokers of a cluster.
public struct ClusterDescription: Equatable, Sendable {
    public struct Broker: Equatable, Sendable {
        public let id: Int32
        public let address: BrokerAddress
    }

    public let clusterID: String
    /// Nil while there is none.
    public let controller: Int32?
    /// By id.
    public let brokers: [Broker]
}
