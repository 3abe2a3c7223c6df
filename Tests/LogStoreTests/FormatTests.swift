import Bytes
import Testing

@testable import LogStore

@Suite struct FormatTests {
    private let header = EntryHeader(
        salt: 0x1122, index: 7, term: 3, kind: .configuration, timestamp: -5, flushedMark: 6, chain: 99,
        payloadLength: 1000, payloadChecksum: 0xabcd,
        previous: EntryIdentity(term: 2, payloadLength: 4, payloadChecksum: 5, isKnown: true), epoch: 8, group: 1)

    @Test func entryHeaderRoundTrips() {
        var writer = ByteWriter()
        header.encode(into: &writer)
        let bytes = writer.finish()
        #expect(bytes.count == EntryHeader.size)
        #expect(EntryHeader.decode(bytes) == header)
        #expect(header.span == 1096)
    }

    @Test func everyFlippedBitOfAnEntryHeaderIsSeen() {
        var writer = ByteWriter()
        header.encode(into: &writer)
        let bytes = writer.finish().array
        for position in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << UInt8(bit)
                #expect(EntryHeader.decode(ByteSlice(changed)) == nil)
            }
        }
    }

    @Test func segmentHeaderRoundTripsInBothCopies() {
        let segment = SegmentHeader(
            group: 4, first: 10, salt: 1, previousChain: 2,
            previous: EntryIdentity(term: 3, payloadLength: 0, payloadChecksum: 0, isKnown: false), epoch: 5,
            previousFirst: 6)
        let region = segment.encode()
        #expect(region.count == Int(SegmentHeader.regionSize))
        #expect(SegmentHeader.decode(region) == segment)
        #expect(SegmentHeader.decode(region.dropFirst(Int(SegmentHeader.copyOffset))) == segment)
        var changed = region.array
        changed[30] ^= 1
        #expect(SegmentHeader.decode(ByteSlice(changed)) == nil)
    }

    @Test func stateRoundTripsWithEveryField() {
        var state = LogState()
        state.group = 3
        state.sequence = 4
        state.term = 5
        state.vote = 0
        state.baseEpoch = 0
        state.adoptedSnapshot = 10
        state.isResetting = true
        state.logStart = 6
        state.flushed = LogPoint(index: 7, term: 8, chain: 9)
        for index in 1...40 { state.cut(after: UInt64(index)) }
        #expect(state.truncations.count == LogState.maximumTruncations)
        let slot = state.encode()
        #expect(slot.count == LogState.slotSize)
        #expect(LogState.decode(slot) == state)
        for position in 0..<slot.count {
            var changed = slot.array
            changed[position] ^= 0x10
            #expect(LogState.decode(ByteSlice(changed)) == nil)
        }
    }

    @Test func aStateThatContradictsItselfIsNotTaken() {
        func isTaken(_ change: (inout LogState) -> Void) -> Bool {
            var state = LogState()
            for index in [10, 20] { state.cut(after: UInt64(index)) }
            change(&state)
            return LogState.decode(state.encode()) != nil
        }
        #expect(isTaken { _ in })
        #expect(!isTaken { $0.epoch = 1 })
        #expect(!isTaken { $0.truncations.reverse() })
        #expect(!isTaken { $0.truncations[1].after = 10 })
        #expect(!isTaken { $0.baseEpoch = 3 })
        #expect(!isTaken { $0.logStart = 0 })
    }

    @Test func aLaterCutReplacesThoseAboveIt() {
        var state = LogState()
        state.cut(after: 10)
        state.cut(after: 20)
        state.cut(after: 15)
        #expect(state.truncations == [Truncation(epoch: 1, after: 10), Truncation(epoch: 3, after: 15)])
        #expect(state.isVoid(epoch: 0, index: 11) && !state.isVoid(epoch: 0, index: 10))
        #expect(state.isVoid(epoch: 2, index: 16) && !state.isVoid(epoch: 2, index: 15))
        #expect(!state.isVoid(epoch: 3, index: 16) && state.isVoid(epoch: 4, index: 1))
    }

    @Test func wireFormRoundTripsAndRefusesEveryFlippedBit() throws {
        let entry = LogEntry.make(
            after: 5, index: 6, term: 2, kind: .command, timestamp: 77,
            payload: [ByteSlice([1, 2]), ByteSlice([3, 4, 5])])
        var writer = ByteWriter()
        entry.encodeWireHeader(into: &writer)
        for piece in entry.payload { writer.bytes(piece) }
        let bytes = writer.finish()
        #expect(bytes.count == entry.wireSize)
        var reader = ByteReader(bytes)
        let decoded = try LogEntry.decodeWire(from: &reader)
        #expect(reader.isAtEnd && Content(decoded) == Content(entry))
        #expect(decoded.continues(5) && !decoded.continues(6))
        for position in 0..<bytes.count {
            var changed = bytes.array
            changed[position] ^= 0x40
            var reader = ByteReader(ByteSlice(changed))
            #expect(throws: DecodeError.self) { try LogEntry.decodeWire(from: &reader) }
        }
        for length in 0..<bytes.count {
            var reader = ByteReader(bytes.slice(0, length))
            #expect(throws: DecodeError.self) { try LogEntry.decodeWire(from: &reader) }
        }
    }

    /// The chain separates every field.
    @Test func chainDependsOnEveryField() {
        func chain(
            _ previous: UInt64 = 1, index: UInt64 = 2, term: UInt64 = 3, kind: EntryKind = .command, time: Int64 = 4,
            length: Int = 5, sum: UInt32 = 6
        ) -> UInt64 {
            Chain.next(
                after: previous, index: index, term: term, kind: kind, timestamp: time, length: length, checksum: sum)
        }
        let values = [
            chain(), chain(2), chain(index: 3), chain(term: 2), chain(kind: .noop), chain(time: 5), chain(length: 6),
            chain(sum: 5),
        ]
        #expect(Set(values).count == values.count)
    }
}
