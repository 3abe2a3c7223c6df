import Bytes
import KafkaWire

/// A would-be member of a group of the consumer protocol, with a connection of its own. It owns what it is told to.
final class ConsumerClient {
    let cluster: TestCluster
    private(set) var client: TestClient
    var id: String
    var epoch: Int32 = 0
    var topics: [String]? = ["t"]
    var pattern: String?
    var assignor: String?
    let instance: String?
    /// By topic id.
    var owned: [KafkaUUID: [Int32]] = [:]

    init(_ cluster: TestCluster, _ id: String, instance: String? = nil) throws {
        self.cluster = cluster
        self.id = id
        self.instance = instance
        client = try cluster.connect()
    }

    /// All partitions owned, when there is only one topic.
    var partitions: [Int32] { owned.values.flatMap { $0 }.sorted() }

    /// Connects to the leader.
    func reconnect() throws { client = try cluster.connect() }

    private var ownedTopics: [KafkaTopicPartitions] {
        owned.sorted { $0.key.low < $1.key.low }.map { .init(topicId: $0.key, partitions: $0.value) }
    }

    /// A heartbeat that says everything.
    var full: ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest(
            groupId: "g", memberId: id, memberEpoch: epoch, instanceId: instance, rebalanceTimeoutMs: 10_000,
            subscribedTopicNames: topics, subscribedTopicRegex: pattern, serverAssignor: assignor,
            topicPartitions: ownedTopics)
    }

    /// One that says nothing new.
    var brief: ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest(groupId: "g", memberId: id, memberEpoch: epoch)
    }

    func call(
        _ request: ConsumerGroupHeartbeatRequest, version: Int16? = nil
    ) throws -> ConsumerGroupHeartbeatResponse {
        try client.call(request, version: version)
    }

    func take(_ response: ConsumerGroupHeartbeatResponse) {
        guard response.errorCode == .none else { return }
        epoch = response.memberEpoch
        guard let assignment = response.assignment else { return }
        owned = [:]
        for topic in assignment { owned[topic.topicId] = topic.partitions }
    }

    /// Joins, or goes one step on, and does what it is told.
    @discardableResult func beat() throws -> ConsumerGroupHeartbeatResponse {
        let response = try call(full)
        take(response)
        return response
    }

    func leave(_ epoch: Int32 = -1) throws -> ConsumerGroupHeartbeatResponse {
        let request = ConsumerGroupHeartbeatRequest(
            groupId: "g", memberId: id, memberEpoch: epoch, instanceId: instance)
        let response = try call(request)
        owned = [:]
        self.epoch = 0
        return response
    }

    func commit(_ offset: Int64, version: Int16? = nil) throws -> KafkaErrorCode {
        let request = OffsetCommitRequest(
            groupId: "g", generationIdOrMemberEpoch: epoch, memberId: id,
            topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: offset)])])
        let response: OffsetCommitResponse = try client.call(request, version: version)
        return response.topics[0].partitions[0].errorCode
    }

    func committed() throws -> OffsetFetchResponse.Group {
        let request = OffsetFetchRequest(groups: [
            .init(
                groupId: "g", memberId: id, memberEpoch: epoch,
                topics: [.init(name: "t", partitions: [0])])
        ])
        let response: OffsetFetchResponse = try client.call(request)
        return response.groups[0]
    }

    func describe() throws -> ConsumerGroupDescribeResponse.Group {
        let response: ConsumerGroupDescribeResponse = try client.call(ConsumerGroupDescribeRequest(groupIds: ["g"]))
        return response.groups[0]
    }
}
