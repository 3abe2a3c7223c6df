import Broker
import LogStore
import Ports
import Simulator
import Testing

@testable import Node

/// The indexes of sealed segments: memory does not grow with the log, and whatever becomes of their files, every record
/// is found.
@Suite struct RowTests {
    private func settings() -> NodeSettings {
        var settings = NodeSettings()
        settings.log.segmentBytes = 16 * 1024
        settings.snapshotIntervalEntries = 60
        settings.cacheBytes = 4 * 1024
        settings.followerReachEntries = 30
        settings.rowCacheBytes = 2 * 1024
        return settings
    }

    private func value(_ number: Int) -> String { "value \(number) " + String(repeating: "v", count: 900) }

    private func produce(_ range: Range<Int>, _ writer: Writer, _ cluster: SimulatedCluster) throws {
        for number in range {
            try writer.produce(value(number))
            cluster.run(milliseconds: 10)
        }
    }

    private func rowFiles(_ member: SimulatedCluster.Member) throws -> [String] {
        try member.disk.list("group-0").map(\.name).filter { $0.hasSuffix(".rows") }
    }

    /// One fence per segment, and rows of the segment that is written to and the one before.
    private func checkMemory(_ member: SimulatedCluster.Member, received: Int = 0, _ context: String) throws {
        let replica = try #require(member.node?.replica)
        let size = replica.broker.indexSize
        let files = try member.disk.list("group-0").map(\.name).filter { $0.hasSuffix(".log") }
        let open = files.suffix(2).first.flatMap { UInt64($0.dropLast(4)) } ?? 0
        #expect(size.rows <= Int(replica.log.lastIndex - open + 1), "\(context): \(size)")
        #expect(try size.fences <= rowFiles(member).count + received, "\(context): \(size)")
    }

