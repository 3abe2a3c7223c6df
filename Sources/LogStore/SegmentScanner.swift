import Bytes
import Ports

/// What a scan found in one segment.
struct SegmentScan {
    var records: [EntryRecord] = []
    var damage: [DamagedRange] = []
    /// Where the next entry's header goes.
    var end: UInt64 = SegmentHeader.regionSize
    /// What was found after `end` must be made void.
    var isCut = false
    /// Entries expected after the last record are gone, through this index.
    var missingThrough: UInt64?
    /// Every entry through here was durable, as far as marks tell.
    var mark: UInt64 = 0
    /// Nil before the first entry of the log, and after a loss.
    var lastChain: UInt64?
    var lastTerm: UInt64 = 0
}

/// Reads a segment header by header and applies `RecoveryTable` at each place.
struct SegmentScanner {
    private let header: SegmentHeader
    private let name: String
    private let state: LogState
    /// The last index that must be here, because a later segment starts after it.
    private let limit: UInt64?
    private let verifiesPayloads: Bool
    private var window: FileWindow
    private var scan = SegmentScan()
    private var position = SegmentHeader.regionSize
    private var expected: UInt64
    private var epoch: UInt32
    /// Headers of later entries, found once, when the first thing goes wrong.
    private var traces: [Trace]?

    private struct Trace {
        let position: UInt64
        let index: UInt64
        let mark: UInt64
        let epoch: UInt32
        let previous: EntryIdentity
    }

    init(
        _ disk: any Disk, _ file: DiskFile, header: SegmentHeader, chainBefore: UInt64?, state: LogState,
        limit: UInt64?, mark: UInt64, verifiesPayloads: Bool = true
    ) throws(DiskFailure) {
        self.verifiesPayloads = verifiesPayloads
        self.header = header
        self.state = state
        self.limit = limit
        name = FileNames.segment(header.first)
        window = try FileWindow(disk, file, windowSize: verifiesPayloads ? 1 << 20 : 1 << 16)
        expected = header.first
        epoch = header.epoch
        scan.mark = max(mark, limit ?? 0)
        scan.lastChain = chainBefore
        scan.lastTerm = header.previous.term
    }

    mutating func run() throws(DiskFailure) -> SegmentScan {
        while limit.map({ expected <= $0 }) ?? true {
            let (evidence, found) = try probe()
            var body = BodyEvidence.unknown
            if let found { body = try isBodyIntact(found) ? .intact : .damaged }
            var successor: Trace?
            if evidence != .intact || body != .intact { successor = try successorTrace() }
            let decision = RecoveryTable.decide(
                header: evidence, body: body, successor: successor == nil ? .none : .found,
                mark: expected <= scan.mark ? .flushed : .none)
            guard let decision else { preconditionFailure("SegmentScanner: \(evidence) with \(body)") }
            switch (decision, found, successor) {
            case (.accept, .some(let found), _): accept(found)
            case (.damagedPayload, .some(let found), _): keepDamagedPayload(found)
            case (.damagedHeader, _, .some(let successor)): keepDamagedHeaders(until: successor)
            case (.missing, _, _): return loseRest()
            case (.cut, _, _):
                scan.isCut = true
                return finish()
            case (.end, _, _): return finish()
            default: preconditionFailure("SegmentScanner: \(decision) at \(expected)")
            }
        }
        return finish()
    }

    private mutating func finish() -> SegmentScan {
        scan.end = position
        return scan
    }

    private mutating func probe() throws(DiskFailure) -> (HeaderEvidence, EntryHeader?) {
        guard let bytes = try window.bytes(at: position, count: EntryHeader.size),
            let found = EntryHeader.decode(bytes), isLive(found)
        else { return (.absent, nil) }
        let continues = scan.lastChain.map { found.continues($0) } ?? true
        if found.index == expected && continues && found.term >= scan.lastTerm { return (.intact, found) }
        return (.misplaced, nil)
    }

    private func isLive(_ found: EntryHeader) -> Bool {
        found.salt == header.salt && found.group == header.group && found.epoch >= epoch
            && !state.isVoid(epoch: found.epoch, index: found.index)
    }

    private mutating func isBodyIntact(_ found: EntryHeader) throws(DiskFailure) -> Bool {
        guard verifiesPayloads else { return true }
        return try window.checksum(at: position + UInt64(EntryHeader.size), count: found.payloadLength)
            == found.payloadChecksum
    }

