import Bytes
import Ports

/// Damage to entries that were durable: noted, looked for, and repaired in place with copies from a peer. Nothing here
/// changes what the log says: an entry is taken only if its chain checksum is the one that stood there.
extension LogStore {
    /// What came of the copies: the writes, durable when the batch is finished (then `onRepaired`), and whether the
    /// entries' terms are those that were reported, and none of them is a configuration that could not be.
    package struct RepairOutcome {
        package let operations: [DiskOperation]
        package let isAsKnown: Bool
    }

    /// Bytes to be looked at before a repair: from where the damage begins to the header of the entry behind it.
    package struct RepairSite: Sendable {
        package let range: DamagedRange
        package let file: DiskFile
        package let offset: UInt64
        package let byteCount: Int
    }

    /// Entry `index` was found unreadable, although durable. False if it is not in the log, or is known already.
    package func noteDamage(_ index: UInt64) -> Bool {
        guard index <= flushedIndex, let segment = segment(of: index), !isDamaged(index) else { return false }
        let slot = segment.slots[Int(index - segment.first)]
        guard slot.isPlaced else { return false }
        segment.isDamaged = true
        damage.append(
            DamagedRange(
                kind: .payload, first: index, last: index, segment: segment.name, offset: slot.headerOffset,
                byteCount: EntryHeader.span(payloadLength: Int(slot.payloadLength)),
                chainBefore: chain(at: index - 1), chainAfter: slot.chain, identity: nil))
        damage.sort { $0.first < $1.first }
        return true
    }

    /// Where the entry of `range` is, if its header is known: what could not be read once may be readable again. Nil if
    /// it is not damaged any more.
    package func place(of range: DamagedRange) -> EntryLocation? {
        guard range.kind == .payload, damage.contains(range), let segment = segment(of: range.first),
            let term = term(at: range.first)
        else { return nil }
        let slot = segment.slots[Int(range.first - segment.first)]
        guard slot.isPlaced else { return nil }
        return EntryLocation(
            file: segment.file, headerOffset: slot.headerOffset, payloadLength: Int(slot.payloadLength),
            index: range.first, term: term, chain: slot.chain)
    }

    /// What must be read to repair `range`; nil if it is not to be repaired in place.
    package func repairSite(of range: DamagedRange) -> RepairSite? {
        guard damage.contains(range), let segment = segment(of: range.first), range.last <= segment.last else {
            return nil
        }
        let byteCount = Int(range.byteCount ?? 0) + EntryHeader.size
        return RepairSite(range: range, file: segment.file, offset: range.offset, byteCount: byteCount)
    }

    /// Writes copies of the damaged entries in their place; nil unless they are what stood there, by their chain
    /// checksums and sizes. `found` is what was read at `site`.
    package func repair(_ site: RepairSite, found: ByteSlice, with entries: [LogEntry]) -> RepairOutcome? {
        let range = site.range
        let byteCount = entries.reduce(0) { $0 + EntryHeader.span(payloadLength: $1.payloadLength) }
        guard repairSite(of: range)?.file == site.file, byteCount == range.byteCount ?? byteCount,
            let segment = segment(of: range.first), let before = range.chainBefore ?? chain(at: range.first - 1),
            entries.count == Int(range.last - range.first + 1), let last = entries.last
        else { return nil }
        var chain = before
        var isAsKnown = true
        for (number, entry) in entries.enumerated() {
            let index = range.first + UInt64(number)
            guard entry.index == index, entry.continues(chain) else { return nil }
            isAsKnown = isAsKnown && term(at: index) == entry.term
            if range.kind != .payload { isAsKnown = isAsKnown && entry.kind != .configuration }
            chain = entry.chain
        }
        let behind = EntryHeader.decode(found.dropFirst(min(Int(range.byteCount ?? 0), found.count)))
        let successor = behind.flatMap { $0.salt == segment.header.salt && $0.index == range.last + 1 ? $0 : nil }
        guard isProven(last, range, successor, in: segment) else { return nil }
        let operations = rewrite(
            entries, in: segment, at: range.offset, epoch: epoch(after: range, successor, in: segment))
        return RepairOutcome(operations: operations, isAsKnown: isAsKnown)
    }

    /// The chain checksum of the last entry is known from its own header, from the entry behind it, or from the segment
    /// behind.
    private func isProven(
        _ last: LogEntry, _ range: DamagedRange, _ successor: EntryHeader?, in segment: Segment
    ) -> Bool {
        if let known = range.chainAfter { return known == last.chain }
        if range.last < segment.last { return successor?.continues(last.chain) ?? false }
        guard let next = self.segment(of: range.last + 1), next.header.previousChain != 0 else { return false }
        return next.header.previousChain == last.chain
    }

    /// An epoch that makes the new header count: not below the entry's before, nor above the entry's behind.
    private func epoch(after range: DamagedRange, _ successor: EntryHeader?, in segment: Segment) -> UInt32 {
        if let successor { return successor.epoch }
        return self.segment(of: range.last + 1).map { $0.header.epoch } ?? state.epoch
    }

    private func rewrite(
        _ entries: [LogEntry], in segment: Segment, at offset: UInt64, epoch: UInt32
    ) -> [DiskOperation] {
        var previous = EntryIdentity(
            term: term(at: entries[0].index - 1) ?? 0, payloadLength: 0, payloadChecksum: 0, isKnown: false)
        var batch = WriteBatch(
            file: segment.file, start: offset, capacity: EntryHeader.size * entries.count,
            copyThreshold: settings.copyThreshold)
        for entry in entries {
            let header = EntryHeader(
                salt: segment.header.salt, index: entry.index, term: entry.term, kind: entry.kind,
                timestamp: entry.timestamp, flushedMark: entry.index - 1, chain: entry.chain,
                payloadLength: entry.payloadLength, payloadChecksum: entry.payloadChecksum, previous: previous,
                epoch: epoch, group: settings.group)
            segment.slots[Int(entry.index - segment.first)] = EntrySlot(
                place: EntrySlot.place(of: batch.end), payloadLength: UInt32(entry.payloadLength), chain: entry.chain)
            batch.append(header, payload: entry.payload)
            previous = EntryIdentity(
                term: entry.term, payloadLength: entry.payloadLength, payloadChecksum: entry.payloadChecksum,
                isKnown: true)
        }
        return batch.finish(limit: batch.end)
    }

    /// The writes of `repair` are durable.
    package func onRepaired(_ range: DamagedRange) {
        damage.removeAll { $0 == range }
        guard let segment = segment(of: range.first) else { return }
        segment.isDamaged = damage.contains { $0.segment == segment.name } || segment.first <= state.begin.index
        maintenance.unindexable.remove(segment.first)
    }

    /// Checks up to `maximumBytes` of entries from `index` on and not above `end`, all in one segment and durable. Nil
    /// if there are none.
    package func scrubJob(from index: UInt64, through end: UInt64, maximumBytes: Int) -> ScrubJob? {
        guard let segment = segment(of: max(index, firstIndex)) else { return nil }
        let first = max(index, firstIndex)
        var last = first
        var byteCount = 0
        while last <= min(segment.last, flushedIndex, end), byteCount < maximumBytes {
            byteCount += EntryHeader.size + Int(segment.slots[Int(last - segment.first)].payloadLength)
            last += 1
        }
        if last == first { return nil }
        let slots = segment.slots[Int(first - segment.first)..<Int(last - segment.first)]
        return ScrubJob(first: first, slots: slots, path: path(segment.name))
    }
}
