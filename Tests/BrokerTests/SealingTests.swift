import Bytes
import Testing

@testable import Broker

/// A broker whose rows go to segment indexes against one that keeps them all: same answers, whatever was sealed when.
struct SealingTests {
    /// A broker, its log cut into segments at random, and the encoded index of each that is sealed.
    private struct Sealed {
        var broker = Broker()
        var entries: [LogEntry] = []
        var segmentStart = 1
        var files: [(first: UInt64, last: UInt64, bytes: ByteSlice)] = []
        var random: SplitMix64

        mutating func apply(_ entry: LogEntry, segmentEntries: Int) throws {
            _ = try broker.apply(
                index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload)
            entries.append(entry)
            if entries.count - segmentStart >= segmentEntries { try roll(entry.index) }
        }

        /// Ends the segment here; lets go of its rows now, or together with the next one's.
        private mutating func roll(_ last: UInt64) throws {
            let first = files.last.map { $0.last + 1 } ?? 1
            var rows = SegmentRows(first: first, last: last, chain: last &* 77)
            for entry in entries where entry.index >= first {
                try rows.add(index: entry.index, payload: entry.payload)
            }
            files.append((first, last, joined(SegmentRowsFile.encode(rows))))
            segmentStart = entries.count
            if random.below(3) > 0 { broker.seal(through: last) }
        }

        /// The segment being written to is indexed, too, when somebody asks for it.
        mutating func indexOpenSegment() throws {
            if let last = entries.last?.index, files.last.map({ $0.last < last }) ?? true { try roll(last) }
        }

        /// What the shell does: back from the segment with the fence's last entry, until one has the offset.
        func rows(_ key: PartitionKey, at place: SealedPlace) throws -> PartitionRows {
            for file in files.reversed() where file.last >= place.index && file.first <= place.lastIndex {
                let slices = try lookUp(key, file.bytes, first: file.first, last: file.last)
                if let rows = slices.rows(holding: place.offset) { return rows }
            }
            throw Unexpected(text: "no rows for \(place) of \(key)")
        }

        func locate(_ key: PartitionKey, _ offset: Int64, maximumBytes: Int) throws -> (LocateResult, [StoredRange]) {
            var ranges: [StoredRange] = []
            let result = broker.locate(key, from: offset, maximumBytes: maximumBytes, into: &ranges)
            guard case .sealed(let place) = result else {
                return (result == .foundPart ? .found : result, ranges)
            }
            try rows(key, at: place).locate(from: offset, maximumBytes: maximumBytes, into: &ranges)
            return (.found, ranges)
        }

        func search(_ key: PartitionKey, reaching timestamp: Int64) throws -> StoredRange? {
            var offset: Int64 = 0
            while true {
                switch broker.partition(key)?.search(reaching: timestamp, from: offset) {
                case .found(let range): return range
                case .some(.none), nil: return nil
                case .sealed(let place):
                    let rows = try rows(key, at: place)
                    if let range = rows.range(reaching: timestamp, from: place.offset) { return range }
                    #expect(rows.endOffset > offset)
                    offset = rows.endOffset
                }
            }
        }
    }

    private static func lookUp(
        _ key: PartitionKey, _ bytes: ByteSlice, first: UInt64, last: UInt64
    ) throws -> PartitionSlices {
        let header = bytes.slice(0, min(bytes.count, SegmentRowsFile.headerSize))
        guard let length = SegmentRowsFile.headLength(header, first: first, last: last, chain: last &* 77),
            length <= bytes.count, SegmentRowsFile.isIntact(head: bytes.slice(0, length))
        else { throw Unexpected(text: "head") }
        let head = bytes.slice(0, length)
        return PartitionSlices(
            try SegmentRowsFile.extents(of: key, head: head).map { extent in
                let (start, count) = (Int(extent.offset), extent.byteCount)
                guard start <= bytes.count, count <= bytes.count - start,
                    let rows = SegmentRowsFile.rows(bytes.slice(start, count), at: extent)
                else { throw Unexpected(text: "rows") }
                return rows
            })
    }

    private func partitions(_ broker: Broker) -> [(key: PartitionKey, state: PartitionState)] {
        broker.topics.flatMap { topic in
            topic.partitions.enumerated().map {
                (PartitionKey(topic: topic.number, partition: UInt32($0.offset)), $0.element)
            }
        }
    }

