import LogStore
import Ports
import Simulator
import Testing

@testable import Node

/// Damage to entries that the others have deleted: there is no copy to be had, and none is needed.
@Suite struct DeletedDamageTests {
    private static let deletedCount = 50
    private static let keptCount = 60

    private struct Scene {
        let cluster: SimulatedCluster
        let writer: Writer
        var kept: [String] = []

        func whole(_ member: SimulatedCluster.Member) -> Bool {
            guard let replica = member.node?.replica, let leader = cluster.leader?.node?.replica else { return false }
            return member.fault == nil && replica.log.damagedRanges.isEmpty && replica.log.firstIndex > 1
                && replica.appliedIndex == leader.log.lastIndex && replica.log.flushedIndex == leader.log.lastIndex
                && replica.log.lastChain == leader.log.lastChain
        }

        mutating func produce(_ count: Int) throws {
            for _ in 0..<count {
                kept.append("value \(kept.count) " + String(repeating: "v", count: 300))
                try writer.produce(kept[kept.count - 1])
                cluster.run(milliseconds: 10)
            }
        }

        /// Starts a node; one that `isWide` goes on writing to the segment it has.
        func start(_ member: SimulatedCluster.Member, isWide: Bool) throws {
            let usual = cluster.settings.log.segmentBytes
            if isWide { cluster.settings.log.segmentBytes = 1 << 20 }
            defer { cluster.settings.log.segmentBytes = usual }
            try cluster.start(member)
        }

        /// Snapshots of those who run, and the deletion of what no topic needs.
        mutating func shorten() throws {
            for member in cluster.members { member.node?.replica.snapshots.bytesSince = 1 << 40 }
            try produce(1)
            cluster.run(milliseconds: 200)
        }
    }

    /// A topic is gone and another has begun; nobody has deleted anything yet.
    private func begin(seed: UInt64, scrubs: Bool = false, wide: Int? = nil) throws -> Scene {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        settings.cacheBytes = 2 * 1024
        settings.followerReachEntries = 5
        settings.scrubMilliseconds = scrubs ? 100 : 1 << 30
        let cluster = try SimulatedCluster(count: 3, seed: seed, settings: settings)
        var scene = Scene(cluster: cluster, writer: try Writer(cluster))
        if let wide {
            cluster.crash(cluster.members[wide], losesPower: false)
            try scene.start(cluster.members[wide], isWide: true)
            #expect(cluster.run(until: { cluster.leader != nil }))
        }
        try scene.produce(Self.deletedCount)
        try scene.writer.recreateTopic()
        scene.kept = []
        try scene.produce(Self.keptCount)
        cluster.run(milliseconds: 1_500)
        return scene
    }

    private func damage(_ member: SimulatedCluster.Member, _ index: UInt64) throws {
        let location = try #require(member.node?.replica.log.location(of: index))
        let path = "group-0/00000000000000000001.log"
        try #require(member.node?.replica.log.sealedEnd(of: 1) ?? .max > index)
        member.disk.flip(path, byte: Int(location.headerOffset) + 150, mask: 4)
    }

    /// A follower that cannot apply what is damaged takes the leader's state. What it has acknowledged behind the
    /// damage it never gives up, and is half of a majority with it when the third is down.
    @Test(arguments: [0, 1, 20]) func aFollowerThatCannotApplyIt(_ more: Int) throws {
        var scene = try begin(seed: 90)
        let cluster = scene.cluster
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        try damage(others[0], 12)
        let last = try #require(others[0].node?.replica.log.lastIndex)
        cluster.crash(others[0], losesPower: true)
        try scene.shorten()
        try scene.produce(more)
        #expect((leader.node?.replica.log.firstIndex ?? 0) > 12)
        try cluster.start(others[0])
        var lowest = UInt64.max
        var begun = 0
        let isWhole = cluster.run(
            until: {
                if let replica = others[0].node?.replica { lowest = min(lowest, replica.log.lastIndex) }
                if case .damagePassed = others[0].fault {
                    begun += 1
                    cluster.crash(others[0], losesPower: true)
                    do { try cluster.start(others[0]) } catch { Issue.record("\(error)") }
                }
                return scene.whole(others[0])
            })
        try #require(isWhole, "\(String(describing: others[0].fault))")
        #expect(begun == 1 && lowest >= last)
        cluster.crash(others[1], losesPower: true)
        try scene.produce(3)
        cluster.run(milliseconds: 200)
        #expect(try scene.writer.readAll(at: others[0], cluster) == scene.kept)
        #expect(others[0].node?.replica.broker.digest() == leader.node?.replica.broker.digest())
    }

    /// What was applied before it was damaged is deleted as the others have deleted it, whoever leads.
    @Test(arguments: [true, false]) func appliedBefore(_ leads: Bool) throws {
        var scene = try begin(seed: 91, scrubs: true)
        let cluster = scene.cluster
        let member = try #require(cluster.members.first { ($0.id == cluster.leader?.id) == leads })
        for other in cluster.members where other.id != member.id {
            other.node?.replica.snapshots.bytesSince = 1 << 40
        }
        try scene.produce(1)
        cluster.run(milliseconds: 200)
        #expect(member.node?.replica.log.firstIndex == 1)
        try damage(member, 12)
        #expect(cluster.run(until: { scene.whole(member) }), "\(String(describing: member.fault))")
        #expect(member.node?.replica.metrics.damagedEntries == 1 && member.node?.replica.metrics.repairedEntries == 0)
        try scene.produce(3)
        cluster.run(milliseconds: 200)
        #expect(try scene.writer.readAll(at: member, cluster) == scene.kept)
    }

