import Broker
import KafkaWire
import Node

extension KafkaSession {
    /// DescribeTopicPartitions (key 75, KIP-966).
    func describeTopicPartitions(_ header: KafkaRequestHeader, _ request: DescribeTopicPartitionsRequest) {
        var pages = PartitionPages(gateway, request)
        respond(header, pages.page())
    }

    /// DescribeLogDirs (key 35, KIP-113): every node has all partitions, in the one log they share. What a topic takes
    /// there is the bytes of its batches; a part that is sealed and partly deleted counts in full.
    func describeLogDirs(_ header: KafkaRequestHeader, _ request: DescribeLogDirsRequest) {
        let broker = gateway.broker
        var seen: Set<String> = []
        let topics: [DescribeLogDirsResponse.Topic]
        if let asked = request.topics {
            topics = asked.compactMap { asked in
                // Each once, as Kafka does: nobody is to have a topic described a million times.
                guard seen.insert(asked.name).inserted, let topic = broker.topic(named: asked.name) else {
                    return nil
                }
                let numbers = Set(asked.partitions).filter { $0 >= 0 && Int($0) < topic.partitions.count }
                return numbers.isEmpty ? nil : .init(topic, numbers.sorted().map(Int.init))
            }
        } else {
            topics = broker.topics.map { .init($0, Array($0.partitions.indices)) }
        }
        let space = replica.diskSpace?.space
        respond(header, DescribeLogDirsResponse(results: [
            .init(
                logDir: gateway.settings.dataDirectory, topics: topics,
                totalBytes: space.map { Int64(clamping: $0.total) } ?? -1,
                usableBytes: space.map { Int64(clamping: $0.free) } ?? -1)
        ]))
    }
}

extension DescribeLogDirsResponse.Topic {
    fileprivate init(_ topic: Topic, _ numbers: [Int]) {
        self.init(name: topic.name, partitions: numbers.map {
            .init(partitionIndex: Int32(clamping: $0), partitionSize: topic.partitions[$0].byteCount)
        })
    }
}