    @Test func manySegmentsRestartsAndDamage() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 5, settings: settings())
        let writer = try Writer(cluster)
        let member = cluster.member(1)
        try produce(0..<400, writer, cluster)
        let expected = (0..<400).map(value)
        #expect(try rowFiles(member).count > 20)
        try checkMemory(member, "written")
        #expect(try writer.readAll(at: member, cluster) == expected)
        let digest = member.node?.replica.broker.digest()
        for losesPower in [false, true] {
            cluster.crash(member, losesPower: losesPower)
            try cluster.start(member)
            try #require(cluster.run(until: { cluster.leader != nil }))
            cluster.run(milliseconds: 200)
            try checkMemory(member, "restarted")
            #expect(try writer.readAll(at: member, cluster) == expected)
        }
        #expect(member.node?.replica.broker.digest() == digest)
        // Each way a file can be wrong, at rest.
        cluster.crash(member, losesPower: false)
        let names = try rowFiles(member)
        let other = try #require(member.disk.contents("group-0/" + names[9]))
        for (number, name) in names.prefix(9).enumerated() {
            member.disk.damage("group-0/" + name) { bytes in
                switch number % 5 {
                case 0: bytes[5] ^= 1
                case 1: bytes[bytes.count - 1] ^= 0x80
                case 2: bytes.removeLast(bytes.count / 2)
                case 3: bytes = []
                default: bytes = other
                }
            }
        }
        try member.disk.remove("group-0/" + names[10])
        try cluster.start(member)
        var damaged: [UInt64] = []
        member.node?.replica.onEvent = { if case .indexDamaged(let first) = $0 { damaged.append(first) } }
        try #require(cluster.run(until: { cluster.leader != nil }))
        #expect(try writer.readAll(at: member, cluster) == expected)
        #expect(damaged.count == 9)
        #expect(try rowFiles(member).count == names.count, "made again")
        let lookUps = member.node?.replica.metrics.indexLookUps
        #expect(try writer.readAll(at: member, cluster) == expected)
        #expect(damaged.count == 9 && member.node?.replica.metrics.indexLookUps ?? 0 > lookUps ?? 0)
    }

    /// A file that a failing disk does not give back, and one that cannot be written.
    @Test func aReadErrorIsNoAnswerAndAFullDiskNoLoss() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 6, settings: settings())
        let writer = try Writer(cluster)
        let member = cluster.member(1)
        try produce(0..<60, writer, cluster)
        let name = try #require(try rowFiles(member).first)
        cluster.crash(member, losesPower: false)
        member.disk.damage("group-0/" + name) { $0[4] ^= 1 }
        try cluster.start(member)
        try #require(cluster.run(until: { cluster.leader != nil }))
        cluster.run(milliseconds: 100)
        // Everything that has to be written now fails, and the index is made in memory.
        member.disk.capacity = 0
        #expect(try writer.readAll(at: member, cluster) == (0..<60).map(value))
        member.disk.capacity = 1 << 30
        cluster.run(milliseconds: 11_000)
        #expect(try writer.readAll(at: member, cluster) == (0..<60).map(value))
        #expect(member.fault == nil)
    }

    /// Replicas that roll at different times and seal when they like have the same digest; a follower that got a
    /// snapshot has its leader's fences and finds everything, whatever is sealed.
    @Test func aFollowerWithASnapshotFindsEverything() throws {
        for seed in UInt64(1)...6 {
            let cluster = try SimulatedCluster(count: 3, seed: seed, settings: settings())
            let writer = try Writer(cluster)
            try produce(0..<40, writer, cluster)
            let leader = try #require(cluster.leader)
            let away = try #require(cluster.members.first { $0.id != leader.id })
            cluster.crash(away, losesPower: false)
            try produce(40..<90, writer, cluster)
            try writer.recreateTopic()
            try produce(100..<(190 + Int(seed) * 7), writer, cluster)
            let expected = (100..<(190 + Int(seed) * 7)).map(value)
            #expect(leader.node?.replica.log.firstIndex ?? 0 > 40, "the log's beginning is gone")
            try cluster.start(away)
            let isEqual = {
                away.node?.replica.appliedIndex == leader.node?.replica.appliedIndex
                    && away.node?.replica.log.flushedIndex == leader.node?.replica.log.flushedIndex
            }
            try #require(cluster.run(until: isEqual))
            for round in 0..<2 {
                for member in cluster.members {
                    #expect(try writer.readAll(at: member, cluster) == expected, "seed \(seed), node \(member.id)")
                    #expect(member.node?.replica.broker.digest() == leader.node?.replica.broker.digest())
                }
                if round == 0 { cluster.run(milliseconds: 500) }
            }
            try checkMemory(away, received: rowFiles(leader).count, "seed \(seed)")
        }
    }

    /// What a leader has on disk, and the others do not, is nobody's to read: the fences of a snapshot may lie in the
    /// segment that is written to.
    @Test func rowsAreThoseOfAppliedEntries() throws {
        let cluster = try SimulatedCluster(count: 3, seed: 8, settings: settings())
        let writer = try Writer(cluster)
        try produce(0..<5, writer, cluster)
        let leader = try #require(cluster.leader)
        let replica = try #require(leader.node?.replica)
        for other in cluster.members where other.id != leader.id {
            cluster.network.setLink(leader.id, other.id, up: false)
        }
        try writer.produce("uncommitted", at: leader)
        cluster.settle()
        #expect(replica.log.flushedIndex == replica.log.lastIndex && replica.log.lastIndex > replica.appliedIndex)
        let place = SealedPlace(index: 1, lastIndex: replica.appliedIndex, offset: 0)
        var found: PartitionRows?
        replica.loadRows(PartitionKey(topic: 0, partition: 0), at: place) { found = $0 }
        cluster.settle()
        #expect(found?.endOffset == 5)
    }

    /// The segment is deleted, and its file written over, before the index is read: no rows, and the offset is out of
    /// range by then, which consumers know how to go on from.
    @Test func aSegmentDeletedBeforeItsIndexIsRead() throws {
        let cluster = try SimulatedCluster(count: 1, seed: 7, settings: settings())
        let writer = try Writer(cluster)
        let member = cluster.member(1)
        try produce(0..<120, writer, cluster)
        cluster.run(milliseconds: 100)
        let replica = try #require(member.node?.replica)
        let key = PartitionKey(topic: 0, partition: 0)
        var ranges: [StoredRange] = []
        guard case .missing(let place) = replica.locate(key, from: 3, maximumBytes: 1, into: &ranges) else {
            Issue.record("the rows are in memory")
            return
        }
        var answers: [PartitionRows?] = []
        replica.loadRows(key, at: place) { answers.append($0) }
        #expect(member.queue.pendingReads == 1)
        let first = replica.log.firstIndex
        _ = replica.propose(.deleteRecords(key, before: 110), waiter: writer, ticket: 0)
        for number in 0..<70 {
            try writer.produce(value(number))
            while member.queue.runNextBatch() || member.queue.runNextJob() { member.node?.endTurn() }
            member.node?.tick()
        }
        #expect(answers.isEmpty && replica.log.firstIndex > max(first, place.index))
        cluster.settle()
        #expect(answers.count == 1 && answers[0] == nil)
        guard case .outOfRange = replica.locate(key, from: 3, maximumBytes: 1, into: &ranges) else {
            Issue.record("the offset is still there")
            return
        }
        #expect(member.fault == nil)
    }
}
