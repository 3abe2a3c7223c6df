import Broker
import Bytes
import Ports
import Simulator
import Testing

@testable import Node

/// The watermark: records are refused before a disk is full.
@Suite struct SpaceTests {
    private static let minimum: UInt64 = 64 << 10

    private func begin(count: Int, seed: UInt64) throws -> (cluster: SimulatedCluster, writer: Writer) {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 << 10
        settings.minimumFreeBytes = Self.minimum
        let cluster = try SimulatedCluster(count: count, seed: seed, settings: settings)
        let writer = try Writer(cluster)
        cluster.run(milliseconds: 500)
        return (cluster, writer)
    }

    /// So much, and no more, can still be written there.
    private func leave(_ free: UInt64, on member: SimulatedCluster.Member) {
        member.disk.capacity = member.disk.usedBytes + free
    }

    private func replica(_ member: SimulatedCluster.Member) throws -> Replica { try #require(member.node?.replica) }

    private func low(_ cluster: SimulatedCluster, _ members: [SimulatedCluster.Member]) -> Bool {
        cluster.run(until: { members.allSatisfy { $0.node?.replica.diskSpace?.isLow == true } }, limit: 2_000)
    }

    private func isStopped(_ cluster: SimulatedCluster) -> Bool {
        cluster.leader?.node?.replica.isIntakeStopped == true
    }

    @Test func lowBelowTheMarkAndWellAboveItAgain() throws {
        let (cluster, _) = try begin(count: 1, seed: 1)
        let member = cluster.member(1)
        let replica = try replica(member)
        var events: [String] = []
        replica.onEvent = { events.append("\($0)") }
        leave(Self.minimum, on: member)
        cluster.run(milliseconds: 1_000)
        #expect(replica.diskSpace == SpaceReport(
            space: DiskSpace(free: Self.minimum, total: member.disk.capacity), isLow: false))
        #expect(!replica.isIntakeStopped && events.isEmpty)
        leave(Self.minimum - 1, on: member)
        cluster.run(milliseconds: 1_000)
        #expect(replica.diskSpace?.isLow == true && replica.isIntakeStopped)
        leave(Self.minimum * 5 / 4 - 1, on: member)
        cluster.run(milliseconds: 1_000)
        #expect(replica.isIntakeStopped, "a little more is not enough")
        leave(Self.minimum * 5 / 4, on: member)
        cluster.run(milliseconds: 1_000)
        #expect(replica.diskSpace?.isLow == false && !replica.isIntakeStopped)
        #expect(events.count == 4, "one line for each change: \(events)")
    }

    @Test func withoutAMarkNothingIsRefused() throws {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 << 10
        let cluster = try SimulatedCluster(count: 1, seed: 2, settings: settings)
        try #require(cluster.run(until: { cluster.leader != nil }))
        leave(0, on: cluster.member(1))
        cluster.run(milliseconds: 1_000)
        #expect(try replica(cluster.member(1)).diskSpace?.space.free == 0)
        #expect(!isStopped(cluster))
    }

    /// A minority's disks do not stop the others.
    @Test func oneFollowerIsNoReason() throws {
        let (cluster, writer) = try begin(count: 3, seed: 3)
        let follower = try #require(cluster.members.first { $0 !== cluster.leader })
        leave(Self.minimum / 2, on: follower)
        #expect(low(cluster, [follower]))
        cluster.run(milliseconds: 500)
        let leader = try #require(cluster.leader)
        #expect(try replica(leader).isLowOnSpace(follower.id) && !isStopped(cluster))
        try writer.produce("a")
        cluster.settle()
        #expect(writer.acknowledged == 1)
    }

    /// Leadership goes where there is room; nobody is refused.
    @Test func theLeaderAloneHandsOver() throws {
        let (cluster, writer) = try begin(count: 3, seed: 4)
        let old = try #require(cluster.leader)
        leave(Self.minimum / 2, on: old)
        #expect(cluster.run(until: { cluster.leader.map { $0 !== old } ?? false }, limit: 2_000))
        cluster.run(milliseconds: 1_000)
        #expect(cluster.leader !== old && !isStopped(cluster))
        try writer.produce("a")
        cluster.settle()
        #expect(writer.acknowledged == 1)
        #expect(try replica(old).transferLeadership(to: old.id) != .started)
    }

    @Test func twoOfThreeStopTheIntakeUntilThereIsRoom() throws {
        let (cluster, writer) = try begin(count: 3, seed: 5)
        let leader = try #require(cluster.leader)
        let followers = cluster.members.filter { $0 !== leader }
        for follower in followers { leave(Self.minimum / 2, on: follower) }
        #expect(cluster.run(until: { isStopped(cluster) }, limit: 2_000))
        #expect(cluster.leader === leader, "nobody else could take more")
        leave(1 << 30, on: followers[0])
        #expect(cluster.run(until: { !isStopped(cluster) }, limit: 2_000))
        try writer.produce("a")
        cluster.settle()
        #expect(writer.acknowledged == 1)
    }

    /// The only one that could still store it with the leader has no room: it would be full soon.
    @Test func whoIsAwayIsNoRoom() throws {
        let (cluster, _) = try begin(count: 3, seed: 6)
        let leader = try #require(cluster.leader)
        let followers = cluster.members.filter { $0 !== leader }
        leave(Self.minimum / 2, on: followers[0])
        #expect(low(cluster, [followers[0]]))
        cluster.run(milliseconds: 500)
        #expect(!isStopped(cluster))
        cluster.crash(followers[1], losesPower: false)
        #expect(cluster.run(until: { isStopped(cluster) }, limit: 3_000))
        try cluster.start(followers[1])
        #expect(cluster.run(until: { cluster.leader != nil && !isStopped(cluster) }, limit: 5_000))
    }

    @Test func whoLeadsNextKnowsAlready() throws {
        let (cluster, _) = try begin(count: 3, seed: 7)
        let leader = try #require(cluster.leader)
        for member in cluster.members { leave(Self.minimum / 2, on: member) }
        #expect(low(cluster, cluster.members))
        cluster.run(milliseconds: 500)
        cluster.crash(leader, losesPower: false)
        #expect(cluster.run(until: { cluster.leader != nil }, limit: 5_000))
        #expect(isStopped(cluster))
    }

    /// While nothing is taken in no snapshot would be due, and behind an old one nothing can be deleted.
    @Test func whatWasDeletedMakesRoom() throws {
        let (cluster, writer) = try begin(count: 1, seed: 8)
        let member = cluster.member(1)
        for number in 0..<60 {
            try writer.produce("\(number) " + String(repeating: "x", count: 1_000))
            cluster.run(milliseconds: 20)
        }
        try #require(writer.acknowledged == 60)
        let replica = try replica(member)
        let used = member.disk.usedBytes
        leave(Self.minimum - 1, on: member)
        #expect(cluster.run(until: { isStopped(cluster) }, limit: 2_000))
        cluster.run(milliseconds: 1_000)
        #expect(replica.log.firstIndex == 1 && writer.endOffset(at: member) == 60, "nothing that is live goes")
        try writer.recreateTopic()
        #expect(cluster.run(until: { !isStopped(cluster) }, limit: 8_000))
        #expect(replica.log.firstIndex > 1 && member.disk.usedBytes < used)
        try writer.produce("again")
        cluster.settle()
        #expect(writer.acknowledged == 61)
    }

    @Test func framesComeBackAsTheyWere() throws {
        let report = SpaceReport(space: DiskSpace(free: .max, total: 5), isLow: true)
        let frame = PeerFrame.space(report).encode(group: GroupID(0))
        guard case .space(let decoded) = try PeerFrame.decode(frame[0]).frame else {
            Issue.record("another frame")
            return
        }
        #expect(decoded == report)
        var bytes = frame[0].array
        bytes[bytes.count - 1] = 2
        #expect(throws: (any Error).self) { try PeerFrame.decode(ByteSlice(bytes)) }
    }
}
