import KafkaGateway
import KafkaWire
import Testing

/// Requests of one connection are carried out as if one after the other, also when the client does not wait in between.
struct RequestOrderTests {
    private func begin(nodes: Int = 1) throws -> (cluster: TestCluster, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes)
        let client = try cluster.connect()
        try client.create("t")
        _ = try client.produce(.batch(["a", "b", "c"]), to: "t")
        return (cluster, client)
    }

    private func deletion(before offset: Int64) -> DeleteRecordsRequest {
        DeleteRecordsRequest(
            topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, offset: offset)])], timeoutMs: 1000)
    }

    private func commit(_ offset: Int64) -> OffsetCommitRequest {
        OffsetCommitRequest(
            groupId: "g", generationIdOrMemberEpoch: -1, memberId: "",
            topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, committedOffset: offset)])])
    }

    private func creation(of name: String) -> CreateTopicsRequest {
        CreateTopicsRequest(topics: [
            .init(name: name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [])
        ])
    }

    /// As confluent-kafka's own test of DeleteRecords does it.
    @Test func offsetsAreToldAfterADeletion() throws {
        let (cluster, client) = try begin()
        try client.send(deletion(before: 2))
        try client.send(.one(-2, in: "t"))
        cluster.settle()
        #expect(try client.receive(DeleteRecordsResponse.self).topics[0].partitions[0].lowWatermark == 2)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].offset == 2)
    }

    @Test func endsAreToldAfterRecordsOnTheirWay() throws {
        let (cluster, client) = try begin()
        try client.send(.one(.batch(["d"]), to: "t"))
        try client.send(.one(.batch(["e"]), to: "t"))
        try client.send(.one(-1, in: "t"))
        try client.send(.one(.batch(["f"]), to: "t"))
        try client.send(.one(-1, in: "t"))
        cluster.settle()
        for offset in [Int64(3), 4] {
            #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == offset)
        }
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].offset == 5)
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 5)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].offset == 6)
    }

    @Test func aTopicIsThereForWhatFollowsItsCreation() throws {
        let (cluster, client) = try begin()
        try client.send(creation(of: "u"))
        try client.send(MetadataRequest(topics: [.init(name: "u")], allowAutoTopicCreation: false))
        try client.send(.one(.batch(["a"]), to: "u"))
        cluster.settle()
        #expect(try client.receive(CreateTopicsResponse.self).topics[0].errorCode == .none)
        #expect(try client.receive(MetadataResponse.self).topics[0].errorCode == .none)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .none)
    }

    @Test func committedOffsetsAreToldAfterACommit() throws {
        let (cluster, client) = try begin()
        try client.send(commit(1))
        try client.send(commit(2))
        try client.send(OffsetFetchRequest(groups: [
            .init(groupId: "g", topics: [.init(name: "t", partitions: [0])])
        ]))
        cluster.settle()
        for _ in 0..<2 {
            #expect(try client.receive(OffsetCommitResponse.self).topics[0].partitions[0].errorCode == .none)
        }
        let fetched = try client.receive(OffsetFetchResponse.self).groups[0].topics[0].partitions[0]
        #expect(fetched.committedOffset == 2)
    }

    /// Nothing that would be told otherwise is held up.
    @Test func whatShowsNoDifferenceDoesNotWait() throws {
        let (cluster, client) = try begin()
        let replica = cluster.gateways[0].node.replica
        let last = replica.raft.lastPosition.index
        try client.send(.one(.batch(["d"]), to: "t"))
        try client.send(MetadataRequest(topics: [.init(name: "t")]))
        try client.send(commit(1))
        try client.send(.one(.batch(["e"]), to: "t"))
        cluster.turn()
        #expect(client.connection.takeFrame() == nil && client.connection.isReading)
        #expect(replica.raft.lastPosition.index > last, "all of it is on its way")
        cluster.settle()
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 3)
        _ = try client.receive(MetadataResponse.self)
        _ = try client.receive(OffsetCommitResponse.self)
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 4)
    }

    /// The wait ends with the answer, whatever it is; what waits is then carried out by who can.
    @Test func aLostLeaderEndsTheWait() throws {
        let (cluster, client) = try begin(nodes: 3)
        let leader = try cluster.elect()
        cluster.isolate(leader)
        try client.send(.one(.batch(["d"]), to: "t"))
        try client.send(.one(-1, in: "t"))
        cluster.turn()
        #expect(!client.connection.isReading)
        cluster.run(milliseconds: 3_000)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .notLeaderOrFollower)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].errorCode == .notLeaderOrFollower)
        #expect(client.connection.isReading)
    }
}
