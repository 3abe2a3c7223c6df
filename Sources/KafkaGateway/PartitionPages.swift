import Broker
import KafkaWire

/// Describes partitions to one DescribeTopicPartitions request (KIP-966), in order of topic name and number, as many as
/// one response has room for. From what this node has applied.
struct PartitionPages {
    /// Most partitions in one response, whatever the client allows: Kafka's number.
    private static let maximumPartitions = 2000

    private let gateway: KafkaGateway
    private let request: DescribeTopicPartitionsRequest
    private let replicas: Replicas
    /// Partitions for which there is still room. A topic without any takes as much as one.
    private var room: Int
    private var response = DescribeTopicPartitionsResponse(topics: [])

    init(_ gateway: KafkaGateway, _ request: DescribeTopicPartitionsRequest) {
        self.gateway = gateway
        self.request = request
        replicas = Replicas(gateway)
        room = min(max(Int(request.responsePartitionLimit), 1), Self.maximumPartitions)
    }

    mutating func page() -> DescribeTopicPartitionsResponse {
        let start = request.cursor?.topicName ?? ""
        let names: [String]
        if request.topics.isEmpty {
            names = gateway.broker.topicNames(from: start, limit: room + 1)
        } else {
            let asked = Set(request.topics.map(\.name))
            if let cursor = request.cursor, !asked.contains(cursor.topicName) { return failing(.invalidRequest) }
            names = asked.filter { $0 >= start }.sorted()
        }
        if let cursor = request.cursor, cursor.partitionIndex < 0 { return failing(.invalidRequest) }
        for name in names {
            if room <= 0 {
                response.nextCursor = KafkaPartitionCursor(topicName: name, partitionIndex: 0)
                break
            }
            let first = name == request.cursor?.topicName ? Int(request.cursor?.partitionIndex ?? 0) : 0
            add(name, from: first)
            if response.nextCursor != nil { break }
        }
        return response
    }

    private mutating func add(_ name: String, from first: Int) {
        guard let topic = gateway.broker.topic(named: name) else {
            let isLegal = TopicName.fault(of: name) == nil
            let code: KafkaErrorCode = isLegal ? .unknownTopicOrPartition : .invalidTopicException
            response.topics.append(.init(errorCode: code, name: name, partitions: []))
            room -= 1
            return
        }
        let count = topic.partitions.count
        let range = min(first, count)..<min(first + room, count)
        if range.upperBound < count {
            response.nextCursor = KafkaPartitionCursor(
                topicName: name, partitionIndex: Int32(clamping: range.upperBound))
        }
        response.topics.append(.init(
            name: name, topicId: KafkaUUID(topic.id), partitions: range.map(partition),
            topicAuthorizedOperations: KafkaSession.topicOperations))
        room -= max(range.count, 1)
    }

    private func partition(_ number: Int) -> DescribeTopicPartitionsResponse.Partition {
        .init(
            errorCode: replicas.leader < 0 ? .leaderNotAvailable : .none, partitionIndex: Int32(clamping: number),
            leaderId: replicas.leader, leaderEpoch: replicas.leaderEpoch, replicaNodes: replicas.all,
            isrNodes: replicas.inSync, eligibleLeaderReplicas: [], lastKnownElr: [],
            offlineReplicas: replicas.offline)
    }

    private func failing(_ code: KafkaErrorCode) -> DescribeTopicPartitionsResponse {
        DescribeTopicPartitionsResponse(
            topics: request.topics.map { .init(errorCode: code, name: $0.name, partitions: []) })
    }
}
