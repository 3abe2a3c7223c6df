import Bytes
import KafkaWire
import Simulator
import Testing

/// `holdfast.acks.leader=allow`: acks=1 is answered when the leader's own disk has the records, and only then.
struct LeaderAcksTests {
    private struct Setting {
        let cluster: TestCluster
        let leader: Int
        let client: TestClient
    }

    private func begin() throws -> Setting {
        let cluster = try TestCluster.ready(nodes: 3)
        let leader = try cluster.elect()
        cluster.run(milliseconds: 200)
        let client = try cluster.connect(to: leader)
        try client.create("own", configs: [.init(name: "holdfast.acks.leader", value: "allow")])
        try client.create("all")
        return Setting(cluster: cluster, leader: leader, client: client)
    }

    /// Only the leader's disk moves.
    private func flush(_ setting: Setting) {
        setting.cluster.turn()
        while setting.cluster.cluster.members[setting.leader].queue.runNext() {}
        setting.cluster.turn()
    }

    private func end(_ setting: Setting, at position: Int? = nil) -> Int64? {
        let replica = setting.cluster.gateways[position ?? setting.leader].node.replica
        return replica.broker.topic(named: "own")?.partitions[0].endOffset
    }

    private func metrics(_ setting: Setting) -> (leader: UInt64, upgraded: UInt64) {
        let metrics = setting.cluster.gateways[setting.leader].metrics
        return (metrics.leaderAcks, metrics.upgradedAcks)
    }

    @Test func answeredByTheLeadersDiskAlone() throws {
        let setting = try begin()
        try setting.client.send(.one(.batch(["a"]), to: "own", acks: 1))
        setting.cluster.turn()
        #expect(setting.client.connection.isSilent, "not before it is flushed")
        flush(setting)
        let answer: ProduceResponse = try setting.client.receive()
        #expect(answer.partitions[0].errorCode == .none && answer.partitions[0].baseOffset == 0)
        #expect(end(setting) == 0, "what is not committed nobody sees")
        #expect(metrics(setting) == (1, 0))
        setting.cluster.settle()
        #expect(try setting.client.fetch("own", from: 0).values() == ["a"])
    }

    /// acks=all, other topics, and requests that name one of them: as without the setting.
    @Test func nobodyElseIs() throws {
        let setting = try begin()
        var both = ProduceRequest(acks: 1, timeoutMs: 5000)
        for topic in ["own", "all"] {
            both.append(topic: ByteSlice(utf8: topic), partitions: [.init(index: 0, records: .batch(["b"]))])
        }
        for request in [.one(.batch(["x"]), to: "own"), .one(.batch(["x"]), to: "all", acks: 1), both] {
            try setting.client.send(request)
            flush(setting)
            #expect(setting.client.connection.isSilent)
            setting.cluster.settle()
            let answer: ProduceResponse = try setting.client.receive()
            #expect(answer.partitions.allSatisfy { $0.errorCode == .none })
        }
        #expect(metrics(setting) == (0, 2))
    }

    /// What it was told must not be lost: a gap in its sequences would be fatal to it.
    @Test func idempotentProducersWaitForTheMajority() throws {
        let setting = try begin()
        try setting.client.send(
            .one(.batch(["a"], producer: 5, epoch: 0, sequence: 0), to: "own", acks: 1))
        flush(setting)
        #expect(setting.client.connection.isSilent)
        setting.cluster.settle()
        let answer: ProduceResponse = try setting.client.receive()
        #expect(answer.partitions[0].errorCode == .none)
        #expect(metrics(setting) == (0, 1))
    }

    /// Answers keep the order of the requests, whatever each waits for.
    @Test func orderIsKept() throws {
        let setting = try begin()
        try setting.client.send(.one(.batch(["a"]), to: "own"))
        try setting.client.send(.one(.batch(["b"]), to: "own", acks: 1))
        flush(setting)
        #expect(setting.client.connection.isSilent)
        setting.cluster.settle()
        for offset in [0, 1] as [Int64] {
            #expect(try setting.client.receive(ProduceResponse.self).partitions[0].baseOffset == offset)
        }
        #expect(metrics(setting).leader == 0, "by then the majority had it")
    }

    /// What it says: a leader that answers alone and is gone takes the record with it. Nobody has read it.
    @Test func aChangeOfLeaderMayLoseIt() throws {
        let setting = try begin()
        setting.cluster.isolate(setting.leader)
        try setting.client.send(.one(.batch(["lost"]), to: "own", acks: 1))
        flush(setting)
        #expect(try setting.client.receive(ProduceResponse.self).partitions[0].baseOffset == 0)
        setting.cluster.run(milliseconds: 3_000)
        let next = try #require(setting.cluster.leader)
        #expect(next != setting.leader)
        let client = try setting.cluster.connect(to: next)
        #expect(try client.produce(.batch(["kept"]), to: "own", acks: 1).baseOffset == 0)
        setting.cluster.isolate(setting.leader, false)
        setting.cluster.run(milliseconds: 1_000)
        #expect(try client.fetch("own", from: 0).values() == ["kept"])
        #expect(end(setting) == 1)
    }

    /// A leader that loses its office before its disk has the record says so.
    @Test func aLeaderNoMorePromisesNothing() throws {
        let setting = try begin()
        try setting.client.send(.one(.batch(["a"]), to: "own", acks: 1))
        setting.cluster.turn()
        setting.cluster.isolate(setting.leader)
        for _ in 0..<200 {
            setting.cluster.cluster.clock.advance(milliseconds: 10)
            for member in setting.cluster.cluster.members { member.node?.tick() }
        }
        #expect(!setting.cluster.gateways[setting.leader].node.replica.isLeader)
        setting.cluster.turn()
        let answer: ProduceResponse = try setting.client.receive()
        #expect(answer.partitions[0].errorCode == .notLeaderOrFollower)
        #expect(metrics(setting).leader == 0)
    }

    /// min.insync.replicas is for acks=all, as in Kafka.
    @Test func copiesAreForAcksAll() throws {
        let setting = try begin()
        try setting.client.create("both", configs: [
            .init(name: "holdfast.acks.leader", value: "allow"), .init(name: "min.insync.replicas", value: "3"),
        ])
        setting.cluster.isolate((setting.leader + 1) % 3)
        try setting.client.send(.one(.batch(["a"]), to: "both", acks: 1))
        flush(setting)
        #expect(try setting.client.receive(ProduceResponse.self).partitions[0].errorCode == .none)
        #expect(try setting.client.produce(.batch(["b"]), to: "both").errorCode == .notEnoughReplicas)
    }

    @Test func theSettingIsDescribed() throws {
        let setting = try begin()
        for (topic, value) in [("own", "allow"), ("all", "deny")] {
            let asked = DescribeConfigsRequest.Resource(resourceType: 2, resourceName: topic, configurationKeys: nil)
            let response: DescribeConfigsResponse = try setting.client.call(
                DescribeConfigsRequest(resources: [asked]))
            let config = response.results[0].configs.first { $0.name == "holdfast.acks.leader" }
            #expect(config?.value == value)
        }
        let refused: CreateTopicsResponse = try setting.client.call(CreateTopicsRequest(topics: [
            .init(
                name: "odd", numPartitions: 1, replicationFactor: -1, assignments: [],
                configs: [.init(name: "holdfast.acks.leader", value: "maybe")])
        ]))
        #expect(refused.topics[0].errorCode == .invalidConfig)
    }
}
