import Ports
import Simulator
import Testing

@testable import Node

/// The time that records expire by is not one clock's.
@Suite struct ClockTests {
    private func leader(count: Int, seed: UInt64) throws -> (SimulatedCluster, Replica) {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 << 10
        let cluster = try SimulatedCluster(count: count, seed: seed, settings: settings)
        try #require(cluster.run(until: { cluster.leader != nil }))
        let replica = try #require(cluster.leader?.node?.replica)
        return (cluster, replica)
    }

    @Test func itIsTheTimeThatAMajorityHasReached() throws {
        let (cluster, replica) = try leader(count: 5, seed: 1)
        let own = cluster.clock.wallMilliseconds
        let others = replica.otherMembers
        let told: [Int64] = [own + 1 << 40, own + 2_000, own - 5_000, 0]
        for (other, time) in zip(others, told) { replica.onFrame(.clock(milliseconds: time), from: other) }
        #expect(replica.agreedMilliseconds == own)
        replica.onFrame(.clock(milliseconds: own + 3_000), from: others[2])
        #expect(replica.agreedMilliseconds == own + 2_000)
    }

    @Test func itIsNotLaterThanAllButAMinorityHaveReached() throws {
        let (cluster, replica) = try leader(count: 5, seed: 1)
        let own = cluster.clock.wallMilliseconds
        let others = replica.otherMembers
        replica.onFrame(.clock(milliseconds: own - 7_000), from: others[0])
        #expect(replica.latestMilliseconds == nil)
        replica.onFrame(.clock(milliseconds: own - 5_000), from: others[1])
        #expect(replica.latestMilliseconds == own, "two of the three may be behind")
        replica.onFrame(.clock(milliseconds: own + 1 << 40), from: others[2])
        #expect(replica.latestMilliseconds == own)
        replica.onFrame(.clock(milliseconds: own + 1 << 39), from: others[3])
        #expect(replica.latestMilliseconds == own)
    }

    @Test func withoutAMajorityNobodyKnows() throws {
        let (cluster, replica) = try leader(count: 3, seed: 2)
        #expect(cluster.run(until: { replica.agreedMilliseconds == cluster.clock.wallMilliseconds }, limit: 3_000))
        for other in replica.otherMembers { cluster.network.setLink(replica.node, other, up: false) }
        cluster.clock.advance(milliseconds: 5_000)
        #expect(replica.agreedMilliseconds == cluster.clock.wallMilliseconds, "clocks go on")
        cluster.clock.advance(milliseconds: 6_000)
        #expect(replica.agreedMilliseconds == nil)
    }

    @Test func oneNodeAloneIsItsOwnMajority() throws {
        let (cluster, replica) = try leader(count: 1, seed: 3)
        #expect(replica.agreedMilliseconds == cluster.clock.wallMilliseconds)
    }

    @Test(arguments: [-1, Int64.max, Int64.min]) func impossibleTimesAreRefused(_ time: Int64) throws {
        let frame = PeerFrame.clock(milliseconds: time).encode(group: GroupID(0))
        #expect(throws: (any Error).self) { try PeerFrame.decode(frame[0]) }
    }
}
