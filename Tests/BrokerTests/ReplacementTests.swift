import Bytes
import Records
import Testing

@testable import Broker

/// Batches that take the place of others.
struct ReplacementTests {
    /// A partition with a batch of two records in each entry.
    private func filled(_ count: Int) throws -> (leader: Leader, key: PartitionKey) {
        var leader = Leader()
        let key = PartitionKey(topic: try leader.createTopic("t"), partition: 0)
        for number in 0..<count {
            _ = leader.admit(batch("m\(number)", count: 2), key)
            leader.seal()
        }
        try leader.apply()
        return (leader, key)
    }

    private func state(_ leader: Leader, _ key: PartitionKey) throws -> PartitionState {
        try #require(leader.broker.partition(key))
    }

    @Test func whatIsMovedIsReadAsBefore() throws {
        var (leader, key) = try filled(20)
        let before = try leader.consume(key)
        let first = try #require(state(leader, key).lowestLiveIndex)
        for _ in 0..<4 {
            // The first goes to the beginning, each other behind it.
            let number = try state(leader, key).moved.isEmpty ? 0 : 1
            _ = try #require(try leader.move(key, run: number, items: 4))
            #expect(try leader.apply() == [.replaced(refused: [])])
        }
        #expect(try leader.consume(key) == before)
        let moved = try state(leader, key)
        #expect(moved.lowestLiveIndex == first + 16 && moved.moved.count == 1 && moved.generation == 4)
        // The rest; nothing is left of the run that was appended to.
        _ = try leader.move(key, run: 1, items: 9)
        try leader.apply()
        #expect(try state(leader, key).moved.isEmpty && state(leader, key).lowestLiveIndex == first + 20)
        _ = leader.admit(batch("last", count: 2), key)
        leader.seal()
        try leader.apply()
        #expect(try leader.consume(key).count == 42)
        let restored = try Broker(snapshot: joined(leader.broker.encodeSnapshot()))
        #expect(restored.digest() == leader.broker.digest())
    }

    /// Of a partition that was moved in part all of it, and a part that ends in the second run.
    @Test func overTheBordersOfRuns() throws {
        for items in [6, 9, 20] {
            var (leader, key) = try filled(10)
            let before = try leader.consume(key)
            for _ in 0..<3 {
                _ = try leader.move(key, items: 3)
                try leader.apply()
            }
            for run in [0, 1] {
                _ = try #require(try leader.move(key, run: run, items: items))
                #expect(try leader.apply() == [.replaced(refused: [])])
                #expect(try leader.consume(key) == before)
                if try state(leader, key).runCount == 1 { break }
            }
            let restored = try Broker(snapshot: joined(leader.broker.encodeSnapshot()))
            #expect(restored.digest() == leader.broker.digest())
        }
    }

    @Test func oftenMovedInPartsItHasFewRuns() throws {
        var (leader, key) = try filled(12)
        let before = try leader.consume(key)
        for _ in 0..<MovedRun.maximum + 3 {
            _ = try leader.move(key, items: 1)
            try leader.apply()
        }
        let runs = try state(leader, key).moved.count
        #expect(runs == MovedRun.maximum || runs == 1)
        #expect(try leader.consume(key) == before)
        while try state(leader, key).runCount > 1 {
            _ = try #require(try leader.move(key, run: 1, items: 100))
            #expect(try leader.apply() == [.replaced(refused: [])])
        }
        #expect(try leader.consume(key) == before)
    }

    @Test func changedInBetweenItIsRefused() throws {
        var (leader, key) = try filled(10)
        let before = try leader.consume(key)
        let refused = ApplyResult.replaced(refused: [key])
        _ = try leader.move(key, items: 3)
        _ = try leader.move(key, items: 3)
        #expect(try leader.apply() == [.replaced(refused: []), refused])
        _ = try leader.move(key, items: 3)
        _ = leader.propose(.deleteRecords(key, before: 6))
        #expect(try leader.apply() == [.replaced(refused: []), .recordsDeleted(logStartOffset: 6)])
        #expect(try leader.consume(key) == before.filter { $0.offset >= 6 })
        _ = leader.propose(.deleteRecords(key, before: 14))
        let digest = leader.broker.digest()
        _ = try leader.move(key, items: 2)
        #expect(try leader.apply().last == refused && leader.broker.digest() != digest)
        #expect(try leader.consume(key) == before.filter { $0.offset >= 14 })
        _ = leader.propose(.deleteTopic(number: key.topic))
        _ = try leader.move(key, items: 1)
        #expect(try leader.apply() == [.topicDeleted, refused])
    }

