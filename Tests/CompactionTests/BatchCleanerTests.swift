import Bytes
import Compression
import Records
import Testing

@testable import Compaction

struct BatchCleanerTests {
    /// Keys and values; without a value a delete marker.
    private func batch(
        _ records: [(String?, String?)], at offset: Int64, timestamp: Int64 = 1_000, producer: Int64 = -1,
        attributes: Int16 = 0
    ) -> ByteSlice {
        var builder = RecordBatchBuilder(
            producerId: producer, producerEpoch: producer < 0 ? -1 : 3, baseSequence: producer < 0 ? -1 : 17,
            attributes: attributes)
        for (position, record) in records.enumerated() {
            builder.append(
                key: record.0.map { ByteSlice(utf8: $0) }, value: record.1.map { ByteSlice(utf8: $0) },
                headers: [RecordHeader(name: "h", value: ByteSlice(utf8: "x"))],
                timestamp: timestamp + Int64(position))
        }
        let batch = builder.finish()
        RecordBatch.assign(baseOffset: offset, leaderEpoch: 5, in: batch)
        return batch
    }

    private func rules(
        tombstonesBefore: Int64 = 0, aborted: [CleaningRules.Aborted] = []
    ) -> CleaningRules {
        CleaningRules(tombstonesBefore: tombstonesBefore, aborted: aborted)
    }

    private func keys(_ batches: [ByteSlice], _ rules: CleaningRules) -> KeyMap {
        let keys = KeyMap()
        for batch in batches { _ = BatchCleaner.note(batch, in: keys, rules) }
        return keys
    }

    private func left(_ outcome: BatchCleaner.Outcome, of batch: ByteSlice) throws -> [Record] {
        switch outcome {
        case .kept: try RecordBatch.allRecords(of: batch)
        case .replaced(let smaller): try RecordBatch.allRecords(of: smaller)
        case .removed: []
        }
    }

    @Test func theLastOfEachKeyIsLeft() throws {
        let first = batch([("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")], at: 10, producer: 9)
        let second = batch([("b", "2")], at: 14)
        var cleaner = BatchCleaner(keys([first, second], rules()), rules())
        guard case .replaced(let smaller) = cleaner.clean(first) else { throw Failure(text: "not replaced") }
        guard case .kept = cleaner.clean(second) else { throw Failure(text: "not kept") }
        let before = try RecordBatch.allRecords(of: first)
        #expect(try RecordBatch.allRecords(of: smaller) == [before[2], before[3]])
        try RecordBatch.validateStored(smaller)
        let (old, new) = (try RecordBatchHeader(first), try RecordBatchHeader(smaller))
        #expect(new.baseOffset == 10 && new.lastOffset == 13 && new.recordCount == 2)
        #expect(new.producerId == 9 && new.producerEpoch == 3 && new.baseSequence == 17)
        #expect(new.partitionLeaderEpoch == 5 && new.baseTimestamp == old.baseTimestamp)
        #expect(new.attributes == old.attributes && new.maxTimestamp == 1_003 && !cleaner.hasTombstones)
        // Once more there is nothing to be removed.
        guard case .kept = cleaner.clean(smaller) else { throw Failure(text: "cleaned twice") }
    }

    @Test func theLargestTimestampIsThatOfWhatIsLeft() throws {
        let first = batch([("a", "1"), ("b", "1")], at: 0)
        let second = batch([("b", "2")], at: 2)
        var cleaner = BatchCleaner(keys([first, second], rules()), rules())
        guard case .replaced(let smaller) = cleaner.clean(first) else { throw Failure(text: "not replaced") }
        #expect(try RecordBatchHeader(smaller).maxTimestamp == 1_000)
    }

