import Bytes
import KafkaWire

/// A would-be member of a group, with a connection of its own.
final class GroupClient {
    let cluster: TestCluster
    let client: TestClient
    var id = ""
    var generation: Int32 = -1
    private let group: String
    private let instance: String?

    init(_ cluster: TestCluster, group: String = "g", instance: String? = nil, to position: Int? = nil) throws {
        self.cluster = cluster
        self.group = group
        self.instance = instance
        client = try cluster.connect(to: position)
    }

    var request: JoinGroupRequest {
        JoinGroupRequest(
            groupId: group, sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 10_000, memberId: id,
            groupInstanceId: instance, protocolType: "consumer",
            protocols: [.init(name: "range", metadata: subscription(to: "t"))])
    }

    /// JoinGroup, without waiting for the answer.
    func send(version: Int16? = nil) throws {
        try client.send(request, version: version)
        cluster.settle()
    }

    /// The first of the two steps of a new member.
    func takeID() throws {
        try send()
        let response: JoinGroupResponse = try client.receive()
        guard response.errorCode == .memberIdRequired else { throw TestFailure("\(response)") }
        id = response.memberId
    }

    /// JoinGroup, in two steps if need be; the group has nobody else to wait for.
    func join(version: Int16? = nil) throws -> JoinGroupResponse {
        if id.isEmpty { try takeID() }
        let response = try client.call(request, version: version, as: JoinGroupResponse.self)
        if response.errorCode == .none { take(response) }
        return response
    }

    func take(_ response: JoinGroupResponse) {
        id = response.memberId
        generation = response.generationId
    }

    /// The only member, with everything assigned.
    func comeUp() throws {
        _ = try join()
        _ = try sync([id: "everything"])
    }

    func sendSync(_ assignments: [String: String]) throws {
        try client.send(SyncGroupRequest(
            groupId: group, generationId: generation, memberId: id, groupInstanceId: instance, protocolType: "consumer",
            protocolName: "range", assignments: assignments.sorted { $0.key < $1.key }.map {
                .init(memberId: $0.key, assignment: ByteSlice(utf8: $0.value))
            }))
        cluster.settle()
    }

    func sync(_ assignments: [String: String]) throws -> SyncGroupResponse {
        try sendSync(assignments)
        return try client.receive()
    }

    func heartbeat() throws -> KafkaErrorCode {
        try client.call(
            HeartbeatRequest(groupId: group, generationId: generation, memberId: id, groupInstanceId: instance),
            as: HeartbeatResponse.self
        ).errorCode
    }

    func leave() throws -> KafkaErrorCode {
        let response = try client.call(
            LeaveGroupRequest(groupId: group, members: [.init(memberId: id, groupInstanceId: instance)]),
            as: LeaveGroupResponse.self)
        return response.members.first?.errorCode ?? response.errorCode
    }

    func commit(_ offsets: [Int32: Int64], topic: String = "t", metadata: String? = nil) throws -> [KafkaErrorCode] {
        let partitions = offsets.sorted { $0.key < $1.key }.map {
            OffsetCommitRequest.Partition(
                partitionIndex: $0.key, committedOffset: $0.value, committedLeaderEpoch: 1, committedMetadata: metadata)
        }
        return try client.call(
            OffsetCommitRequest(
                groupId: group, generationIdOrMemberEpoch: generation, memberId: id, groupInstanceId: instance,
                topics: [.init(name: topic, partitions: partitions)]),
            as: OffsetCommitResponse.self
        ).topics.flatMap(\.partitions).map(\.errorCode)
    }

    /// Of all topics when none is named.
    func committed(topic: String? = nil, partitions: [Int32] = [], version: Int16? = nil) throws
        -> OffsetFetchResponse.Group
    {
        let topics = topic.map { [OffsetFetchRequest.Topic(name: $0, partitions: partitions)] }
        let response = try client.call(
            OffsetFetchRequest(groups: [.init(groupId: group, topics: topics)]), version: version,
            as: OffsetFetchResponse.self)
        guard let group = response.groups.first else { throw TestFailure("no group in \(response)") }
        return group
    }
}

/// As consumers write it: version 0, topics, no user data.
func subscription(to topic: String) -> ByteSlice {
    var writer = ByteWriter()
    writer.int16(0)
    writer.kafkaStringArray([topic], flexible: false)
    writer.int32(-1)
    return writer.finish()
}
