import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

/// Damage to every byte of a small log: never wrong data, never a lost entry without a word, never one cut that was
/// known to be durable.
@Suite struct DamageTests {
    /// Three segments, the first two sealed; `mark`: the state file knows that all of it is durable.
    private func build(mark: Bool, sidecars: Bool) throws -> (Fixture, [Content]) {
        let fixture = Fixture()
        let store = try fixture.created()
        for (position, size) in [3000, 40, 4500, 4000, 100, 3000, 900, 5000, 7, 300].enumerated() {
            fixture.maintain(store)
            fixture.complete(store.append([store.entry(term: 1 + UInt64(position / 4), size: size)]), of: store)
        }
        fixture.maintain(store)
        if mark { fixture.complete(store.saveFlushedMark(), of: store) }
        #expect(store.segments.map { $0.first } == [1, 4, 7])
        fixture.disk.killProcess()
        let names = try fixture.disk.list(Fixture.directory).map { $0.name }
        #expect(names.contains(FileNames.sidecar(1)))
        if !sidecars {
            for name in names where name.hasSuffix(FileNames.sidecarSuffix) {
                try fixture.disk.remove(fixture.path(name))
                try fixture.disk.syncDirectory(Fixture.directory)
            }
        }
        let contents = try copyOf(fixture).open().recovered.contents()
        #expect(contents.count == 10)
        return (fixture, contents)
    }

    /// The same files on another disk, so that opening one leaves the other alone.
    private func copyOf(_ fixture: Fixture) -> Fixture {
        Fixture(disk: fixture.disk.duplicate(seed: 5))
    }

    /// Checks one damaged copy. Answers what was damaged and where the log ends.
    private func outcome(_ copy: Fixture, _ truth: [Content]) throws -> (damaged: [UInt64], last: UInt64) {
        let (store, recovered) = try copy.open()
        var damaged: [UInt64] = []
        for range in recovered.damaged { damaged += Array(range.first...range.last) }
        for index in 1...recovered.lastIndex {
            var reader = LogReplay(
                copy.disk, directory: Fixture.directory, segments: store.segments, from: index, through: index)
            do {
                let entry = try reader.next()
                #expect(entry.map { Content($0) } == truth[Int(index) - 1])
            } catch {
                #expect(damaged.contains(index), "entry \(index): \(error)")
            }
            #expect((store.location(of: index) == nil) == damaged.contains(index))
            #expect(store.term(at: index) == truth[Int(index) - 1].term || damaged.contains(index))
        }
        for range in recovered.damaged {
            guard let identity = range.identity else { continue }
            #expect(identity.term == truth[Int(range.last) - 1].term)
            if identity.isKnown { #expect(identity.payloadLength == truth[Int(range.last) - 1].payload.count) }
        }
        return (damaged, recovered.lastIndex)
    }

    private func owner(_ byte: Int, in records: [(index: UInt64, start: Int, end: Int)]) -> UInt64? {
        records.first { $0.start <= byte && byte < $0.end }?.index
    }

    private func places(_ fixture: Fixture, segment: Int) throws -> [(index: UInt64, start: Int, end: Int)] {
        let copy = copyOf(fixture)
        let store = try copy.open().store
        return store.segments[segment].slots.enumerated().map { position, slot in
            let start = Int(slot.headerOffset)
            let end = start + EntryHeader.size + Int(slot.payloadLength)
            return (store.segments[segment].first + UInt64(position), start, end)
        }
    }

    /// Checksums are right, numbers are not: answered at once, without memory for entries that never were.
    @Test func absurdNumbersAreNotBelieved() throws {
        let (fixture, _) = try build(mark: true, sidecars: true)
        let place = Int(SegmentHeader.regionSize)
        let marked = copyOf(fixture)
        marked.disk.damage(marked.path(FileNames.segment(7))) { content in
            var header = EntryHeader.decode(ByteSlice(content[place..<(place + EntryHeader.size)]))
            header?.flushedMark = 1 << 50
            var writer = ByteWriter()
            header?.encode(into: &writer)
            content.replaceSubrange(place..<(place + EntryHeader.size), with: writer.finish().array)
        }
        let recovered = try marked.open().recovered
        #expect(recovered.last.index == 10 && recovered.damaged.isEmpty)

        let stated = copyOf(fixture)
        stated.disk.damage(stated.path(FileNames.state)) { content in
            for offset in LogState.slotOffsets.map({ Int($0) }) {
                let slot = offset..<(offset + LogState.slotSize)
                var state = LogState.decode(ByteSlice(content[slot]))
                state?.flushed.index = 1 << 50
                if let bytes = state?.encode().array { content.replaceSubrange(slot, with: bytes) }
            }
        }
        #expect {
            _ = try stated.open()
        } throws: { error in
            if case LogStoreError.inconsistent(_, let what) = error { what.contains("\(1 << 50)") } else { false }
        }
    }

