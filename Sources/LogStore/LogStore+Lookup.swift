import Bytes

extension LogStore {
    /// Where entry `index` is; nil if it is not in the log or is damaged.
    package func location(of index: UInt64) -> EntryLocation? {
        guard let segment = segment(of: index) else { return nil }
        let slot = segment.slots[Int(index - segment.first)]
        guard slot.isPlaced, !isDamaged(index), let term = term(at: index) else { return nil }
        return EntryLocation(
            file: segment.file, headerOffset: slot.headerOffset, payloadLength: Int(slot.payloadLength), index: index,
            term: term, chain: slot.chain)
    }

    /// Term of entry `index`, or of the entry just before the first; nil if unknown.
    package func term(at index: UInt64) -> UInt64? {
        guard index + 1 >= firstIndex, index <= last.index else { return nil }
        if index + 1 == firstIndex { return beginsAmidSegment ? state.begin.term : segments[0].header.previous.term }
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].first <= index { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : runs[low - 1].term
    }

    /// Chain value of entry `index`, or of the entry just before the first; nil if unknown.
    package func chain(at index: UInt64) -> UInt64? {
        if index == last.index { return last.chain }
        if index + 1 == firstIndex { return beginsAmidSegment ? state.begin.chain : segments[0].header.previousChain }
        guard let segment = segment(of: index) else { return nil }
        let slot = segment.slots[Int(index - segment.first)]
        return slot.isPlaced ? slot.chain : nil
    }

    /// What the first segment holds up to `state.begin` does not count.
    var beginsAmidSegment: Bool { state.begin.index >= segments[0].first }

    /// Checks bytes read from `location` (header and payload) and gives them back as an entry, payload by reference.
    /// Nil if they are not, or no longer, that entry.
    package static func decodeStored(_ bytes: ByteSlice, at location: EntryLocation) -> LogEntry? {
        guard bytes.count >= location.byteCount, let header = EntryHeader.decode(bytes),
            header.index == location.index, header.term == location.term, header.chain == location.chain,
            header.payloadLength == location.payloadLength
        else { return nil }
        let payload = bytes.slice(EntryHeader.size, header.payloadLength)
        guard CRC32C.checksum(payload) == header.payloadChecksum else { return nil }
        return LogEntry(header, payload: payload)
    }

    /// How many consecutive entries from `first`, at most through `last`, lie in one file within `maximumBytes`
    /// (at least one), and the location of the first: one read then gets them all, for `decodeStoredRun`.
    package func readableRun(
        from first: UInt64, through last: UInt64, maximumBytes: Int
    ) -> (start: EntryLocation, count: Int, byteCount: Int)? {
        guard first <= last, let start = location(of: first), let segment = segment(of: first) else { return nil }
        var count = 1
        var byteCount = start.byteCount
        let limit = min(last, segment.last)
        while first + UInt64(count) <= limit {
            let slot = segment.slots[Int(first - segment.first) + count]
            guard slot.isPlaced, !isDamaged(first + UInt64(count)) else { break }
            let end = Int(slot.headerOffset - start.headerOffset) + EntryHeader.size + Int(slot.payloadLength)
            if end > maximumBytes { break }
            byteCount = end
            count += 1
        }
        return (start, count, byteCount)
    }

    /// Takes apart what one read of a `readableRun` brought. Nil unless all of it is intact and continues `start`.
    package static func decodeStoredRun(_ bytes: ByteSlice, from start: EntryLocation, count: Int) -> [LogEntry]? {
        var entries: [LogEntry] = []
        entries.reserveCapacity(count)
        var offset = 0
        while entries.count < count {
            guard offset <= bytes.count, let header = EntryHeader.decode(bytes.dropFirst(offset)),
                header.index == start.index + UInt64(entries.count),
                header.payloadLength <= bytes.count - offset - EntryHeader.size
            else { return nil }
            let payload = bytes.slice(offset + EntryHeader.size, header.payloadLength)
            guard CRC32C.checksum(payload) == header.payloadChecksum else { return nil }
            if let previous = entries.last {
                guard header.continues(previous.chain) else { return nil }
            } else if header.chain != start.chain || header.term != start.term {
                return nil
            }
            entries.append(LogEntry(header, payload: payload))
            offset += Int(header.span)
        }
        return entries
    }

    /// Whether a run that `decodeStoredRun` gave is still, or again, part of this log: neither truncated nor deleted
    /// since the read was begun. The chain value of its last entry answers for all of it.
    package func holds(_ run: [LogEntry]) -> Bool {
        guard let first = run.first, let last = run.last, first.index >= firstIndex else { return false }
        return chain(at: last.index) == last.chain
    }

    func isDamaged(_ index: UInt64) -> Bool {
        damage.contains { $0.first <= index && index <= $0.last }
    }

    func segment(of index: UInt64) -> Segment? {
        guard index >= firstIndex, index <= last.index else { return nil }
        let segment = segments[segmentPosition(of: index)]
        return index <= segment.last ? segment : nil
    }

    /// Position of the last segment that starts at or below `index`; 0 if none does.
    func segmentPosition(of index: UInt64) -> Int {
        if segments[segments.count - 1].first <= index { return segments.count - 1 }
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].first <= index { low = middle + 1 } else { high = middle }
        }
        return max(low - 1, 0)
    }
}

extension LogEntry {
    init(_ header: EntryHeader, payload: ByteSlice) {
        self.init(
            index: header.index, term: header.term, kind: header.kind, timestamp: header.timestamp,
            payload: payload.isEmpty ? [] : [payload], payloadLength: header.payloadLength,
            payloadChecksum: header.payloadChecksum, chain: header.chain)
    }
}
