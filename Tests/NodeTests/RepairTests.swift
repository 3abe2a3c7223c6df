import Broker
import LogStore
import Ports
import Raft
import Simulator
import Testing

@testable import Node

/// Damage to entries that were durable, on a node at rest and on a running one: named, fetched from a peer and written
/// again, while the cluster serves.
@Suite struct RepairTests {
    private func settings() -> NodeSettings {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        settings.cacheBytes = 2 * 1024
        settings.scrubMilliseconds = 100
        return settings
    }

    private func value(_ number: Int) -> String { "value \(number) " + String(repeating: "v", count: 300) }

    private func begin(seed: UInt64, _ count: Int = 80) throws -> (SimulatedCluster, Writer) {
        let cluster = try SimulatedCluster(count: 3, seed: seed, settings: settings())
        let writer = try Writer(cluster)
        for number in 0..<count {
            try writer.produce(value(number))
            cluster.run(milliseconds: 10)
        }
        // Long enough for the flushed mark to be saved.
        cluster.run(milliseconds: 1_500)
        return (cluster, writer)
    }

    /// Which file an entry is in, and where.
    private func place(_ index: UInt64, _ member: SimulatedCluster.Member) throws -> (path: String, at: EntryLocation) {
        let location = try #require(member.node?.replica.log.location(of: index))
        let firsts = try member.disk.list("group-0").compactMap {
            $0.name.hasSuffix(".log") ? UInt64($0.name.dropLast(4)) : nil
        }
        let first = try #require(firsts.last { $0 <= index })
        let digits = String(first)
        return ("group-0/" + String(repeating: "0", count: 20 - digits.count) + digits + ".log", location)
    }

    private func isWhole(_ member: SimulatedCluster.Member, _ leader: SimulatedCluster.Member?) -> Bool {
        guard let replica = member.node?.replica, let leader = leader?.node?.replica else { return false }
        return replica.log.damagedRanges.isEmpty && replica.appliedIndex == leader.appliedIndex
            && replica.log.lastChain == leader.log.lastChain && replica.log.flushedIndex == leader.log.lastIndex
    }

    private func converge(
        _ cluster: SimulatedCluster, _ writer: Writer, count: Int = 80, _ context: String
    ) throws {
        let isDone = cluster.run(
            until: { cluster.members.allSatisfy { isWhole($0, cluster.leader) } })
        let states = cluster.members.map {
            "\(String(describing: $0.fault)) \($0.node?.replica.log.damagedRanges ?? [])"
        }
        try #require(isDone, "\(context): \(states)")
        for member in cluster.members {
            #expect(member.fault == nil, "\(context)")
            #expect(try writer.readAll(at: member, cluster) == (0..<count).map(value), "\(context) at \(member.id)")
        }
        for member in cluster.members {
            cluster.crash(member, losesPower: true)
            let verdict = LogVerifier().verify(member.disk, directory: "group-0")
            guard case .intact = verdict else {
                Issue.record("\(context), node \(member.id): \(verdict)")
                continue
            }
        }
    }

    /// Ways to damage `count` entries from `first` on.
    private enum Damage: CaseIterable {
        case payload, header, block, zeros, end
    }

    private func damage(_ kind: Damage, from first: UInt64, _ member: SimulatedCluster.Member) throws {
        let (path, location) = try place(first, member)
        damage(kind, path, location, member)
    }

    private func damage(
        _ kind: Damage, _ path: String, _ location: EntryLocation, _ member: SimulatedCluster.Member
    ) {
        let start = Int(location.headerOffset)
        member.disk.damage(path) { bytes in
            switch kind {
            case .payload: bytes[start + 150] ^= 4
            case .header: bytes[start + 20] ^= 4
            case .block: for at in start..<min(start + 2_000, bytes.count) { bytes[at] ^= 0x55 }
            case .zeros: for at in start..<min(start + 900, bytes.count) { bytes[at] = 0 }
            // Everything behind, to the end of the segment.
            case .end: for at in start..<bytes.count { bytes[at] = 0 }
            }
        }
    }