    /// The follower goes on writing to the segment with the damage, which holds live entries, too: its log begins
    /// behind the damage, whether it has applied what is there or not, and at the next start again.
    @Test(arguments: [false, true]) func liveEntriesShareItsSegment(_ isApplied: Bool) throws {
        var scene = try begin(seed: 95, scrubs: isApplied, wide: 2)
        let cluster = scene.cluster
        let member = cluster.members[2]
        try #require(cluster.leader?.id != member.id)
        if !isApplied {
            try damage(member, 12)
            cluster.crash(member, losesPower: true)
        }
        try scene.shorten()
        #expect((cluster.leader?.node?.replica.log.firstIndex ?? 0) > 12)
        if isApplied {
            #expect(member.node?.replica.log.firstIndex == 1)
            try damage(member, 12)
        } else {
            try scene.start(member, isWide: true)
        }
        var begun = 0
        let isWhole = cluster.run(
            until: {
                if case .damagePassed = member.fault {
                    begun += 1
                    cluster.crash(member, losesPower: true)
                    do { try scene.start(member, isWide: true) } catch { Issue.record("\(error)") }
                }
                return scene.whole(member)
            })
        try #require(isWhole, "\(String(describing: member.fault))")
        #expect(begun == 1 && member.node?.replica.log.firstIndex == 13)
        cluster.crash(member, losesPower: true)
        try scene.start(member, isWide: true)
        try scene.produce(3)
        cluster.run(milliseconds: 1_000)
        #expect(scene.whole(member) && member.node?.replica.log.firstIndex == 13)
        let other = try #require(cluster.members.first { $0.id != member.id && $0.id != cluster.leader?.id })
        cluster.crash(other, losesPower: true)
        try scene.produce(3)
        cluster.run(milliseconds: 200)
        #expect(try scene.writer.readAll(at: member, cluster) == scene.kept)
    }

    /// Elected before it read its log, a leader finds that it cannot apply it: it makes room for one that can, and
    /// takes the state of that one, also if the damage is in the segment it writes to.
    @Test(arguments: [false, true]) func aLeaderThatCannotApplyItHandsOver(_ isActive: Bool) throws {
        var scene = try begin(seed: 94, wide: isActive ? 2 : nil)
        let cluster = scene.cluster
        let member = cluster.members[2]
        for other in cluster.members.dropLast() { other.node?.replica.snapshots.bytesSince = 1 << 40 }
        try scene.produce(1)
        cluster.run(milliseconds: 1_000)
        for member in cluster.members { cluster.crash(member, losesPower: true) }
        try scene.start(member, isWide: isActive)
        try damage(member, 12)
        #expect((member.node?.replica.log.sealedEnd(of: 12) == nil) == isActive)
        cluster.run(milliseconds: 1_000)
        // It stands for election before the next one to come does.
        try cluster.start(cluster.members[0])
        try #require(cluster.run(until: { member.node?.replica.isLeader == true }))
        try cluster.start(cluster.members[1])
        let isWhole = cluster.run(
            until: {
                if case .damagePassed = member.fault {
                    cluster.crash(member, losesPower: true)
                    do { try cluster.start(member) } catch { Issue.record("\(error)") }
                }
                guard let leader = cluster.leader, leader.id != member.id else { return false }
                return scene.whole(member)
            })
        #expect(isWhole, "\(String(describing: member.fault))")
        try scene.produce(3)
        cluster.run(milliseconds: 200)
        #expect(try scene.writer.readAll(at: member, cluster) == scene.kept)
    }

    /// A follower that needs what is damaged at the leader, and deleted elsewhere, is not left to wait for it, even if
    /// it is near enough to be spared the state otherwise (seed 3114 of the simulator).
    @Test(arguments: [5, 1_000]) func aFollowerThatIsBehindGetsTheState(reach: UInt64) throws {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        settings.cacheBytes = 2 * 1024
        settings.followerReachEntries = reach
        settings.scrubMilliseconds = 1 << 30
        let cluster = try SimulatedCluster(count: 3, seed: 92, settings: settings)
        var scene = Scene(cluster: cluster, writer: try Writer(cluster))
        try scene.produce(5)
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        cluster.crash(others[0], losesPower: false)
        try scene.produce(Self.deletedCount)
        try scene.writer.recreateTopic()
        scene.kept = []
        try scene.produce(Self.keptCount)
        cluster.run(milliseconds: 1_500)
        try damage(leader, 12)
        others[1].node?.replica.snapshots.bytesSince = 1 << 40
        try scene.produce(1)
        cluster.run(milliseconds: 200)
        #expect(leader.node?.replica.log.firstIndex == 1 && (others[1].node?.replica.log.firstIndex ?? 0) > 12)
        try cluster.start(others[0])
        // The others keep for it what they would have deleted, and it is given them when the damage is behind.
        let isWhole = cluster.run(until: { scene.whole(others[0]) && scene.whole(leader) })
        #expect(isWhole && cluster.leader?.id == leader.id, "\(String(describing: leader.fault))")
        #expect(try scene.writer.readAll(at: others[0], cluster) == scene.kept)
    }
}
