import Bytes
import KafkaWire
import Ports
import Testing

/// What clients of the old leader are told while leadership moves.
struct HandOverTests {
    private func begin() throws -> (cluster: TestCluster, leader: Int, heir: Int, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: 3)
        let leader = try cluster.elect()
        let client = try cluster.connect(to: leader)
        try client.create("t")
        cluster.run(milliseconds: 200)
        return (cluster, leader, (leader + 1) % 3, client)
    }

    private func transfer(_ cluster: TestCluster, from leader: Int, to heir: Int) {
        let replica = cluster.gateways[leader].node.replica
        #expect(replica.transferLeadership(to: cluster.cluster.members[heir].id) == .started)
    }

    /// Told at once, a client would ask for the new leader before there is one, and then wait.
    @Test func requestsWaitForTheNewLeaderToBeKnown() throws {
        let (cluster, leader, heir, client) = try begin()
        transfer(cluster, from: leader, to: heir)
        try client.send(.one(.batch(["a"]), to: "t"))
        try client.send(.one(.batch(["b"]), to: "t"))
        try client.send(MetadataRequest(topics: [.init(name: "t")]))
        cluster.turn()
        #expect(client.connection.takeFrame() == nil)
        cluster.settle()
        for _ in 0..<2 {
            let produced: ProduceResponse = try client.receive()
            #expect(produced.partitions[0].errorCode == .notLeaderOrFollower)
            #expect(produced.partitions[0].currentLeader?.leaderId == Int32(heir) + 1)
        }
        let metadata: MetadataResponse = try client.receive()
        #expect(metadata.topics[0].partitions[0].leaderId == Int32(heir) + 1)
        #expect(cluster.leader == heir)
        #expect(try client.produce(.batch(["c"]), to: "t").errorCode == .notLeaderOrFollower, "no longer held")
        #expect(try cluster.connect(to: heir).produce(.batch(["d"]), to: "t").baseOffset == 0)
    }

    /// The target does not answer: clients go on after a moment, and the old leader leads on.
    @Test func aTransferThatFailsHoldsNobodyForLong() throws {
        let (cluster, leader, heir, client) = try begin()
        let ids = cluster.cluster.members.map(\.id)
        cluster.cluster.network.setLink(ids[leader], ids[heir], up: false)
        transfer(cluster, from: leader, to: heir)
        try client.send(.one(.batch(["a"]), to: "t"))
        cluster.run(milliseconds: 100)
        #expect(client.connection.takeFrame() == nil)
        cluster.run(milliseconds: 120)
        let produced: ProduceResponse = try client.receive()
        #expect(produced.partitions[0].errorCode.isRetriable)
        cluster.run(milliseconds: 500)
        #expect(cluster.leader == leader)
        #expect(try client.produce(.batch(["b"]), to: "t").errorCode == .none)
    }

    /// A request that ends its connection ends it for those behind it, held or not yet read. Found by the simulator
    /// (seed 1218).
    @Test func nothingIsReadAfterAHeldRequestHasClosedTheConnection() throws {
        let (cluster, leader, heir, client) = try begin()
        transfer(cluster, from: leader, to: heir)
        try client.send(.one(.batch(["a"]), to: "t", acks: 0), isAnswered: false)
        for _ in 0..<2 { try client.send(ApiVersionsRequest()) }
        cluster.settle()
        #expect(client.connection.closeReason != nil && !client.connection.isReading)
        #expect(client.connection.takeFrame() == nil)
    }

    /// A client that has gone does not matter.
    @Test func aHeldClientMayLeave() throws {
        let (cluster, leader, heir, client) = try begin()
        transfer(cluster, from: leader, to: heir)
        try client.send(.one(.batch(["a"]), to: "t"))
        client.disconnect()
        cluster.settle()
        #expect(cluster.leader == heir)
    }
}