    private func removeSidecars(_ member: SimulatedCluster.Member) throws {
        for file in try member.disk.list("group-0") where file.name.hasSuffix(".idx") {
            try member.disk.remove("group-0/" + file.name)
        }
    }

    /// Found at the start, by reading the segments, or later, by the background check, where a sidecar is believed.
    @Test(arguments: [true, false]) func damageOnAFollowerAtRest(_ hasSidecars: Bool) throws {
        for (number, kind) in Damage.allCases.enumerated() {
            let (cluster, writer) = try begin(seed: 20 + UInt64(number))
            let leader = try #require(cluster.leader)
            let member = try #require(cluster.members.first { $0.id != leader.id })
            let place = try place(31, member)
            cluster.crash(member, losesPower: true)
            if !hasSidecars { try removeSidecars(member) }
            damage(kind, place.path, place.at, member)
            try cluster.start(member)
            if !hasSidecars {
                #expect(member.node?.replica.log.damagedRanges.isEmpty == false)
            }
            var repaired: UInt64 = 0
            member.node?.replica.onEvent = {
                if case .repaired(let first, let last, _) = $0 { repaired += last - first + 1 }
            }
            _ = cluster.run(until: { repaired > 0 && isWhole(member, cluster.leader) })
            #expect(repaired > 0, "\(kind), sidecars \(hasSidecars)")
            #expect(member.node?.replica.metrics.repairedEntries == repaired)
            try converge(cluster, writer, "\(kind), sidecars \(hasSidecars)")
        }
    }

    /// Simulator seed 25418: of a configuration's entry only the payload was damaged, so its place and term were known,
    /// but not who the members are.
    @Test(arguments: [true, false]) func aConfigurationThatIsRepairedIsTakenUp(_ hasSidecars: Bool) throws {
        let (cluster, writer) = try begin(seed: 47)
        let follower = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        let known = try #require(follower.node?.replica.configurations)
        let (path, location) = try place(known.lastIndex, follower)
        cluster.crash(follower, losesPower: false)
        if !hasSidecars { try removeSidecars(follower) }
        follower.disk.flip(path, byte: Int(location.headerOffset) + location.byteCount - 3, mask: 4)
        try cluster.start(follower)
        #expect(follower.node?.replica.configurations != known)
        #expect(cluster.run(until: { if case .repairedAnew = follower.fault { true } else { false } }))
        cluster.crash(follower, losesPower: false)
        try cluster.start(follower)
        #expect(follower.node?.replica.configurations == known)
        try converge(cluster, writer, "configuration")
    }

    @Test func damageWhileRunning() throws {
        for (number, kind) in Damage.allCases.enumerated() {
            let (cluster, writer) = try begin(seed: 40 + UInt64(number))
            // Of the leader and a follower, in different places.
            let leader = try #require(cluster.leader)
            let follower = try #require(cluster.members.first { $0.id != leader.id })
            try damage(kind, from: 12, leader)
            try damage(kind, from: 60, follower)
            let repaired = { (member: SimulatedCluster.Member) in member.node?.replica.metrics.repairedEntries ?? 0 }
            #expect(cluster.run(until: { repaired(leader) > 0 && repaired(follower) > 0 }), "\(kind)")
            cluster.run(milliseconds: 3_000)
            try converge(cluster, writer, "\(kind), running")
        }
    }

    /// The disk failed to read, and does no more: nobody else is needed (seed 79953).
    @Test func whatCanBeReadAgainIsNotDamagedAnyMore() throws {
        let (cluster, _) = try begin(seed: 21)
        let alone = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        let replica = try #require(alone.node?.replica)
        for other in cluster.members where other.id != alone.id {
            cluster.network.setLink(alone.id, other.id, up: false)
        }
        let (path, location) = try place(40, alone)
        alone.disk.flip(path, byte: Int(location.payloadOffset) + 3, mask: 1)
        replica.suspect(40)
        #expect(cluster.run(until: { !replica.log.damagedRanges.isEmpty }, limit: 1_000))
        cluster.run(milliseconds: 2_500)
        #expect(!replica.log.damagedRanges.isEmpty)
        alone.disk.flip(path, byte: Int(location.payloadOffset) + 3, mask: 1)
        #expect(cluster.run(until: { replica.log.damagedRanges.isEmpty }, limit: 2_500))
        #expect(alone.fault == nil)
    }

