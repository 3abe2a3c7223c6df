import KafkaWire

/// What the brokers last said about themselves and the topics asked for.
struct ClusterMetadata {
    struct Partition {
        /// Nil while there is none.
        var leader: Int32?
        var epoch: Int32
        var replicas: [Int32]
        var inSync: [Int32]
    }

    struct Topic {
        var id: KafkaUUID
        var isInternal: Bool
        /// By number, without holes.
        var partitions: [Partition]
    }

    private(set) var clusterID: String?
    private(set) var controller: Int32?
    private(set) var brokers: [Int32: BrokerAddress] = [:]
    private(set) var topics: [String: Topic] = [:]
    /// Names without the ones of earlier answers, sorted.
    private(set) var lastNames: [String] = []

    mutating func update(_ response: MetadataResponse) {
        if !response.brokers.isEmpty { brokers = [:] }
        for broker in response.brokers { add(broker.nodeId, broker.host, broker.port) }
        clusterID = response.clusterId ?? clusterID
        controller = response.controllerId >= 0 ? response.controllerId : nil
        lastNames = response.topics.filter { !$0.errorCode.isError }.compactMap(\.name).sorted()
        for topic in response.topics {
            guard let name = topic.name else { continue }
            if topic.errorCode == .unknownTopicOrPartition { topics[name] = nil }
            if topic.errorCode.isError { continue }
            topics[name] = merged(topic, with: topics[name])
        }
    }

    /// A broker that was away for a while may name a leader of an older epoch than the one already known: it is not
    /// believed, or clients would run back and forth.
    private func merged(_ topic: MetadataResponse.Topic, with known: Topic?) -> Topic {
        var result = Topic(id: topic.topicId, isInternal: topic.isInternal, partitions: [])
        let sorted = topic.partitions.sorted { $0.partitionIndex < $1.partitionIndex }
        for (number, partition) in sorted.enumerated() where Int(partition.partitionIndex) == number {
            let leader = partition.leaderId >= 0 ? partition.leaderId : nil
            var next = Partition(
                leader: leader, epoch: partition.leaderEpoch, replicas: partition.replicaNodes,
                inSync: partition.isrNodes)
            if let known, known.id == topic.topicId, number < known.partitions.count {
                let before = known.partitions[number]
                if next.epoch >= 0 && next.epoch < before.epoch {
                    (next.leader, next.epoch) = (before.leader, before.epoch)
                }
            }
            result.partitions.append(next)
        }
        return result
    }

    mutating func add(_ node: Int32, _ host: String, _ port: Int32) {
        guard let port = UInt16(exactly: port), port > 0, !host.isEmpty else { return }
        brokers[node] = BrokerAddress(host: host, port: port)
    }

    /// A leader told along with an error (KIP-951). Answers whether that was news.
    mutating func learn(leader: KafkaLeader, of topic: String, _ partition: Int32) -> Bool {
        guard leader.leaderId >= 0, brokers[leader.leaderId] != nil, var known = topics[topic],
            known.partitions.indices.contains(Int(partition)),
            leader.leaderEpoch > known.partitions[Int(partition)].epoch
        else { return false }
        known.partitions[Int(partition)].leader = leader.leaderId
        known.partitions[Int(partition)].epoch = leader.leaderEpoch
        topics[topic] = known
        return true
    }

    func leader(of topic: String, _ partition: Int32) -> Int32? {
        guard let known = topics[topic], known.partitions.indices.contains(Int(partition)) else { return nil }
        return known.partitions[Int(partition)].leader
    }
}
