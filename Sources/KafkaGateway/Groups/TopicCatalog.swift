import Broker
import KafkaWire

/// What a consumer-protocol group needs to know of topics, as this node has applied them.
struct TopicCatalog {
    unowned let gateway: KafkaGateway

    private var broker: Broker { gateway.broker }

    var stamp: DirectoryStamp { broker.directoryStamp }

    func find(_ name: String) -> (number: UInt32, partitions: Int)? {
        guard let number = broker.topicNumber(named: name) else { return nil }
        return broker.partitionCount(ofTopic: number).map { (number, $0) }
    }

    /// Nil for one that was deleted.
    func name(ofTopic number: UInt32) -> String? { broker.topic(number: number)?.name }

    /// Of a comparison of a topic with a pattern.
    func noteFailure() { gateway.metrics.patternFailures += 1 }

    /// Those that exist.
    func keys(_ topics: [KafkaTopicPartitions]) -> [PartitionKey] {
        topics.flatMap { topic -> [PartitionKey] in
            guard let number = broker.topicNumber(id: TopicID(topic.topicId)) else { return [] }
            return topic.partitions.filter { $0 >= 0 }.map { PartitionKey(topic: number, partition: UInt32($0)) }
        }
    }

    /// Those that exist, in order, each once.
    func keys(_ topics: [ConsumerProtocolPartitions]) -> [PartitionKey] {
        let keys = topics.flatMap { topic -> [PartitionKey] in
            guard let found = find(topic.topic) else { return [] }
            return topic.partitions.filter { $0 >= 0 && $0 < found.partitions }.map {
                PartitionKey(topic: found.number, partition: UInt32($0))
            }
        }
        return Set(keys).sorted()
    }

    /// By name, as members of the classic protocol are told; without those of topics that were deleted.
    func named(_ keys: [PartitionKey]) -> [ConsumerProtocolPartitions] {
        byTopic(keys).compactMap { number, partitions in
            name(ofTopic: number).map { .init(topic: $0, partitions: partitions) }
        }
    }

    /// `keys` are in order. Those of topics that were deleted are left out: they have no id any more.
    func partitions(_ keys: [PartitionKey]) -> [KafkaTopicPartitions] {
        byTopic(keys).compactMap { number, partitions in
            broker.topicID(ofTopic: number).map { .init(topicId: KafkaUUID($0), partitions: partitions) }
        }
    }

    func describe(_ keys: [PartitionKey]) -> [ConsumerGroupDescribeResponse.TopicPartitions] {
        byTopic(keys).compactMap { number, partitions in
            broker.topic(number: number).map {
                .init(topicId: KafkaUUID($0.id), topicName: $0.name, partitions: partitions)
            }
        }
    }

    private func byTopic(_ keys: [PartitionKey]) -> [(number: UInt32, partitions: [Int32])] {
        var topics: [(number: UInt32, partitions: [Int32])] = []
        for key in keys {
            if topics.last?.number != key.topic { topics.append((key.topic, [])) }
            topics[topics.count - 1].partitions.append(Int32(key.partition))
        }
        return topics
    }
}
