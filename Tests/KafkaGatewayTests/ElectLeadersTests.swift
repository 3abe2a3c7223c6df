import KafkaGateway
import KafkaWire
import Testing

/// ElectLeaders. The preferred leader of every partition is the voter with the lowest number.
struct ElectLeadersTests {
    private func begin() throws -> (cluster: TestCluster, client: TestClient, leader: Int) {
        let cluster = try TestCluster.ready(nodes: 3)
        try cluster.connect().create("t", partitions: 2)
        cluster.run(milliseconds: 200)
        let leader = try cluster.elect()
        return (cluster, try cluster.connect(to: leader), leader)
    }

    /// The node at `position` leads afterwards.
    private func move(_ cluster: TestCluster, to position: Int) throws {
        if cluster.leader == position { return }
        let replica = cluster.gateways[try cluster.elect()].node.replica
        #expect(replica.transferLeadership(to: cluster.cluster.members[position].id) == .started)
        cluster.run(milliseconds: 300)
        #expect(cluster.leader == position)
    }

    private func request(
        _ partitions: [Int32]?, of topic: String = "t", type: Int8 = 0, timeoutMs: Int32 = 3000
    ) -> ElectLeadersRequest {
        ElectLeadersRequest(
            electionType: type, topicPartitions: partitions.map { [.init(name: topic, partitions: $0)] },
            timeoutMs: timeoutMs)
    }

    private func codes(_ response: ElectLeadersResponse) -> [KafkaErrorCode] {
        response.replicaElectionResults.flatMap { $0.partitions.map(\.errorCode) }
    }

    @Test(arguments: VersionTests.versions(.electLeaders)) func thePreferredNodeTakesOver(version: Int16) throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        let client = try cluster.connect(to: 2)
        try client.send(request([1, 7]), version: version)
        cluster.run(milliseconds: 300)
        let response: ElectLeadersResponse = try client.receive()
        #expect(response.errorCode == .none)
        #expect(codes(response) == [.none, .unknownTopicOrPartition])
        #expect(cluster.leader == 0)
        let again: ElectLeadersResponse = try cluster.connect(to: 0).call(request([0]), version: version)
        #expect(codes(again) == [.electionNotNeeded])
    }

    @Test func allPartitionsAreToldOnlyWhenTheyMove() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 1)
        let client = try cluster.connect(to: 1)
        try client.send(request(nil))
        cluster.run(milliseconds: 300)
        #expect(codes(try client.receive()) == [.none, .none])
        let again: ElectLeadersResponse = try cluster.connect(to: 0).call(request(nil))
        #expect(again.errorCode == .none && again.replicaElectionResults.isEmpty)
    }

    @Test func aFollowerPassesItOnToTheLeader() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        for follower in [0, 1] {
            let client = try cluster.connect(to: follower)
            try client.send(request([0]))
            cluster.run(milliseconds: 500)
            #expect(codes(try client.receive()) == [.none])
            #expect(cluster.leader == 0)
            try move(cluster, to: 2)
        }
    }

    @Test func nothingHappensForPartitionsThatAreNotThere() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        let client = try cluster.connect(to: 2)
        for (topic, partition) in [("t", Int32(2)), ("t", -1), ("missing", 0)] {
            let response: ElectLeadersResponse = try client.call(request([partition], of: topic))
            #expect(codes(response) == [.unknownTopicOrPartition])
        }
        #expect(cluster.leader == 2)
    }

    @Test func uncleanElectionsAreRefused() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        let client = try cluster.connect(to: 2)
        let named: ElectLeadersResponse = try client.call(request([0, 1], type: 1))
        #expect(codes(named) == [.electionNotNeeded, .electionNotNeeded])
        let all: ElectLeadersResponse = try client.call(request(nil, type: 1))
        #expect(codes(all).isEmpty)
        for type in [Int8(2), -1] {
            let other: ElectLeadersResponse = try client.call(request([0], type: type))
            #expect(other.errorCode == .invalidRequest && codes(other) == [.invalidRequest])
        }
        #expect(cluster.leader == 2)
    }

    @Test func aNodeThatIsAwayCannotTakeOver() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        cluster.isolate(0)
        cluster.run(milliseconds: 300)
        let response: ElectLeadersResponse = try cluster.connect(to: 2).call(request([0]))
        #expect(codes(response) == [.preferredLeaderNotAvailable])
        #expect(cluster.leader == 2)
    }

    /// It goes away in the middle: the old leader leads on, and says that it does.
    @Test func aTransferThatFailsIsToldAsFailed() throws {
        let (cluster, _, _) = try begin()
        try move(cluster, to: 2)
        let client = try cluster.connect(to: 2)
        try client.send(request([0]))
        cluster.isolate(0)
        cluster.run(milliseconds: 2000)
        #expect(codes(try client.receive()) == [.preferredLeaderNotAvailable])
        #expect(cluster.leader == 2)
    }

    @Test func withoutALeaderItIsToBeAskedAgain() throws {
        let (cluster, client, leader) = try begin()
        cluster.isolate(leader)
        try client.send(request([0]))
        cluster.run(milliseconds: 5000)
        let response: ElectLeadersResponse = try client.receive()
        #expect(response.errorCode == .notController && codes(response) == [.notController])
    }
}
