import KafkaWire

/// A consumer of the classic protocol as Kafka's are: it says what it reads, and does what it is told. An eager one
/// gives up all before it joins, a cooperative one only what it is told to.
final class ClassicConsumer {
    let cluster: TestCluster
    private(set) var client: TestClient
    let instance: String?
    let isCooperative: Bool
    var topics = ["t"]
    var id = ""
    var generation: Int32 = -1
    /// What it reads of "t".
    var partitions: [Int32] = []

    init(_ cluster: TestCluster, instance: String? = nil, isCooperative: Bool = false) throws {
        self.cluster = cluster
        self.instance = instance
        self.isCooperative = isCooperative
        client = try cluster.connect()
    }

    /// Connects to the leader.
    func reconnect() throws { client = try cluster.connect() }

    var request: JoinGroupRequest {
        let owned = partitions.isEmpty ? [] : [ConsumerProtocolPartitions(topic: "t", partitions: partitions)]
        let subscription = ConsumerProtocolSubscription(topics: topics, ownedPartitions: owned)
        return JoinGroupRequest(
            groupId: "g", sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 10_000, memberId: id, groupInstanceId: instance,
            protocolType: "consumer", protocols: [.init(name: "range", metadata: subscription.encoded())])
    }

    /// JoinGroup without waiting for the answer; the first of the two steps of a new member is done.
    func sendJoin() throws {
        if !isCooperative { partitions = [] }
        if id.isEmpty, instance == nil {
            let response: JoinGroupResponse = try client.call(request)
            guard response.errorCode == .memberIdRequired else { throw TestFailure("\(response)") }
            id = response.memberId
        }
        try client.send(request)
        cluster.settle()
    }

    /// Takes the answer and, where the members assign, does so if it leads; SyncGroup is not answered yet.
    @discardableResult func sendSync() throws -> KafkaErrorCode {
        let joined: JoinGroupResponse = try client.receive()
        if joined.errorCode.isError { return joined.errorCode }
        (id, generation) = (joined.memberId, joined.generationId)
        var assignments: [SyncGroupRequest.Assignment] = []
        if joined.leader == id {
            for (position, member) in joined.members.enumerated() {
                let share = Int32(4 / joined.members.count)
                let first = Int32(position) * share
                let assignment = ConsumerProtocolAssignment(
                    version: 1, partitions: [.init(topic: "t", partitions: Array(first..<first + share))])
                assignments.append(.init(memberId: member.memberId, assignment: assignment.encoded()))
            }
        }
        try client.send(SyncGroupRequest(
            groupId: "g", generationId: generation, memberId: id, groupInstanceId: instance, protocolType: "consumer",
            protocolName: "range", assignments: assignments))
        cluster.settle()
        return .none
    }

    @discardableResult func receiveShare() throws -> KafkaErrorCode {
        let synced: SyncGroupResponse = try client.receive()
        if synced.errorCode.isError { return synced.errorCode }
        partitions = try ConsumerProtocolAssignment(from: synced.assignment).partitions.flatMap(\.partitions)
        return .none
    }

    /// Joins a group where nobody else is waited for, and reads what it is given.
    @discardableResult func join() throws -> KafkaErrorCode {
        try sendJoin()
        let code = try sendSync()
        return code.isError ? code : try receiveShare()
    }

    func heartbeat() throws -> KafkaErrorCode {
        try client.call(
            HeartbeatRequest(groupId: "g", generationId: generation, memberId: id, groupInstanceId: instance),
            as: HeartbeatResponse.self
        ).errorCode
    }

    /// A heartbeat, and what it asks for.
    func beat() throws {
        switch try heartbeat() {
        case .none: return
        case .rebalanceInProgress: try join()
        case let other: throw TestFailure("\(id): \(other)")
        }
    }

    func leave() throws -> KafkaErrorCode {
        let response: LeaveGroupResponse = try client.call(
            LeaveGroupRequest(groupId: "g", members: [.init(memberId: id, groupInstanceId: instance)]))
        partitions = []
        return response.members.first?.errorCode ?? response.errorCode
    }

    /// What is said of the group as one of the consumer protocol.
    func describe() throws -> KafkaErrorCode {
        let response: ConsumerGroupDescribeResponse = try client.call(ConsumerGroupDescribeRequest(groupIds: ["g"]))
        return response.groups[0].errorCode
    }

    func commit(_ offset: Int64, version: Int16? = nil) throws -> KafkaErrorCode {
        let request = OffsetCommitRequest(
            groupId: "g", generationIdOrMemberEpoch: generation, memberId: id, groupInstanceId: instance,
            topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: offset)])])
        let response: OffsetCommitResponse = try client.call(request, version: version)
        return response.topics[0].partitions[0].errorCode
    }
}