    /// The beginning may have moved into what is replaced.
    @Test func theBeginningMovedIntoIt() throws {
        var (leader, key) = try filled(10)
        let before = try leader.consume(key)
        _ = leader.propose(.deleteRecords(key, before: 5))
        _ = try leader.move(key, items: 4)
        #expect(try leader.apply().last == .replaced(refused: []))
        #expect(try leader.consume(key) == before.filter { $0.offset >= 5 })
        let restored = try Broker(snapshot: joined(leader.broker.encodeSnapshot()))
        #expect(restored.digest() == leader.broker.digest())
    }

    /// What the index of a segment makes of the entries from `first` on is what the broker has in memory.
    private func compareWithSegment(_ leader: Leader, _ key: PartitionKey, from first: UInt64 = 1) throws {
        var rows = SegmentRows(first: first, last: leader.broker.appliedIndex, chain: 1)
        for entry in leader.applied where entry.index >= first {
            try rows.add(index: entry.index, payload: entry.payload)
        }
        let slices = rows.slices(of: key)
        let partition = try state(leader, key)
        for offset in partition.logStartOffset..<partition.endOffset {
            var expected: [StoredRange] = []
            _ = leader.broker.locate(key, from: offset, maximumBytes: 1, into: &expected)
            var found: [StoredRange] = []
            try #require(slices.rows(holding: offset)).locate(from: offset, maximumBytes: 1, into: &found)
            #expect(found.first == expected.first, "offset \(offset)")
        }
    }

    /// The index of a segment knows the entries alone. It must not take one that was refused for the one that counts,
    /// because the deleted range was no range any more.
    @Test func oneThatWasRefusedLeavesTheNextItsGeneration() throws {
        var (leader, key) = try filled(10)
        _ = leader.propose(.deleteRecords(key, before: 8))
        _ = try leader.move(key, items: 3)
        #expect(try leader.apply().last == .replaced(refused: [key]))
        _ = try leader.move(key, items: 4)
        #expect(try leader.apply() == [.replaced(refused: [])])
        try compareWithSegment(leader, key)
    }

    /// It goes on where the one before ended, and takes the place of what was appended to the segment in between.
    @Test func whatWasAppendedMeanwhileIsReplacedInTheSegmentsIndex() throws {
        var (leader, key) = try filled(5)
        let first = try #require(try leader.move(key, items: 5))
        try leader.apply()
        for number in 0..<2 {
            _ = leader.admit(batch("n\(number)", count: 2), key)
            leader.seal()
        }
        _ = leader.propose(.deleteRecords(key, before: 10))
        try leader.apply()
        _ = try leader.move(key, items: 9)
        #expect(try leader.apply() == [.replaced(refused: [])])
        try compareWithSegment(leader, key, from: first)
    }

    @Test func openTransactionsStayWhereTheyAre() throws {
        var (leader, key) = try filled(3)
        let result = try leader.run(.initializeTransaction(name: "x", timeoutMilliseconds: 1, expected: nil))
        guard case .transactionInitialized(let producer) = result else { throw Unexpected(text: "\(result)") }
        try leader.run(.addToTransaction(name: "x", producer: producer, partitions: [key], group: nil))
        _ = leader.admit(batch("t", producer: producer, sequence: 0, isTransactional: true), key)
        leader.seal()
        try leader.apply()
        let stable = try state(leader, key).lastStableOffset
        _ = try leader.move(key, items: 9)
        #expect(try leader.apply() == [.replaced(refused: [])])
        #expect(try state(leader, key).moved.first?.endOffset == stable)
    }