    /// Its entries would all be taken for remains of a log that was cut away, and what is written next with them.
    @Test func aFirstSegmentOfAnEpochToComeIsRefused() throws {
        let (fixture, _) = try build(mark: false, sidecars: true)
        fixture.disk.damage(fixture.path(FileNames.segment(1))) { content in
            var header = SegmentHeader.decode(ByteSlice(content[..<SegmentHeader.size]))
            header?.epoch = 9
            if let region = header?.encode().array { content.replaceSubrange(..<region.count, with: region) }
        }
        #expect(throws: LogStoreError.self) { try fixture.open() }
    }

    /// What is started after a loss must not make the log look older than it is at the start after next.
    @Test func theTermOfALostLastEntrySurvivesEveryFurtherStart() throws {
        let (fixture, truth) = try build(mark: true, sidecars: true)
        fixture.disk.damage(fixture.path(FileNames.segment(7))) { $0.removeLast($0.count - 8192) }
        for _ in 0..<3 {
            let recovered = try fixture.open().recovered
            #expect(recovered.last == LogPoint(index: 10, term: truth[9].term, chain: truth[9].chain))
            #expect(recovered.damaged.map { $0.first } == [7])
            fixture.disk.killProcess()
        }
    }

    /// Every byte of headers, every 61st of payloads and of everything else.
    private func samples(_ count: Int, _ places: [(index: UInt64, start: Int, end: Int)]) -> [Int] {
        var bytes = Array(stride(from: 0, to: count, by: 397))
        bytes += Array(0..<SegmentHeader.size) + Array(4096..<(4096 + SegmentHeader.size))
        for place in places {
            bytes += Array(place.start..<min(place.end, place.start + EntryHeader.size))
            bytes += Array(stride(from: place.start + EntryHeader.size, to: place.end, by: 211)) + [place.end - 1]
        }
        return bytes.filter { $0 < count }
    }

    @Test(arguments: [0, 2], [true, false]) func flippedBytesInASegment(segment: Int, mark: Bool) throws {
        let (fixture, truth) = try build(mark: mark, sidecars: false)
        let places = try places(fixture, segment: segment)
        let path = fixture.path(FileNames.segment(places[0].index))
        let count = fixture.disk.contents(path)?.count ?? 0
        for byte in samples(count, places) {
            let copy = copyOf(fixture)
            copy.disk.flip(path, byte: byte, mask: 0x20)
            let (damaged, last) = try outcome(copy, truth)
            guard let owner = owner(byte, in: places) else {
                #expect(damaged.isEmpty && last == 10)
                continue
            }
            if segment == 0 || mark {
                #expect(damaged == [owner] && last == 10, "byte \(byte)")
            } else if damaged.isEmpty {
                // No mark covers the newest entries; only from there on may the log be cut.
                #expect(last == 9 && owner == 10, "byte \(byte)")
            } else {
                #expect(damaged == [owner] && last == 10)
            }
        }
    }

    @Test func flippedBytesInASidecarCostNothing() throws {
        let (fixture, truth) = try build(mark: true, sidecars: true)
        let path = fixture.path(FileNames.sidecar(1))
        let count = try #require(fixture.disk.contents(path)?.count)
        for byte in 0..<count {
            let copy = copyOf(fixture)
            copy.disk.flip(path, byte: byte, mask: 1)
            let (damaged, last) = try outcome(copy, truth)
            #expect(damaged.isEmpty && last == 10)
        }
    }

    @Test func flippedBytesInOneStateSlotCostNothing() throws {
        let (fixture, truth) = try build(mark: true, sidecars: false)
        for slot in LogState.slotOffsets {
            for byte in stride(from: 0, to: LogState.slotSize, by: 3) {
                let copy = copyOf(fixture)
                copy.disk.flip(fixture.path(FileNames.state), byte: Int(slot) + byte, mask: 4)
                let (damaged, last) = try outcome(copy, truth)
                #expect(damaged.isEmpty && last == 10)
                let slots = try #require(copy.disk.contents(fixture.path(FileNames.state)))
                let both = LogState.slotOffsets.map { LogState.decode(ByteSlice(slots[Int($0)...])) }
                #expect(both[0] == both[1] && both[0] != nil)
            }
        }
    }