    /// The helix: nobody has a whole log, and nobody may vote, but each entry is whole somewhere.
    @Test func allDamagedInDisjointPlaces() throws {
        for (number, kind) in Damage.allCases.enumerated() where kind != .end {
            let (cluster, writer) = try begin(seed: 60 + UInt64(number))
            for (offset, member) in cluster.members.enumerated() {
                try damage(kind, from: 20 + UInt64(offset) * 15, member)
            }
            for member in cluster.members {
                cluster.crash(member, losesPower: true)
                try removeSidecars(member)
            }
            for member in cluster.members { try cluster.start(member) }
            #expect(cluster.members.allSatisfy { $0.node?.replica.log.damagedRanges.isEmpty == false })
            try converge(cluster, writer, "\(kind), everywhere")
        }
    }

    @Test func aCopyLostEverywhereHaltsNamingIt() throws {
        let (cluster, _) = try begin(seed: 80)
        for member in cluster.members { try damage(.payload, from: 33, member) }
        for member in cluster.members {
            cluster.crash(member, losesPower: true)
            try removeSidecars(member)
        }
        for member in cluster.members { try cluster.start(member) }
        cluster.run(milliseconds: 2_000)
        #expect(cluster.leader == nil, "nobody votes on the strength of it")
        _ = cluster.run(until: { cluster.members.allSatisfy { $0.fault != nil } })
        for member in cluster.members {
            guard case .noCopyLeft(let group, 33, 33) = member.fault else {
                Issue.record("\(String(describing: member.fault))")
                continue
            }
            #expect(group == GroupID(0))
            #expect(member.fault?.description.contains("group 0: entries 33 to 33") == true)
        }
    }

    /// With one of three away, one damaged and one whole there is no majority until the damage is repaired.
    @Test func withOneAwayTheRestRepairsAndGoesOn() throws {
        let (cluster, writer) = try begin(seed: 81)
        let leader = try #require(cluster.leader)
        let others = cluster.members.filter { $0.id != leader.id }
        try damage(.header, from: 40, others[0])
        for member in cluster.members { cluster.crash(member, losesPower: true) }
        try removeSidecars(others[0])
        try cluster.start(others[0])
        cluster.run(milliseconds: 5_000)
        #expect(others[0].fault == nil && others[0].node?.replica.log.damagedRanges.count == 1, "it waits for others")
        try cluster.start(others[1])
        try #require(cluster.run(until: { cluster.leader != nil }))
        try writer.produce(value(80))
        cluster.run(milliseconds: 200)
        try cluster.start(leader)
        try converge(cluster, writer, count: 81, "one away")
    }

    /// Nothing else looks for it, but an index is to be made: of the segment that was just sealed, or anew.
    @Test(arguments: [".idx", ".rows"]) func damageThatPreventsAnIndexIsRepairedAtOnce(_ suffix: String) throws {
        var settings = settings()
        settings.scrubMilliseconds = 1 << 30
        // What a snapshot covers is not applied again.
        settings.snapshotIntervalEntries = 20
        let cluster = try SimulatedCluster(count: 3, seed: 84, settings: settings)
        let writer = try Writer(cluster)
        for number in 0..<80 {
            try writer.produce(value(number))
            cluster.run(milliseconds: 10)
        }
        cluster.run(milliseconds: 1_500)
        let leader = try #require(cluster.leader)
        let member = try #require(cluster.members.first { $0.id != leader.id })
        let (path, location) = try place(31, member)
        let index = path.dropLast(4) + suffix
        cluster.crash(member, losesPower: true)
        try member.disk.remove(String(index))
        // Of a payload, only the index that is made of payloads can tell.
        if suffix == ".rows" { damage(.payload, path, location, member) }
        try cluster.start(member)
        let replica = try #require(member.node?.replica)
        if suffix == ".idx" {
            #expect(replica.log.damagedRanges.isEmpty)
            damage(.header, path, location, member)
        }
        cluster.run(milliseconds: 2_000)
        #expect(replica.metrics.damagedEntries == 1 && replica.metrics.repairedEntries == 1)
        #expect(try member.disk.list("group-0").contains { "group-0/" + $0.name == index })
        try converge(cluster, writer, "\(suffix)")
    }