    @Test func deleteMarkersGoWhenTheirTimeIsOver() throws {
        let first = batch([("a", "1"), ("b", "1")], at: 0)
        let second = batch([("a", nil), ("c", nil)], at: 2)
        for (limit, expected) in [(Int64(0), [Int64(1), 2, 3]), (3, [1, 3]), (4, [1])] {
            let rules = rules(tombstonesBefore: limit)
            var cleaner = BatchCleaner(keys([first, second], rules), rules)
            let found = try left(cleaner.clean(first), of: first) + left(cleaner.clean(second), of: second)
            #expect(found.map(\.offset) == expected)
            #expect(cleaner.hasTombstones == (limit < 4))
        }
    }

    /// What a batch has of their keys is not known if it cannot be read.
    @Test func deleteMarkersBehindWhatCannotBeReadStay() throws {
        let plain = batch([("a", "1")], at: 0)
        let lying = RecordBatch.changing(plain, body: plain.dropFirst(61), .gzip, recordCount: 1, maxTimestamp: 1_000)
        let marker = batch([("a", nil)], at: 1)
        let rules = rules(tombstonesBefore: 9)
        var cleaner = BatchCleaner(keys([lying, marker], rules), rules)
        guard case .kept = cleaner.clean(lying), case .kept = cleaner.clean(marker) else { throw Failure(text: "gone") }
        #expect(cleaner.hasUnreadable && !cleaner.hasTombstones)
        // Also in the next stretch.
        var next = BatchCleaner(KeyMap(), rules, hasUnreadable: cleaner.hasUnreadable)
        guard case .kept = next.clean(marker) else { throw Failure(text: "gone") }
        var without = BatchCleaner(KeyMap(), rules)
        guard case .removed = without.clean(marker) else { throw Failure(text: "kept") }
    }

    @Test func namesOfHeadersMayBeAnyBytes() throws {
        let good = batch([("a", "1"), ("b", "1")], at: 0)
        var body = good.dropFirst(61).array
        for position in body.indices where body[position] == UInt8(ascii: "h") { body[position] = 0xff }
        let odd = RecordBatch.changing(good, body: ByteSlice(body), .none, recordCount: 2, maxTimestamp: 1_001)
        #expect(throws: RecordError.self) { try RecordBatch.allRecords(of: odd) }
        let later = batch([("a", "2")], at: 2)
        var cleaner = BatchCleaner(keys([odd, later], rules()), rules())
        guard case .replaced(let smaller) = cleaner.clean(odd) else { throw Failure(text: "not replaced") }
        #expect(try RecordBatchHeader(smaller).recordCount == 1 && !cleaner.hasUnreadable)
    }

    @Test func recordsWithoutAKeyGo() throws {
        let mixed = batch([(nil, "x"), ("a", "1")], at: 0)
        let keyless = batch([(nil, "x")], at: 2)
        var cleaner = BatchCleaner(keys([mixed, keyless], rules()), rules())
        #expect(try left(cleaner.clean(mixed), of: mixed).map(\.offset) == [1])
        #expect(try left(cleaner.clean(keyless), of: keyless).isEmpty)
    }

    /// An aborted record neither stays nor makes an earlier one go.
    @Test func abortedRecordsGo() throws {
        let transactional = RecordBatch.transactionalBit
        let plain = batch([("a", "1")], at: 0)
        let aborted = batch([("a", "2")], at: 1, producer: 4, attributes: transactional)
        let committed = batch([("b", "1")], at: 3, producer: 4, attributes: transactional)
        let rules = rules(aborted: [.init(producer: 4, first: 1, last: 2)])
        let abort = RecordBatch.marker(
            commits: false, producerId: 4, producerEpoch: 0, baseOffset: 2, leaderEpoch: 1, timestamp: 5)
        let commit = RecordBatch.marker(
            commits: true, producerId: 4, producerEpoch: 0, baseOffset: 4, leaderEpoch: 1, timestamp: 5)
        var cleaner = BatchCleaner(keys([plain, aborted, abort, committed, commit], rules), rules)
        #expect(try left(cleaner.clean(plain), of: plain).map(\.offset) == [0])
        #expect(try left(cleaner.clean(aborted), of: aborted).isEmpty)
        #expect(try left(cleaner.clean(committed), of: committed).map(\.offset) == [3])
        // The abort's marker ends what the aborted index says; the other is told to nobody.
        guard case .kept = cleaner.clean(abort) else { throw Failure(text: "no abort") }
        guard case .removed = cleaner.clean(commit) else { throw Failure(text: "a commit") }
    }

