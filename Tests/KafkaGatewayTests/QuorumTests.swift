import Bytes
import KafkaWire
import Testing

/// Three nodes: what clients are told by a follower, without a majority, and when leadership is lost.
struct QuorumTests {
    private func begin() throws -> (cluster: TestCluster, leader: Int, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: 3)
        let leader = try cluster.elect()
        let client = try cluster.connect(to: leader)
        try client.create("t")
        return (cluster, leader, client)
    }

    private func followers(of leader: Int) -> [Int] { [0, 1, 2].filter { $0 != leader } }

    /// Every code in it must be one a client tries again after, and at least one must be an error.
    private func expectRetriable(_ codes: [KafkaErrorCode], _ words: Comment) {
        #expect(codes.contains { $0.isError }, words)
        for code in codes where code.isError { #expect(code.isRetriable, "\(code.name)") }
    }

    @Test func aFollowerSendsClientsToTheLeader() throws {
        let (cluster, leader, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        cluster.run(milliseconds: 200)
        let epoch = Int32(cluster.gateways[leader].node.replica.term)
        for follower in followers(of: leader) {
            let other = try cluster.connect(to: follower)
            let produced: ProduceResponse = try other.call(.one(.batch(["b"]), to: "t"))
            #expect(produced.partitions[0].errorCode == .notLeaderOrFollower)
            #expect(produced.partitions[0].currentLeader == .init(leaderId: Int32(leader) + 1, leaderEpoch: epoch))
            let fetched: FetchResponse = try other.call(.one("t", from: 0, maxWaitMs: 60_000))
            #expect(fetched.partitions[0].errorCode == .notLeaderOrFollower)
            #expect(fetched.partitions[0].currentLeader == .init(leaderId: Int32(leader) + 1, leaderEpoch: epoch))
            #expect(try other.offset(of: -1, in: "t").errorCode == .notLeaderOrFollower)
            let metadata: MetadataResponse = try other.call(MetadataRequest(topics: nil))
            #expect(metadata.controllerId == Int32(leader) + 1)
            #expect(metadata.topics.map(\.name) == ["t"])
            #expect(metadata.topics[0].partitions == [.init(
                partitionIndex: 0, leaderId: Int32(leader) + 1, leaderEpoch: epoch, replicaNodes: [1, 2, 3],
                isrNodes: [1, 2, 3])])
        }
    }

    @Test func theLeaderReportsWhoIsInSync() throws {
        let (cluster, leader, client) = try begin()
        let lost = followers(of: leader)[0]
        cluster.isolate(lost)
        let response: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "t")]))
        let lostID = Int32(lost) + 1
        #expect(response.topics[0].partitions[0].replicaNodes == [1, 2, 3])
        #expect(response.topics[0].partitions[0].isrNodes == [1, 2, 3].filter { $0 != lostID })
        #expect(response.topics[0].partitions[0].offlineReplicas == [lostID])
    }

    @Test func acknowledgedRecordsOutliveTheLeader() throws {
        let (cluster, leader, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        let before = cluster.gateways[leader].node.replica.term
        cluster.isolate(leader)
        cluster.run(milliseconds: 2000)
        let next = try #require(cluster.leader)
        #expect(next != leader)
        let other = try cluster.connect(to: next)
        #expect(try other.fetch("t", from: 0).values() == ["a"])
        #expect(try other.produce(.batch(["b"]), to: "t").baseOffset == 1)
        let response: OffsetForLeaderEpochResponse = try other.call(OffsetForLeaderEpochRequest(topics: [
            .init(name: "t", partitions: [.init(partition: 0, leaderEpoch: Int32(before))])
        ]))
        #expect(response.topics[0].partitions == [
            .init(partition: 0, leaderEpoch: Int32(before), endOffset: 1)
        ])
    }

    /// Found by the simulator: a leader that was stopped (SIGSTOP) while another took over told consumers who had read
    /// on at its successor that their offset was out of range.
    @Test func aDeposedLeaderDoesNotJudgeOffsets() throws {
        let (cluster, leader, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        cluster.isolate(leader)
        try client.send(.one("t", from: 5), version: nil)
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 2000)
        let response: FetchResponse = try client.receive()
        #expect(response.partitions[0].errorCode == .notLeaderOrFollower)
        let other = try cluster.connect()
        #expect(try other.fetch("t", from: 5).errorCode == .offsetOutOfRange)
    }

    /// Found by the simulator (seed 2329): a leader that was stopped while another took over said of a topic that its
    /// successor had created that there was none, so that its deletion counted as done.
    @Test func aDeposedLeaderDoesNotJudgeTopics() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate(leader)
        try client.send(DeleteTopicsRequest(topics: [.init(name: "unknown")], timeoutMs: 300))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 3000)
        let response: DeleteTopicsResponse = try client.receive()
        #expect(response.responses[0].errorCode.isRetriable)
        #expect(response.responses[0].errorCode != .unknownTopicOrPartition)
        let other = try cluster.connect()
        let judged: DeleteTopicsResponse = try other.call(
            DeleteTopicsRequest(topics: [.init(name: "unknown")], timeoutMs: 300))
        #expect(judged.responses[0].errorCode == .unknownTopicOrPartition)
    }

    /// The producer is told to try again, not that it succeeded; and its connection gets its answers in order.
    @Test func whatIsGatedWhenLeadershipIsLostIsNotAcknowledged() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate(leader)
        for value in ["a", "b"] { try client.send(.one(.batch([value]), to: "t", timeoutMs: 60_000)) }
        try client.send(ApiVersionsRequest())
        try client.send(.one(-1, in: "t"))
        try client.send(.one("t", from: 0, maxWaitMs: 60_000))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 3000)
        for _ in 0..<2 {
            let answer = try client.receive(ProduceResponse.self).partitions[0]
            #expect(answer.errorCode == .notLeaderOrFollower)
            #expect(answer.baseOffset == -1)
        }
        #expect(try client.receive(ApiVersionsResponse.self).errorCode == .none)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].errorCode == .notLeaderOrFollower)
        #expect(try client.receive(FetchResponse.self).partitions[0].errorCode == .notLeaderOrFollower)
        // What was never acknowledged is gone, and the old leader serves again as a follower.
        cluster.isolate(leader, false)
        cluster.run(milliseconds: 1000)
        #expect(try cluster.connect().offset(of: -1, in: "t").offset == 0)
        #expect(client.connection.isReading)
    }

    /// A client that only knows the node that is cut off would otherwise never learn of the new leader.
    @Test func aNodeLeftAloneSendsItsClientsElsewhere() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate(leader)
        cluster.run(milliseconds: 700)
        #expect(cluster.gateways[leader].node.replica.leader == nil)
        // Elections take their time: that alone drops nobody.
        for _ in 0..<2 {
            let response: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "t")]))
            #expect(response.brokers.count == 3 && response.topics[0].partitions[0].leaderId == -1)
        }
        cluster.run(milliseconds: 1500)
        // Whoever is new learns of the other nodes.
        let other = try cluster.connect(to: leader)
        let response: MetadataResponse = try other.call(MetadataRequest(topics: nil))
        #expect(response.brokers.count == 3 && other.connection.closeReason == nil)
        for asking in [client, other] {
            try asking.send(MetadataRequest(topics: nil))
            #expect(asking.connection.closeReason != nil)
        }
        // Back among the others it answers as ever.
        cluster.isolate(leader, false)
        cluster.run(milliseconds: 1000)
        let third = try cluster.connect(to: leader)
        for _ in 0..<2 {
            let response: MetadataResponse = try third.call(MetadataRequest(topics: nil))
            #expect(response.controllerId > 0)
        }
    }

    @Test func aCommitThatTakesTooLongTimesOutBeforeLeadershipIsLost() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate(leader)
        try client.send(.one(.batch(["a"]), to: "t", timeoutMs: 50))
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "u", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ], timeoutMs: 50))
        cluster.run(milliseconds: 100)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .requestTimedOut)
        #expect(try client.receive(CreateTopicsResponse.self).topics[0].errorCode.isRetriable)
    }

    @Test func withoutAMajorityEveryAnswerIsRetriable() throws {
        let (cluster, leader, client) = try begin()
        let producer: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        cluster.run(milliseconds: 200)
        let survivor = followers(of: leader)[0]
        for other in [0, 1, 2] where other != survivor { cluster.isolate(other) }
        cluster.run(milliseconds: 2000)
        #expect(cluster.leader == nil)
        let alone = try cluster.connect(to: survivor)
        let batch = ByteSlice.batch(["a"], producer: producer.producerId, epoch: 0, sequence: 0)
        let produced: ProduceResponse = try alone.call(.one(batch, to: "t"))
        expectRetriable(produced.partitions.map(\.errorCode), "produce")
        let fetched: FetchResponse = try alone.call(.one("t", from: 0, maxWaitMs: 1000))
        expectRetriable(fetched.partitions.map(\.errorCode), "fetch")
        expectRetriable([try alone.offset(of: -1, in: "t").errorCode], "list offsets")
        let epochs: OffsetForLeaderEpochResponse = try alone.call(OffsetForLeaderEpochRequest(topics: [
            .init(name: "t", partitions: [.init(partition: 0, leaderEpoch: 1)])
        ]))
        expectRetriable(epochs.topics[0].partitions.map(\.errorCode), "offset for leader epoch")
        let coordinator: FindCoordinatorResponse = try alone.call(FindCoordinatorRequest(coordinatorKeys: ["g"]))
        expectRetriable(coordinator.coordinators.map(\.errorCode), "find coordinator")
        try expectAdministrationRetriable(cluster, alone)
    }

    /// Requests that wait a moment for a leader first.
    private func expectAdministrationRetriable(_ cluster: TestCluster, _ client: TestClient) throws {
        try client.send(InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "u", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ]))
        try client.send(DeleteTopicsRequest(topics: [.init(name: "t"), .init(name: "missing")], timeoutMs: 1000))
        try client.send(CreatePartitionsRequest(
            topics: [.init(name: "t", count: 2, assignments: nil)], timeoutMs: 1000, validateOnly: false))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        // Three of them one after the other.
        cluster.run(milliseconds: 3_300)
        expectRetriable([try client.receive(InitProducerIdResponse.self).errorCode], "init producer id")
        expectRetriable(try client.receive(CreateTopicsResponse.self).topics.map(\.errorCode), "create topics")
        expectRetriable(try client.receive(DeleteTopicsResponse.self).responses.map(\.errorCode), "delete topics")
        expectRetriable(
            try client.receive(CreatePartitionsResponse.self).results.map(\.errorCode), "create partitions")
        let metadata: MetadataResponse = try client.call(
            MetadataRequest(topics: [.init(name: "t"), .init(name: "unknown")]))
        #expect(metadata.controllerId == -1)
        #expect(metadata.topics.map(\.errorCode) == [.none, .leaderNotAvailable])
        // An epoch of a candidate that loses would make clients distrust the one that wins.
        #expect(metadata.topics[0].partitions.map(\.errorCode) == [.leaderNotAvailable])
        #expect(metadata.topics[0].partitions.map(\.leaderId) == [-1])
        #expect(metadata.topics[0].partitions.map(\.leaderEpoch) == [-1])
    }

    /// A new leader that has not applied the no-op of its term yet knows less than it must.
    @Test func aLeaderThatIsNotReadyRefusesOrWaits() throws {
        let cluster = try TestCluster(nodes: 1)
        let client = try cluster.connect(to: 0)
        #expect(try client.produce(.batch(["a"]), to: "t").errorCode == .notLeaderOrFollower)
        #expect(try client.offset(of: -1, in: "t").errorCode == .notLeaderOrFollower)
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ]))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 990)
        #expect(try client.receive(CreateTopicsResponse.self).topics.map(\.errorCode) == [.none])
    }

    @Test func waitingConsumersAreToldAtOnceThatTheLeaderHasChanged() throws {
        let (cluster, leader, client) = try begin()
        try client.send(.one("t", from: 0, maxWaitMs: 60_000))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.gateways[leader].node.beginHandOver()
        cluster.run(milliseconds: 100)
        #expect(cluster.leader != leader)
        #expect(try client.receive(FetchResponse.self).partitions[0].errorCode == .notLeaderOrFollower)
    }

    /// A deposed leader that does not know it yet must not tell an end of the log that lies before acknowledged
    /// records.
    @Test func aDeposedLeaderDoesNotListOffsets() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate(leader)
        try client.send(.one(-1, in: "t"))
        cluster.settle()
        #expect(cluster.gateways[leader].node.replica.isLeader)
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 3000)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].errorCode == .notLeaderOrFollower)
    }
}
