import Testing

@testable import KafkaGateway
@testable import Node

struct TimeKeeperTests {
    /// What it stamps then would look older than it is, once another leads.
    @Test func aLeaderWhoseClockIsBehindSaysSo() throws {
        let cluster = try TestCluster.ready(nodes: 3)
        let replica = cluster.gateways[try cluster.elect()].node.replica
        cluster.run(milliseconds: 1_500)
        #expect(cluster.gateways.allSatisfy { $0.broker.doubtedSince == nil })
        let before = replica.broker.clock
        for other in replica.otherMembers {
            replica.onFrame(.clock(milliseconds: cluster.cluster.clock.wallMilliseconds + 3_600_000), from: other)
        }
        cluster.run(milliseconds: 20)
        #expect(replica.broker.doubtedSince.map { $0 >= before } == true)
        cluster.run(milliseconds: 1_500)
        #expect(cluster.gateways.allSatisfy { $0.broker.doubtedSince == nil }, "they have told the right time again")
    }
}
