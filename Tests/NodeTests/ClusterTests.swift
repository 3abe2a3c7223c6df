import Broker
import Bytes
import Node
import Ports
import Records
import Simulator
import Testing

/// Whole nodes over simulated disks and links.
@Suite struct ClusterTests {
    private func settings(segmentBytes: UInt64 = 64 * 1024, snapshotEntries: Int = 200_000) -> NodeSettings {
        var settings = NodeSettings()
        settings.log.segmentBytes = segmentBytes
        settings.snapshotIntervalEntries = snapshotEntries
        settings.cacheBytes = 8 * 1024
        settings.followerReachEntries = 50
        settings.maximumEntryBytes = 8 * 1024
        return settings
    }

    @Test(arguments: [1, 3, 5]) func electsOneLeaderThatTakesRequests(_ count: Int) throws {
        let cluster = try SimulatedCluster(count: count, seed: 1, settings: settings())
        #expect(cluster.run(until: { cluster.leader != nil }))
        #expect(cluster.members.allSatisfy { $0.node?.replica.leader == cluster.leader?.id })
    }

    @Test func committedRecordsReachEveryNode() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 2, settings: settings())
        let writer = try Writer(cluster)
        for number in 0..<50 { try writer.produce("record \(number)") }
        cluster.run(milliseconds: 200)
        #expect(writer.acknowledged == 50)
        for member in cluster.members {
            #expect(writer.endOffset(at: member) == 50)
            #expect(member.node?.replica.broker.digest() == cluster.members[0].node?.replica.broker.digest())
        }
    }

    @Test func nothingIsAcknowledgedWithoutAQuorum() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 3, settings: settings())
        let writer = try Writer(cluster)
        let leader = try #require(cluster.leader)
        for member in cluster.members where member.id != leader.id { cluster.crash(member, losesPower: false) }
        try writer.produce("unheard", at: leader)
        cluster.run(milliseconds: 100)
        #expect(writer.acknowledged == 0)
        #expect(cluster.run(until: { leader.node?.replica.isLeader == false }), "CheckQuorum deposes the leader")
        #expect(writer.unknown == 1, "its waiting producer is told that the outcome is unknown")
    }

    @Test func aNewLeaderHasEverythingAcknowledged() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 4, settings: settings())
        let writer = try Writer(cluster)
        for round in 0..<6 {
            for number in 0..<20 { try writer.produce("round \(round) record \(number)") }
            cluster.settle()
            let leader = try #require(cluster.leader)
            cluster.crash(leader, losesPower: round % 2 == 0)
            #expect(cluster.run(until: { cluster.leader != nil }), "round \(round)")
            try cluster.start(leader)
            cluster.run(milliseconds: 300)
            #expect(cluster.leader.map { writer.endOffset(at: $0) } == Int64(writer.acknowledged))
        }
        #expect(writer.acknowledged == 120)
    }

    /// A killed process breaks its links, which its followers need not wait an election timeout to notice.
    @Test(arguments: 0..<10) func aKilledLeaderIsReplacedSoon(_ seed: UInt64) throws {
        let cluster = try SimulatedCluster(count: 3, seed: 100 + seed, settings: settings())
        let writer = try Writer(cluster)
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        cluster.crash(leader, losesPower: false)
        #expect(cluster.run(until: { cluster.leader != nil }, limit: 150))
        try writer.produce("after")
        cluster.settle()
        #expect(writer.acknowledged == 1)
    }

    @Test func everythingSurvivesPowerLossOfAllNodes() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 5, settings: settings(snapshotEntries: 30))
        let writer = try Writer(cluster)
        for number in 0..<100 {
            try writer.produce("record \(number)")
            if number % 10 == 0 { cluster.run(milliseconds: 20) }
        }
        cluster.settle()
        #expect(writer.acknowledged == 100)
        for member in cluster.members { cluster.crash(member, losesPower: true) }
        for member in cluster.members { try cluster.start(member) }
        #expect(cluster.run(until: { cluster.leader != nil }))
        let leader = try #require(cluster.leader)
        #expect(writer.endOffset(at: leader) == 100)
        #expect(try writer.readAll(at: leader, cluster) == (0..<100).map { "record \($0)" })
    }

    @Test func restartReplaysOnlyWhatFollowsTheSnapshot() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 6, settings: settings(snapshotEntries: 40))
        let writer = try Writer(cluster)
        for number in 0..<100 { try writer.produce("record \(number)") }
        cluster.run(milliseconds: 50)
        let member = cluster.member(1)
        let snapshot = try #require(member.node?.replica.log.newestSnapshot)
        #expect(snapshot.index >= 40)
        let digest = member.node?.replica.broker.digest()
        cluster.crash(member, losesPower: true)
        try cluster.start(member)
        #expect(member.node?.replica.appliedIndex == snapshot.index)
        #expect(cluster.run(until: { cluster.leader != nil }))
        #expect(member.node?.replica.broker.digest() == digest)
    }

    /// A restarted follower applies old entries from disk while new ones are still on their way to it.
    @Test(arguments: 0..<20) func aRestartedFollowerCatchesUpUnderLoad(_ seed: UInt64) throws {
        let cluster = try SimulatedCluster(count: 3, seed: 200 + seed, settings: settings())
        let writer = try Writer(cluster)
        for number in 0..<40 { try writer.produce("before \(number)") }
        cluster.run(milliseconds: 100)
        let follower = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        cluster.crash(follower, losesPower: true)
        try cluster.start(follower)
        for number in 0..<40 {
            try writer.produce("after \(number)")
            if number % 3 == 0 { cluster.run(milliseconds: 10) }
        }
        cluster.run(milliseconds: 300)
        #expect(follower.fault == nil)
        #expect(writer.endOffset(at: follower) == 80)
    }

    /// The follower was away while the leader deleted what a dead topic had pinned: it gets state and live segments.
    @Test func aFollowerBehindTheLogsBeginningGetsASnapshot() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 7, settings: settings(snapshotEntries: 20))
        let writer = try Writer(cluster)
        let leader = try #require(cluster.leader)
        let away = try #require(cluster.members.first { $0.id != leader.id })
        for number in 0..<30 { try writer.produce("doomed \(number)") }
        cluster.run(milliseconds: 100)
        cluster.crash(away, losesPower: false)
        for number in 0..<400 {
            try writer.produce("doomed \(number) " + String(repeating: "x", count: 1000))
            cluster.settle()
        }
        try writer.recreateTopic()
        for number in 0..<60 {
            try writer.produce("kept \(number)")
            cluster.settle()
        }
        cluster.run(milliseconds: 100)
        let first = try #require(leader.node?.replica.log.firstIndex)
        #expect(first > 40, "the leader has let go of the log's beginning")
        try cluster.start(away)
        #expect(cluster.run(until: { away.node?.replica.appliedIndex == leader.node?.replica.appliedIndex }))
        #expect(away.node?.replica.broker.digest() == leader.node?.replica.broker.digest())
        #expect(away.node?.replica.log.firstIndex ?? 0 > 30)
        cluster.run(milliseconds: 100)
        #expect(try writer.readAll(at: away, cluster) == (0..<60).map { "kept \($0)" })
        cluster.crash(away, losesPower: true)
        try cluster.start(away)
        cluster.run(milliseconds: 100)
        #expect(try writer.readAll(at: away, cluster) == (0..<60).map { "kept \($0)" })
    }

    /// No later entry's header says that the last one was durable; the mark that an idle log leaves does.
    @Test func damageToTheLastEntryOfAnIdleLogIsNoTornTail() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 9, settings: settings())
        let writer = try Writer(cluster)
        cluster.run(milliseconds: 50)
        for number in 0..<5 { try writer.produce("record \(number)") }
        cluster.run(milliseconds: 2000)
        let member = try #require(cluster.members.first { $0.id != cluster.leader?.id })
        let last = try #require(member.node?.replica.log.lastIndex)
        cluster.crash(member, losesPower: true)
        let segment = "group-0/00000000000000000001.log"
        let bytes = try #require(member.disk.contents(segment))
        let sought = Array("record 4".utf8)
        let places = bytes.indices.filter { bytes[$0...].starts(with: sought) }
        member.disk.flip(segment, byte: try #require(places.last), mask: 1)
        try cluster.start(member)
        #expect(member.node?.replica.log.damagedRanges.map(\.first) == [last])
        #expect(cluster.run(until: { member.node?.replica.log.damagedRanges.isEmpty == true }))
        #expect(member.node?.replica.metrics.repairedEntries == 1)
    }

    @Test func aFailedSyncStopsTheNode() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 8, settings: settings())
        let writer = try Writer(cluster)
        let leader = try #require(cluster.leader)
        leader.disk.faults = [.init(operation: "sync")]
        try writer.produce("lost on one disk")
        cluster.settle()
        guard case .disk(let failure)? = leader.fault else {
            Issue.record("the node went on after a failed sync: \(String(describing: leader.fault))")
            return
        }
        #expect(failure.operation == "sync" && !failure.path.isEmpty)
        #expect(leader.node?.replica.admission == nil, "a node without a sound disk takes no requests")
        #expect(writer.unknown == 1 && writer.acknowledged == 0)
    }

    @Test func transferMovesLeadershipWithoutLoss() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 9, settings: settings())
        let writer = try Writer(cluster)
        cluster.run(milliseconds: 50)
        let leader = try #require(cluster.leader)
        for number in 0..<10 { try writer.produce("record \(number)") }
        leader.node?.beginHandOver()
        #expect(cluster.run(until: { cluster.leader.map { $0.id != leader.id } ?? false }))
        #expect(writer.acknowledged == 10)
        #expect(cluster.leader.map { writer.endOffset(at: $0) } == 10)
    }

    @Test func undecodableFramesAreCountedAndChangeNothing() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 10, settings: settings())
        #expect(cluster.run(until: { cluster.leader != nil }))
        let node = try #require(cluster.leader?.node)
        let term = node.replica.term
        let random = SeededEntropy(seed: 3)
        for length in 0..<2000 {
            let bytes = (0..<(length % 120)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            node.transport.deliver?(.frame(from: NodeID(2), ByteSlice(bytes)))
        }
        #expect(node.rejectedFrames > 1000)
        #expect(node.replica.term == term)
    }
}