    /// The check does not run after the end of a log that grows faster than it is checked.
    @Test func damageIsFoundWhileTheLogGrows() throws {
        var settings = settings()
        settings.scrubBytes = 1
        settings.scrubMilliseconds = 10
        let cluster = try SimulatedCluster(count: 3, seed: 85, settings: settings)
        let writer = try Writer(cluster)
        for number in 0..<240 {
            if number == 60 { try damage(.payload, from: 5, cluster.members[0]) }
            try writer.produce(value(number))
            cluster.run(milliseconds: 10)
        }
        #expect(cluster.members[0].node?.replica.metrics.repairedEntries == 1)
    }

    @Test func otherFilesAreWrittenAgain() throws {
        let (cluster, writer) = try begin(seed: 82)
        var events: [String] = []
        let member = cluster.members[1]
        let replica = try #require(member.node?.replica)
        replica.onEvent = { if case .fileDamaged(let name) = $0 { events.append(name) } }
        replica.snapshots.bytesSince = 1 << 40
        try writer.produce(value(80))
        cluster.run(milliseconds: 500)
        let snapshot = try #require(replica.log.newestSnapshot)
        member.disk.flip("group-0/term-and-vote", byte: 4_100, mask: 1)
        member.disk.flip(snapshot.path, byte: 100, mask: 1)
        #expect(cluster.run(until: { events.count >= 2 }))
        cluster.run(milliseconds: 3_000)
        #expect(events.sorted() == [snapshot.path, "term-and-vote"].sorted())
        #expect(replica.metrics.rewrittenFiles == 2)
        try converge(cluster, writer, count: 81, "other files")
    }

    /// Term and vote are what no other node can tell.
    @Test func aLossThatCannotBeRepairedSaysWhatToDo() throws {
        let (cluster, _) = try begin(seed: 86, 5)
        let member = cluster.members[0]
        cluster.crash(member, losesPower: true)
        for slot in [0, 4096] { member.disk.flip("group-0/term-and-vote", byte: slot + 30, mask: 1) }
        do {
            try cluster.start(member)
            Issue.record("started without its vote")
        } catch {
            let words = "\(error)"
            #expect(words.contains("term and vote") && words.contains("cluster remove") && words.contains("--join"))
        }
    }

    /// One that differs from most stops; one that differs from a single other does not.
    @Test func theMinorityStopsWhenHistoriesDiffer() throws {
        let (cluster, _) = try begin(seed: 83)
        let member = cluster.members[0]
        let replica = try #require(member.node?.replica)
        let index = replica.appliedIndex
        let own = try #require(replica.chain(at: index))
        replica.onFrame(.chain(index: index, chain: own ^ 1), from: NodeID(2))
        #expect(member.fault == nil)
        replica.onFrame(.chain(index: index, chain: own), from: NodeID(2))
        replica.onFrame(.chain(index: index, chain: own ^ 1), from: NodeID(3))
        replica.onFrame(.chain(index: index + 100, chain: own ^ 1), from: NodeID(2))
        #expect(member.fault == nil, "what is not committed here is not compared")
        replica.onFrame(.chain(index: index, chain: own ^ 1), from: NodeID(2))
        guard case .divergence(index, _, _) = member.fault else {
            Issue.record("\(String(describing: member.fault))")
            return
        }
    }
}