    /// A zeroed block or a cut-off file: what was durable is reported, never silently gone.
    @Test(arguments: [true, false]) func zeroedAndTruncatedSegments(sidecars: Bool) throws {
        let (fixture, truth) = try build(mark: true, sidecars: sidecars)
        let path = fixture.path(FileNames.segment(1))
        for start in stride(from: Int(SegmentHeader.regionSize), to: 16384, by: 4096) {
            let copy = copyOf(fixture)
            copy.disk.damage(path) { bytes in
                for byte in start..<min(start + 4096, bytes.count) { bytes[byte] = 0 }
            }
            // With a sidecar the body is not read at opening; reading the entry must then refuse it.
            if sidecars {
                let (_, recovered) = try copy.open()
                #expect(recovered.damaged.isEmpty)
                #expect(throws: LogStoreError.self) { try recovered.contents() }
            } else {
                let (damaged, last) = try outcome(copy, truth)
                #expect(!damaged.isEmpty && last == 10)
            }
            guard case .damaged = LogVerifier().verify(copy.disk, directory: Fixture.directory) else {
                Issue.record("the verifier sees nothing")
                continue
            }
        }
        let copy = copyOf(fixture)
        copy.disk.damage(path) { $0.removeSubrange(9000...) }
        let (damaged, last) = try outcome(copy, truth)
        #expect(damaged.first == 1 && last == 10)
    }

    /// The newest entries zeroed although the state file says they were durable; the log goes on in a new segment and
    /// opens again.
    @Test func lostTailIsReportedAndTheLogGoesOn() throws {
        let (fixture, truth) = try build(mark: true, sidecars: false)
        let places = try places(fixture, segment: 2)
        let path = fixture.path(FileNames.segment(places[0].index))
        fixture.disk.damage(path) { bytes in
            for byte in places[1].start..<bytes.count { bytes[byte] = 0 }
        }
        let (store, recovered) = try fixture.open()
        #expect(recovered.damaged.map { $0.first } == [places[1].index] && recovered.damaged[0].last == 10)
        #expect(recovered.last == LogPoint(index: 10, term: truth[9].term, chain: truth[9].chain))
        fixture.complete(store.append([store.entry(term: 9, size: 10)]), of: store)
        fixture.disk.losePower()
        let again = try fixture.open()
        #expect(again.recovered.lastIndex == 11 && again.recovered.damaged.count == 1)
        #expect(again.store.location(of: 11) != nil && again.store.location(of: 10) == nil)
        // A truncation to before the damage, as a leader's log demands it, ends it.
        let truncation = again.store.truncate(after: places[1].index - 1)
        fixture.complete(truncation, of: again.store)
        #expect(again.store.damagedRanges.isEmpty)
        fixture.complete(again.store.append([again.store.entry(term: 9, size: 50)]), of: again.store)
        fixture.disk.losePower()
        #expect(try fixture.open().recovered.damaged.isEmpty)
    }

    @Test func bothHeaderCopiesDamagedIsSurvived() throws {
        let (fixture, truth) = try build(mark: true, sidecars: false)
        for first in [UInt64(1), try places(fixture, segment: 2)[0].index] {
            let copy = copyOf(fixture)
            copy.disk.damage(fixture.path(FileNames.segment(first))) { bytes in
                for byte in 0..<8192 { bytes[byte] = 0 }
            }
            let (damaged, last) = try outcome(copy, truth)
            #expect(damaged.isEmpty && last == 10)
            copy.disk.killProcess()
            #expect(try copy.open().recovered.findings.isEmpty)
        }
    }

    /// Three headers in a row: all are named as damaged, and the last one's identity is known.
    @Test func severalDamagedHeaders() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.complete(store.append(entries(after: .zero, terms: [1, 1, 2, 2, 3, 3], size: 50)), of: store)
        fixture.complete(store.saveFlushedMark(), of: store)
        for index in [UInt64(3), 4, 5] {
            let place = Int(try #require(store.location(of: index)).headerOffset)
            fixture.disk.flip(fixture.path(FileNames.segment(1)), byte: place + 20, mask: 1)
        }
        let recovered = try fixture.open().recovered
        let range = try #require(recovered.damaged.first)
        #expect(range.kind == .header && range.first == 3 && range.last == 5 && recovered.damaged.count == 1)
        #expect(range.identity?.term == 3 && range.identity?.payloadLength == 50)
        #expect(recovered.runs.map { $0.first } == [1, 5] && recovered.lastIndex == 6)
    }
}