    private func compare(_ plain: Broker, _ sealed: Sealed, _ random: inout SplitMix64) throws -> Int {
        var lookups = 0
        for (key, state) in partitions(plain) {
            let mine = try #require(sealed.broker.partition(key))
            #expect(mine.endOffset == state.endOffset && mine.logStartOffset == state.logStartOffset)
            #expect(mine.byteCount >= state.byteCount)
            if let lowest = state.lowestLiveIndex {
                let kept = try #require(mine.lowestLiveIndex)
                #expect(kept <= lowest)
            }
            for offset in max(state.logStartOffset - 1, 0)...state.endOffset + 1 {
                let bytes = [0, 200, 100_000][random.below(3)]
                var expected: [StoredRange] = []
                let result = plain.locate(key, from: offset, maximumBytes: bytes, into: &expected)
                let (found, ranges) = try sealed.locate(key, offset, maximumBytes: bytes)
                #expect(found == (result == .foundPart ? .found : result))
                // One segment's rows may end early, or end a run of neighbours; but what is there is the same.
                #expect(ranges.isEmpty == expected.isEmpty && ranges.count <= expected.count)
                for (one, other) in zip(ranges, expected) { #expect(one == other) }
                lookups += 1
            }
            for step in Int64(0)..<20 {
                let timestamp = (state.maxTimestamp() ?? 0) - step * step * 40 + 5
                let expected = plain.partition(key)?.search(reaching: timestamp, from: 0)
                let found = try sealed.search(key, reaching: timestamp)
                #expect(found.map { .found($0) } ?? TimeSearch.none == expected)
            }
        }
        return lookups
    }

    @Test func sealedOrNotTheAnswersAreTheSame() throws {
        var lookups = 0
        var fences = 0
        var moved = 0
        for seed in UInt64(30)..<38 {
            let log = try RandomLog(seed: seed, steps: 400)
            var random = SplitMix64(seed: seed)
            var plain = Broker()
            var sealed = Sealed(random: SplitMix64(seed: seed + 1))
            for (number, entry) in log.entries.enumerated() {
                _ = try plain.apply(
                    index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload)
                try sealed.apply(entry, segmentEntries: 5 + Int(seed % 4) * 10)
                #expect(plain.digest() == sealed.broker.digest(), "seed \(seed), entry \(entry.index)")
                if number % 100 == 99 {
                    lookups += try compare(plain, sealed, &random)
                    // From its own snapshot it goes on the same.
                    sealed.broker = try Broker(snapshot: joined(sealed.broker.encodeSnapshot()))
                }
            }
            fences += sealed.broker.indexSize.fences
            moved += partitions(plain).reduce(0) { $0 + $1.state.moved.count }
            lookups += try compare(plain, sealed, &random)
            // A node that got the snapshot has another division of the log into segments.
            var other = Sealed(random: SplitMix64(seed: seed + 2))
            for entry in log.entries { try other.apply(entry, segmentEntries: 7) }
            try other.indexOpenSegment()
            other.broker = sealed.broker
            lookups += try compare(plain, other, &random)
        }
        #expect(lookups > 3_000 && fences > 100 && moved > 5, "\(lookups) \(fences) \(moved)")
    }

    @Test func memoryKeepsTheUnsealedAndAFenceEach() throws {
        var leader = Leader()
        let topic = try leader.createTopic("t", partitions: 3)
        var sealedThrough: UInt64 = 0
        for number in 0..<3_000 {
            _ = leader.admit(batch("m\(number)"), PartitionKey(topic: topic, partition: UInt32(number % 3)))
            leader.seal()
            try leader.apply()
            if number % 300 == 299 {
                leader.broker.seal(through: leader.broker.appliedIndex)
                sealedThrough = leader.broker.appliedIndex
                #expect(leader.broker.indexSize.rows == 0)
            }
            #expect(leader.broker.indexSize.rows <= 300)
        }
        #expect(leader.broker.indexSize.fences == 30)
        #expect(MemoryLayout<Fence>.stride == 40)
        #expect(leader.broker.unsealed.isEmpty && leader.broker.lowestUnsealedIndex == nil)
        #expect(leader.broker.lowestLiveIndex.map { $0 < 10 } == true)
        // Deleting what is sealed lets go of whole fences.
        try leader.run(.deleteRecords(PartitionKey(topic: topic, partition: 0), before: 950))
        try leader.run(.deleteRecords(PartitionKey(topic: topic, partition: 1), before: -1))
        #expect(leader.broker.indexSize.fences == 1 + 0 + 10)
        try leader.run(.deleteTopic(number: topic))
        #expect(leader.broker.indexSize.fences == 0)
        #expect(sealedThrough > 0)
    }

    /// Whatever byte is wrong: the rows are the right ones, or none.
    @Test func everyDamagedByteIsFound() throws {
        var rows = SegmentRows(first: 1, last: 9, chain: 9 &* 77)
        var leader = Leader()
        let topic = try leader.createTopic("t", partitions: 3)
        for number in 0..<7 {
            _ = leader.admit(batch("m\(number)"), PartitionKey(topic: topic, partition: UInt32(number % 3)))
            leader.seal()
        }
        try leader.apply()
        for entry in leader.applied { try rows.add(index: entry.index, payload: entry.payload) }
        let bytes = joined(SegmentRowsFile.encode(rows)).array
        let keys = (0..<4).map { PartitionKey(topic: topic, partition: UInt32($0)) }
        func read(_ bytes: [UInt8], _ key: PartitionKey) -> [PartitionIndex.Item]? {
            do {
                let found = try Self.lookUp(key, ByteSlice(bytes), first: 1, last: 9)
                return found.slices.flatMap { $0.index.chunks.flatMap(\.items) }
            } catch {
                return nil
            }
        }
        let right = keys.map { read(bytes, $0) }
        #expect(right.map { $0?.count } == [3, 2, 2, 0])
        var refused = 0
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= UInt8(1 << (position % 8))
            for (key, rows) in zip(keys, right) {
                let found = read(damaged, key)
                #expect(found == nil || found == rows, "byte \(position)")
                if found == nil { refused += 1 }
            }
        }
        #expect(refused > bytes.count)
        for count in bytes.indices {
            for (key, rows) in zip(keys, right) {
                let found = read(Array(bytes[..<count]), key)
                #expect(found == nil || found == rows)
            }
        }
    }
}
