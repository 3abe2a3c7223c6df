import Broker
import LogStore
import Ports
import Simulator
import Testing

@testable import Node

/// Followers whose next entry the leader has deleted: they get a state snapshot in small pieces, begin their log anew
/// and receive the live entries, whatever happens in between.
@Suite struct SnapshotTransferTests {
    /// A cluster of which some nodes were away while the log's beginning went. All nodes are down.
    private final class Beginning {
        let cluster: SimulatedCluster
        let writer: Writer
        let away: [NodeID]

        init(count: Int, away awayCount: Int, interval: Int = 20, piece: Int = 40) throws {
            var settings = NodeSettings()
            settings.log.segmentBytes = 16 * 1024
            settings.snapshotIntervalEntries = interval
            settings.cacheBytes = 4 * 1024
            settings.followerReachEntries = 30
            settings.snapshotPieceBytes = piece
            cluster = try SimulatedCluster(count: count, seed: UInt64(count), settings: settings)
            writer = try Writer(cluster)
            for number in 0..<5 { try writer.produce("early \(number)") }
            cluster.run(milliseconds: 100)
            let leader = try #require(cluster.leader)
            let absent = cluster.members.filter { $0.id != leader.id }.prefix(awayCount)
            away = absent.map { $0.id }
            for member in absent { cluster.crash(member, losesPower: false) }
            for number in 0..<60 {
                try writer.produce("doomed \(number) " + String(repeating: "x", count: 1000))
                cluster.run(milliseconds: 10)
            }
            try writer.recreateTopic()
            for number in 0..<50 {
                try writer.produce("kept \(number) " + String(repeating: "y", count: 700))
                cluster.run(milliseconds: 10)
            }
            cluster.run(milliseconds: 100)
            #expect(leader.node?.replica.log.firstIndex ?? 0 > 20, "the leader has let go of the log's beginning")
            for member in cluster.members where member.node != nil { cluster.crash(member, losesPower: false) }
        }
    }

    /// One run from a beginning, with everybody but those away started.
    private final class Run {
        let cluster: SimulatedCluster
        let writer: Writer
        let away: [SimulatedCluster.Member]
        var kept = (0..<50).map { "kept \($0) " + String(repeating: "y", count: 700) }

        init(_ beginning: Beginning, seed: UInt64) throws {
            let cluster = SimulatedCluster(copying: beginning.cluster, seed: seed)
            self.cluster = cluster
            writer = Writer(cluster, continuing: beginning.writer)
            away = beginning.away.map { cluster.member($0.rawValue) }
            for member in cluster.members where !beginning.away.contains(member.id) { try cluster.start(member) }
            try #require(cluster.run(until: { cluster.leader != nil }))
        }

        func produce(_ count: Int) throws {
            for _ in 0..<count {
                try produceAtOnce()
                cluster.run(milliseconds: 10)
            }
        }

        func produceAtOnce() throws {
            kept.append("later \(kept.count)")
            try writer.produce(kept[kept.count - 1])
        }

        /// Bytes of a snapshot that have arrived, while the transfer is under way.
        func received(_ member: SimulatedCluster.Member) -> UInt64 {
            member.node?.replica.snapshots.transfer?.received ?? 0
        }

        /// The whole snapshot is there, and the log is not yet begun anew.
        func isInstalling(_ member: SimulatedCluster.Member) -> Bool {
            guard let replica = member.node?.replica else { return false }
            let jobs = replica.diskWork.tasks.values.contains {
                switch $0 {
                case .installSnapshot, .loadSnapshot: true
                default: false
                }
            }
            let batches = replica.diskWork.batches.contains { if case .logRestarted = $0.batch { true } else { false } }
            return jobs || batches || replica.snapshots.restart != nil
        }

        func isEqual(_ member: SimulatedCluster.Member, _ leader: SimulatedCluster.Member) -> Bool {
            guard let mine = member.node?.replica, let theirs = leader.node?.replica else { return false }
            return mine.appliedIndex == theirs.appliedIndex && mine.log.flushedIndex == theirs.log.flushedIndex
                && mine.log.lastChain == theirs.log.lastChain && theirs.appliedIndex == theirs.log.lastIndex
        }

        /// Everyone who runs becomes equal to the leader: log, state, and every record readable.
        func converge(_ context: String) throws {
            let isDone = cluster.run(
                until: {
                    guard let leader = cluster.leader else { return false }
                    return cluster.members.allSatisfy { $0.node == nil || isEqual($0, leader) }
                }, limit: 10_000)
            #expect(isDone, "\(context): \(cluster.members.map { String(describing: $0.fault) })")
            guard isDone, let leader = cluster.leader else { return }
            for member in cluster.members where member.node != nil {
                #expect(member.fault == nil, "\(context)")
                #expect(member.node?.replica.broker.digest() == leader.node?.replica.broker.digest(), "\(context)")
                #expect(try writer.readAll(at: member, cluster) == kept, "\(context) at \(member.id)")
            }
        }

        /// The files, too, are in order, and lead to the same again.
        func verifyAway(_ context: String) throws {
            for member in away {
                cluster.crash(member, losesPower: true)
                let verdict = LogVerifier().verify(member.disk, directory: "group-0")
                guard case .intact = verdict else {
                    Issue.record("\(context): \(verdict)")
                    continue
                }
                try cluster.start(member)
            }
            try converge(context + ", restarted")
        }
    }