    /// What was moved is as old as it was.
    @Test func retentionGoesByWhenItWasStored() throws {
        var leader = Leader()
        leader.trustClock()
        let key = PartitionKey(
            topic: try leader.createTopic("t", configs: [ConfigEntry(name: "retention.ms", value: "10000")]),
            partition: 0)
        for _ in 0..<6 {
            leader.clock += 3_000
            _ = leader.admit(batch("m", timestamp: leader.clock), key)
            leader.seal()
        }
        try leader.apply()
        let time = leader.clock
        let expected = leader.broker.retention(ofTopic: key.topic, at: time)
        #expect(expected == [.deleteRecords(key, before: 2)])
        leader.clock += 5_000
        _ = try leader.move(key, items: 4)
        try leader.apply()
        // All that was moved together counts as stored when the last of it was.
        #expect(leader.broker.retention(ofTopic: key.topic, at: time).isEmpty)
        #expect(leader.broker.retention(ofTopic: key.topic, at: time + 6_000) == [.deleteRecords(key, before: 4)])
    }

    @Test func cleaningRemembersHowFarAndTheDeleteMarks() throws {
        var (leader, key) = try filled(6)
        func clean(through: Int64, time: Int64, tombstones: Bool, usedMark: Bool) throws -> CleaningState {
            let cleaning = Replacement.Cleaning(
                through: through, time: time, hasTombstones: tombstones, usedMark: usedMark)
            _ = try leader.move(key, items: 1, cleaning: cleaning)
            try leader.apply()
            return try state(leader, key).cleaning
        }
        #expect(try clean(through: 4, time: 50, tombstones: true, usedMark: false).markOffset == 4)
        let later = try clean(through: 8, time: 60, tombstones: true, usedMark: false)
        #expect(later.through == 8 && later.markOffset == 4 && later.markTime == 50)
        let used = try clean(through: 9, time: 70, tombstones: true, usedMark: true)
        #expect(used.markOffset == 9 && used.markTime == 70)
        #expect(try clean(through: 9, time: 80, tombstones: false, usedMark: true).markOffset == -1)
    }

    /// The first half of a partition replaced by one row; all that was there before has one fence.
    private func halved(_ purpose: Replacement.Purpose) throws -> PartitionState {
        var (leader, key) = try filled(10)
        leader.broker.seal(through: leader.broker.appliedIndex)
        var partition = try state(leader, key)
        let row = ProduceItem(key: key, baseOffset: 0, recordCount: 10, position: 9, length: 70, maxTimestamp: 5)
        let part = Replacement.Part(
            key: key, generation: 0, baseOffset: 0, nextOffset: 10, rowCount: 1, storedIndex: 3, purpose: purpose)
        #expect(partition.replace(part, [row], index: leader.broker.appliedIndex + 1) == nil)
        return partition
    }

    /// A fence that begins before its run does not lead to what was replaced.
    @Test func aSearchByTimeDoesNotFindWhatWasReplaced() throws {
        let partition = try halved(.move)
        guard case .sealed(let place) = partition.search(reaching: 1_000, from: 0) else {
            throw Unexpected(text: "nothing is that old")
        }
        #expect(place.offset == 10)
    }

    @Test func aCleaningThatWasGivenUpHasRemovedThingsToo() throws {
        #expect(try halved(.move).cleaning == CleaningState())
        let begun = try halved(.cleaning).cleaning
        #expect(begun.begun == 10 && begun.through == 0)
        let end = Replacement.Cleaning(through: 10, time: 3, hasTombstones: false, usedMark: false)
        let over = try halved(.endOfCleaning(end)).cleaning
        #expect(over.begun == 10 && over.through == 10)
    }