    private mutating func accept(_ found: EntryHeader) {
        scan.records.append(EntryRecord(found, at: position))
        // A header cannot know of itself, let alone of later entries, that they are durable.
        scan.mark = max(scan.mark, min(found.flushedMark, max(found.index, 1) - 1))
        scan.lastChain = found.chain
        scan.lastTerm = found.term
        epoch = found.epoch
        position += found.span
        expected += 1
    }

    private mutating func keepDamagedPayload(_ found: EntryHeader) {
        scan.damage.append(
            DamagedRange(
                kind: .payload, first: expected, last: expected, segment: name, offset: position,
                byteCount: found.span, chainBefore: scan.lastChain, chainAfter: found.chain,
                identity: EntryRecord(found, at: position).identity))
        accept(found)
    }

    /// The entries before `successor` are lost; its header names the last of them.
    private mutating func keepDamagedHeaders(until successor: Trace) {
        let last = successor.index - 1
        scan.damage.append(
            DamagedRange(
                kind: .header, first: expected, last: last, segment: name, offset: position,
                byteCount: successor.position - position, chainBefore: scan.lastChain, chainAfter: nil,
                identity: successor.previous))
        while expected < last { addLost(term: scan.lastTerm) }
        addLost(term: max(successor.previous.term, scan.lastTerm))
        scan.lastChain = nil
        position = successor.position
    }

    private mutating func loseRest() -> SegmentScan {
        let last = limit ?? scan.mark
        scan.damage.append(
            DamagedRange(
                kind: .missing, first: expected, last: last, segment: name, offset: position, byteCount: nil,
                chainBefore: scan.lastChain, chainAfter: nil, identity: nil))
        while expected <= last { addLost(term: scan.lastTerm) }
        scan.lastChain = nil
        scan.missingThrough = last
        return finish()
    }

    private mutating func addLost(term: UInt64) {
        scan.records.append(EntryRecord(lostTerm: term))
        scan.lastTerm = term
        expected += 1
    }

    /// The header of the next entry that is still there. By index, not by place: a misdirected write may have put a
    /// copy of a much later header here, and all between would be taken for lost. Of two copies the one further back
    /// counts: the other is what did the damage. Also takes every later header's mark into account.
    private mutating func successorTrace() throws(DiskFailure) -> Trace? {
        let all: [Trace]
        if let traces { all = traces } else { all = try findTraces() }
        traces = all
        var nearest: Trace?
        for trace in all where trace.position > position && trace.index > expected && trace.epoch >= epoch {
            if let limit, trace.index > limit { continue }
            // Every entry between here and there has a header at least.
            if trace.index - expected > (trace.position - position) / UInt64(EntryHeader.size) { continue }
            scan.mark = max(scan.mark, min(trace.mark, trace.index - 1))
            if isDisplaced(trace) { continue }
            if nearest.map({ trace.index <= $0.index }) ?? true { nearest = trace }
        }
        return nearest
    }

    /// A header that says how long the entry before it is, and that is the one missing here, can only stand right
    /// behind it. Elsewhere it is a copy: what it is a copy of is lost as well, or the copy would be further back.
    private func isDisplaced(_ trace: Trace) -> Bool {
        guard trace.index == expected + 1, trace.previous.isKnown else { return false }
        return trace.position != position + EntryHeader.span(payloadLength: Int(trace.previous.payloadLength))
    }

    /// Every live header behind `position`, in order.
    private mutating func findTraces() throws(DiskFailure) -> [Trace] {
        var found: [Trace] = []
        let step = UInt64(EntryHeader.alignment)
        let chunk = 1 << 18
        var start = position + step
        while start < window.size {
            let count = Int(min(UInt64(chunk), window.size - start))
            guard let bytes = try window.bytes(at: start, count: count) else { break }
            for offset in SegmentScanner.magicOffsets(in: bytes) {
                let place = start + UInt64(offset)
                guard let candidate = try window.bytes(at: place, count: EntryHeader.size),
                    let header = EntryHeader.decode(candidate), isLive(header)
                else { continue }
                found.append(
                    Trace(
                        position: place, index: header.index, mark: header.flushedMark, epoch: header.epoch,
                        previous: header.previous))
            }
            start += UInt64(chunk)
        }
        return found
    }

    /// Aligned places at which an entry header's magic number stands.
    private static func magicOffsets(in bytes: ByteSlice) -> [Int] {
        bytes.withUnsafeBytes { raw in
            let magic = EntryHeader.magic.bigEndian
            var found: [Int] = []
            var offset = 0
            while offset + 4 <= raw.count {
                if raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self) == magic { found.append(offset) }
                offset += EntryHeader.alignment
            }
            return found
        }
    }
}