    /// The power fails in every disk call from the start on, and soon again.
    @Test func powerLossAtEveryDiskCall() throws {
        let beginning = try Beginning(count: 3, away: 1)
        var calls = 1
        var isDone = false
        while !isDone {
            try #require(calls < 300, "the power never fails too late")
            let run = try Run(beginning, seed: UInt64(calls))
            let away = run.away[0]
            for limit in [calls, 1 + calls % 17] {
                away.disk.callsUntilPowerLoss = limit
                do {
                    try run.cluster.start(away)
                    let isOver = { away.fault != nil || run.cluster.leader.map { run.isEqual(away, $0) } ?? false }
                    _ = run.cluster.run(until: isOver, limit: 400)
                } catch {
                    #expect("\(error)".contains("no power"))
                }
                if limit == calls { isDone = (away.disk.callsUntilPowerLoss ?? 0) > 0 }
                run.cluster.crash(away, losesPower: true)
            }
            try run.cluster.start(away)
            if calls % 3 == 0 { try run.produce(5) }
            try run.converge("power loss in call \(calls)")
            try run.verifyAway("power loss in call \(calls)")
            calls += 1
        }
        #expect(calls > 30)
    }

    /// The leader dies, or hands over, after some steps of the transfer.
    @Test(arguments: [false, true]) func aLeaderChangeInTheMiddle(_ handsOver: Bool) throws {
        let beginning = try Beginning(count: 3, away: 1)
        var fetching = 0
        var installing = 0
        for steps in stride(from: 4, to: 84, by: 2) {
            let run = try Run(beginning, seed: 1000 + UInt64(steps))
            let (cluster, away) = (run.cluster, run.away[0])
            let leader = try #require(cluster.leader)
            try cluster.start(away)
            for _ in 0..<steps { cluster.step() }
            if run.received(away) > 0 { fetching += 1 }
            if run.isInstalling(away) { installing += 1 }
            if handsOver {
                leader.node?.beginHandOver()
                cluster.run(milliseconds: 50)
            } else {
                cluster.crash(leader, losesPower: true)
                _ = cluster.run(until: { cluster.leader != nil })
                try run.produce(3)
                try cluster.start(leader)
            }
            try run.converge("leader change after \(steps) steps")
            try run.verifyAway("leader change after \(steps) steps")
        }
        #expect(fetching > 3 && installing > 1, "\(fetching) \(installing)")
    }

    /// Newer snapshots, of which each removes the one before, and a log whose beginning moves on, while the first is
    /// on its way.
    @Test func aSnapshotReplacedInTheMiddle() throws {
        let beginning = try Beginning(count: 3, away: 1)
        for steps in 0..<12 {
            let run = try Run(beginning, seed: 2000 + UInt64(steps))
            let (cluster, away) = (run.cluster, run.away[0])
            try cluster.start(away)
            for _ in 0..<(steps * 6) { cluster.step() }
            if steps % 2 == 0 {
                try run.produce(30)
            } else {
                try run.writer.recreateTopic()
                run.kept = []
                try run.produce(70)
            }
            try run.converge("snapshot replaced after \(steps) steps")
            try run.verifyAway("snapshot replaced after \(steps) steps")
        }
    }

    /// Snapshots are due faster than one can be fetched (seed 558 of the simulator).
    @Test func snapshotsThatAreDueFast() throws {
        let run = try Run(try Beginning(count: 3, away: 1, interval: 2, piece: 8), seed: 4000)
        let away = run.away[0]
        try run.cluster.start(away)
        for turn in 0..<10_000 where (away.node?.replica.log.firstIndex ?? 0) <= 20 {
            if turn.isMultiple(of: 40) { try run.produceAtOnce() }
            if !run.cluster.step() { run.cluster.tick() }
        }
        #expect(away.node?.replica.log.firstIndex ?? 0 > 20, "it begins again and again")
        try run.converge("snapshots are due fast")
        try run.verifyAway("snapshots are due fast")
    }

    @Test func twoFollowersAtOnce() throws {
        let beginning = try Beginning(count: 5, away: 2)
        for seed in 0..<4 {
            let run = try Run(beginning, seed: 3000 + UInt64(seed))
            for member in run.away { try run.cluster.start(member) }
            for _ in 0..<(seed * 15) { run.cluster.step() }
            if seed > 1 {
                run.cluster.crash(run.away[1], losesPower: true)
                try run.produce(3)
                try run.cluster.start(run.away[1])
            }
            try run.converge("two at once, \(seed)")
            try run.verifyAway("two at once, \(seed)")
        }
    }

    /// A leader that goes silent without losing its link.
    @Test func aTransferWithoutAnswersIsGivenUp() throws {
        let run = try Run(try Beginning(count: 3, away: 1), seed: 1)
        let (cluster, away) = (run.cluster, run.away[0])
        let leader = try #require(cluster.leader)
        try cluster.start(away)
        while run.received(away) == 0 { try #require(cluster.step()) }
        leader.node?.replica.stop(.badSnapshot("silenced"))
        try #require(cluster.run(until: { cluster.leader != nil }))
        #expect(cluster.leader?.id != leader.id)
        cluster.crash(leader, losesPower: false)
        try run.converge("after the silence")
    }
}