    /// What is cleaned up to an open transaction is not cleaned again for the bytes behind that.
    @Test func whatCannotBeCleanedYetIsNotDue() throws {
        var (leader, key) = try filled(3)
        let configs = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")].map {
            ConfigChange(name: $0.0, value: $0.1)
        }
        let result = try leader.run(.initializeTransaction(name: "x", timeoutMilliseconds: 1, expected: nil))
        guard case .transactionInitialized(let producer) = result else { throw Unexpected(text: "\(result)") }
        try leader.run(.addToTransaction(name: "x", producer: producer, partitions: [key], group: nil))
        _ = leader.admit(batch("t", count: 50, producer: producer, sequence: 0, isTransactional: true), key)
        leader.seal()
        try leader.apply()
        _ = leader.propose(.setTopicConfigs(topic: key.topic, changes: configs, replacesAll: false))
        try leader.apply()
        leader.broker.seal(through: leader.broker.appliedIndex)
        let plan = try #require(leader.broker.cleaning(of: key, at: 1_000_000))
        #expect(plan.end == 6 && plan.dirtyFrom == 0)
        let row = ProduceItem(key: key, baseOffset: 0, recordCount: 6, position: 9, length: 70, maxTimestamp: 5)
        let part = Replacement.Part(
            key: key, generation: 0, baseOffset: 0, nextOffset: 6, rowCount: 1, storedIndex: 3,
            purpose: .endOfCleaning(.init(through: 6, time: 3, hasTombstones: false, usedMark: false)))
        let slot = try #require(leader.broker.directory.slot(key.topic))
        let refusal = leader.broker.directory.topics[slot].partitions[0].replace(part, [row], index: 99)
        #expect(refusal == nil && leader.broker.cleaning(of: key, at: 1_000_000) == nil)
    }

    /// Delete markers may go, and less can be cleaned than was: then one waits, for the end of the cleaning before may
    /// lie in a gap by now.
    @Test func noCleaningEndsBeforeTheOneBefore() throws {
        var leader = Leader()
        leader.trustClock()
        let key = PartitionKey(topic: try leader.createTopic("t"), partition: 0)
        let time = leader.clock
        for number in 0..<10 {
            _ = leader.admit(batch("m", count: 2, timestamp: number < 2 ? time : time + 1_000_000), key)
            leader.seal()
        }
        try leader.apply()
        leader.clock += 3_000
        func configure(_ settings: [(String, String)]) throws {
            let changes = settings.map { ConfigChange(name: $0.0, value: $0.1) }
            _ = leader.propose(.setTopicConfigs(topic: key.topic, changes: changes, replacesAll: false))
            try leader.apply()
        }
        try configure([("cleanup.policy", "compact"), ("delete.retention.ms", "0")])
        let cleaning = Replacement.Cleaning(through: 8, time: 3, hasTombstones: true, usedMark: false)
        _ = try leader.move(key, items: 2)
        try leader.apply()
        _ = try leader.move(key, run: 1, items: 2, cleaning: cleaning)
        try leader.apply()
        #expect(leader.broker.cleaning(of: key, at: time + 500_000)?.end == 20)
        try configure([("min.compaction.lag.ms", "5000")])
        #expect(leader.broker.cleaning(of: key, at: time + 500_000) == nil)
        #expect(leader.broker.cleaning(of: key, at: time + 2_000_000)?.end == 20)
    }

    @Test func rowsThatDoNotSpanTheirPartAreNotDecoded() throws {
        let key = PartitionKey(topic: 1, partition: 2)
        func part(_ base: Int64, _ next: Int64, rows: UInt32) -> Replacement.Part {
            Replacement.Part(
                key: key, generation: 3, baseOffset: base, nextOffset: next, rowCount: rows, storedIndex: 4,
                purpose: .cleaning)
        }
        let rows = [
            ProduceItem(key: key, baseOffset: 5, recordCount: 2, position: 0, length: 70, maxTimestamp: 1),
            ProduceItem(key: key, baseOffset: 7, recordCount: 3, position: 70, length: 70, maxTimestamp: 1),
        ]
        func decodes(_ parts: [Replacement.Part]) -> Bool {
            let replacement = Replacement(parts: parts, rows: rows)
            do {
                return try Command.decode(replacement.encode()) == .replaceBatches(replacement)
            } catch {
                return false
            }
        }
        #expect(decodes([part(5, 10, rows: 2)]))
        #expect(decodes([part(5, 7, rows: 1), part(7, 10, rows: 1)]))
        #expect(!decodes([part(5, 9, rows: 2)]) && !decodes([part(4, 10, rows: 2)]))
        #expect(!decodes([part(5, 7, rows: 1)]) && !decodes([part(5, 10, rows: 3)]) && !decodes([]))
    }
}