    @Test func anEmptyBatchGetsReadersOn() throws {
        let batch = batch([("a", "1"), ("b", "1")], at: 7, producer: 4, attributes: RecordBatch.transactionalBit)
        let empty = RecordBatch.emptied(batch)
        try RecordBatch.validateStored(empty)
        let header = try RecordBatchHeader(empty)
        #expect(empty.count == 61 && header.lastOffset == 8 && header.recordCount == 0 && header.attributes == 0)
        #expect(try RecordBatch.allRecords(of: empty).isEmpty)
        #expect(try RecordBatch.window(of: empty, from: 8, maximumBytes: 1).count == 61)
        var cleaner = BatchCleaner(KeyMap(), rules())
        guard case .removed = cleaner.clean(empty) else { throw Failure(text: "empty") }
    }

    private func compressed(_ batch: ByteSlice, _ codec: CompressionCodec) throws -> ByteSlice {
        let header = try RecordBatchHeader(batch)
        let body = try Compression.compress(batch.dropFirst(RecordBatchHeader.size), codec)
        return RecordBatch.changing(
            batch, body: body, codec, recordCount: header.recordCount, maxTimestamp: header.maxTimestamp)
    }

    private func decompressed(_ batch: ByteSlice) throws -> ByteSlice {
        let header = try RecordBatchHeader(batch)
        let body = try Compression.decompress(
            batch.dropFirst(RecordBatchHeader.size), try #require(header.codec))
        return RecordBatch.changing(
            batch, body: body, .none, recordCount: header.recordCount, maxTimestamp: header.maxTimestamp)
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd])
    func compressedBatchesKeepTheirCodec(_ codec: CompressionCodec) throws {
        let plain = batch([("a", "1"), ("b", "1"), ("a", "2"), ("c", nil)], at: 10)
        let first = try compressed(plain, codec)
        let second = try compressed(batch([("b", "2")], at: 14), codec)
        var cleaner = BatchCleaner(keys([first, second], rules()), rules())
        guard case .replaced(let smaller) = cleaner.clean(first) else { throw Failure(text: "not replaced") }
        guard case .kept = cleaner.clean(second) else { throw Failure(text: "not kept") }
        try RecordBatch.validateStored(smaller)
        #expect(try RecordBatchHeader(smaller).codec == codec && cleaner.hasTombstones)
        let before = try RecordBatch.allRecords(of: plain)
        #expect(try RecordBatch.allRecords(of: decompressed(smaller)) == [before[2], before[3]])
        // What claims to be compressed and is not stays as it is.
        let lying = RecordBatch.changing(
            plain, body: plain.dropFirst(61), codec, recordCount: 4, maxTimestamp: 1_003)
        guard case .kept = cleaner.clean(lying) else { throw Failure(text: "not kept") }
    }

    /// Whatever bytes a batch has: it is kept, or what is left of it is a batch.
    @Test func damagedBatchesAreKept() throws {
        let good = batch([("a", "1"), ("b", "1"), ("a", "2")], at: 0)
        let keys = keys([good], rules())
        for position in 16..<good.count {
            for bit in 0..<8 {
                var bytes = good.array
                bytes[position] ^= 1 << UInt8(bit)
                let damaged = ByteSlice(bytes)
                _ = BatchCleaner.note(damaged, in: KeyMap(), rules())
                var cleaner = BatchCleaner(keys, rules())
                if case .replaced(let smaller) = cleaner.clean(damaged) { try RecordBatch.validateStored(smaller) }
            }
        }
    }
}

struct Failure: Error {
    let text: String
}
