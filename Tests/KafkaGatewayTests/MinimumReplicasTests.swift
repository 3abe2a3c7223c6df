import Bytes
import KafkaWire
import Simulator
import Testing

/// `min.insync.replicas` above the majority: acknowledged when so many nodes have it on disk, refused when they are not
/// there.
struct MinimumReplicasTests {
    private func begin(_ minimum: Int = 3) throws -> (cluster: TestCluster, leader: Int, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: 3)
        let leader = try cluster.elect()
        cluster.run(milliseconds: 200)
        let client = try cluster.connect(to: leader)
        try client.create("t", configs: [.init(name: "min.insync.replicas", value: "\(minimum)")])
        try client.create("plain")
        return (cluster, leader, client)
    }

    private func batch(_ sequence: Int32) -> ByteSlice {
        .batch(["\(sequence)"], producer: 5, epoch: 0, sequence: sequence)
    }

    private func end(_ cluster: TestCluster, _ position: Int) -> Int64? {
        cluster.gateways[position].node.replica.broker.topic(named: "t")?.partitions[0].endOffset
    }

    /// Everything moves but one node's disk.
    private func settle(_ cluster: TestCluster, withoutDiskOf slow: Int) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for (position, member) in cluster.cluster.members.enumerated() {
                member.node?.endTurn()
                if position != slow, member.queue.runNext() { isMoving = true }
            }
            if cluster.cluster.network.deliverNext() { isMoving = true }
            for gateway in cluster.gateways { gateway.endTurn() }
        }
    }

    @Test func acknowledgedWhenAllHaveIt() throws {
        let (cluster, leader, client) = try begin()
        try client.send(.one(batch(0), to: "t"))
        settle(cluster, withoutDiskOf: (leader + 1) % 3)
        // Committed, and served to consumers; not acknowledged.
        #expect(end(cluster, leader) == 1)
        #expect(client.connection.isSilent)
        cluster.settle()
        let answer: ProduceResponse = try client.receive()
        #expect(answer.partitions[0].errorCode == .none && answer.partitions[0].baseOffset == 0)
        for gateway in cluster.gateways { #expect(gateway.node.replica.raft.flushedIndex >= 3) }
    }

    /// acks=1 is a majority's, here as everywhere; a topic without the setting does not wait; order is kept.
    @Test func onlyWhoAsksForItWaits() throws {
        let (cluster, leader, client) = try begin()
        let other = try cluster.connect(to: leader)
        try client.send(.one(.batch(["a"]), to: "t", acks: 1))
        try client.send(.one(.batch(["b"]), to: "t"))
        try client.send(.one(.batch(["c"]), to: "plain"))
        try other.send(.one(.batch(["d"]), to: "plain"))
        settle(cluster, withoutDiskOf: (leader + 1) % 3)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .none)
        #expect(client.connection.isSilent)
        #expect(try other.receive(ProduceResponse.self).partitions[0].errorCode == .none)
        cluster.settle()
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 1)
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 0)
    }

    @Test func refusedBeforeItIsStored() throws {
        let (cluster, leader, client) = try begin()
        cluster.isolate((leader + 1) % 3)
        #expect(try client.produce(batch(0), to: "t").errorCode == .notEnoughReplicas)
        #expect(end(cluster, leader) == 0)
        #expect(try client.produce(.batch(["a"]), to: "t", acks: 1).errorCode == .none)
        #expect(try client.produce(.batch(["a"]), to: "plain").errorCode == .none)
        #expect(cluster.gateways[leader].metrics.notEnoughReplicas == 1)
        cluster.isolate((leader + 1) % 3, false)
        cluster.run(milliseconds: 1000)
        #expect(try client.produce(batch(0), to: "t").baseOffset == 1)
    }

    @Test(arguments: [1, 2]) func aMajorityIsTheFloor(minimum: Int) throws {
        let (cluster, leader, client) = try begin(minimum)
        cluster.isolate((leader + 1) % 3)
        #expect(try client.produce(batch(0), to: "t").errorCode == .none)
    }

    @Test func moreThanThereAre() throws {
        let (_, _, client) = try begin(4)
        #expect(try client.produce(batch(0), to: "t").errorCode == .notEnoughReplicas)
    }

    /// A node that does not answer any more, although its link is up, counts no longer.
    @Test func silenceIsNotTouch() throws {
        let (cluster, leader, client) = try begin()
        let silent = (leader + 1) % 3
        let replica = cluster.gateways[leader].node.replica
        #expect(replica.votersInTouch == 3)
        cluster.cluster.crash(cluster.cluster.members[silent], losesPower: false)
        cluster.run(milliseconds: 2000)
        #expect(replica.votersInTouch == 2 && replica.isLeader)
        #expect(try client.produce(batch(0), to: "t").errorCode == .notEnoughReplicas)
    }

    /// Stored by a majority, then the third is gone. Sent again, the records are acknowledged only with their copies.
    @Test func refusedAfterItIsStored() throws {
        let (cluster, leader, client) = try begin()
        let lost = (leader + 1) % 3
        try client.send(.one(batch(0), to: "t"))
        cluster.turn()
        cluster.isolate(lost)
        cluster.run(milliseconds: 50)
        let answer: ProduceResponse = try client.receive()
        #expect(answer.partitions[0].errorCode == .notEnoughReplicasAfterAppend)
        #expect(end(cluster, leader) == 1)
        #expect(cluster.gateways[leader].metrics.notEnoughReplicasAfterAppend == 1)
        #expect(try client.produce(batch(0), to: "t").errorCode == .notEnoughReplicas)
        cluster.isolate(lost, false)
        cluster.cluster.network.refreshConnections()
        settle(cluster, withoutDiskOf: lost)
        for _ in 0..<20 {
            cluster.cluster.clock.advance(milliseconds: 10)
            for member in cluster.cluster.members { member.node?.tick() }
            settle(cluster, withoutDiskOf: lost)
        }
        try client.send(.one(batch(0), to: "t"))
        settle(cluster, withoutDiskOf: lost)
        #expect(client.connection.isSilent)
        cluster.run(milliseconds: 500)
        let again: ProduceResponse = try client.receive()
        #expect(again.partitions[0].errorCode == .none && again.partitions[0].baseOffset == 0)
        #expect(end(cluster, leader) == 1)
    }

    @Test func eachTopicIsToldForItself() throws {
        let (cluster, leader, client) = try begin()
        var request = ProduceRequest(acks: -1, timeoutMs: 1000)
        for topic in ["t", "plain"] {
            let records = ByteSlice.batch([topic])
            request.append(topic: ByteSlice(utf8: topic), partitions: [.init(index: 0, records: records)])
        }
        try client.send(request)
        cluster.turn()
        cluster.isolate((leader + 1) % 3)
        cluster.run(milliseconds: 50)
        let answer: ProduceResponse = try client.receive()
        #expect(answer.partitions.map(\.errorCode) == [.notEnoughReplicasAfterAppend, .none])
        #expect(answer.partitions.map(\.baseOffset) == [-1, 0])
        #expect(cluster.gateways[leader].metrics.notEnoughReplicasAfterAppend == 1)
    }

    @Test func theClientsTimeoutEndsTheWait() throws {
        let (cluster, leader, client) = try begin()
        try client.send(.one(batch(0), to: "t", timeoutMs: 300))
        let slow = (leader + 1) % 3
        for _ in 0..<40 {
            settle(cluster, withoutDiskOf: slow)
            cluster.cluster.clock.advance(milliseconds: 10)
            for (position, member) in cluster.cluster.members.enumerated() {
                member.node?.tick()
                cluster.gateways[position].tick()
            }
        }
        settle(cluster, withoutDiskOf: slow)
        let answer: ProduceResponse = try client.receive()
        #expect(answer.partitions[0].errorCode == .notEnoughReplicasAfterAppend)
        #expect(end(cluster, leader) == 1)
    }

    /// Its successor is to be asked: it may have the record, and knows of its copies.
    @Test func theNextLeaderIsAsked() throws {
        let (cluster, leader, client) = try begin()
        try client.send(.one(batch(0), to: "t"))
        settle(cluster, withoutDiskOf: (leader + 1) % 3)
        #expect(end(cluster, leader) == 1 && client.connection.isSilent)
        for other in [0, 1, 2] where other != leader {
            #expect(cluster.gateways[leader].node.replica.isLeader)
            cluster.isolate(other)
        }
        for _ in 0..<200 {
            settle(cluster, withoutDiskOf: (leader + 1) % 3)
            cluster.cluster.clock.advance(milliseconds: 10)
            for member in cluster.cluster.members { member.node?.tick() }
        }
        settle(cluster, withoutDiskOf: (leader + 1) % 3)
        #expect(!cluster.gateways[leader].node.replica.isLeader)
        let answer: ProduceResponse = try client.receive()
        #expect(answer.partitions[0].errorCode == .notLeaderOrFollower)
    }
}
