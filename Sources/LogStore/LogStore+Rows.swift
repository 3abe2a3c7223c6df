import Ports

/// The indexes that the owner makes of sealed segments. What is in them is the owner's; their files come and go with
/// the segments.
extension LogStore {
    /// The segment that holds entry `index`, as far as it is durable and applied; nil if none does. What is not applied
    /// may still give way to other entries.
    package func storedSegment(of index: UInt64, applied: UInt64) -> StoredSegment? {
        guard index <= min(flushedIndex, applied), let segment = segment(of: index) else { return nil }
        return stored(segment, applied: applied)
    }

    /// The first sealed segment that has no index although all its entries are durable, and applied up to `applied`.
    package func segmentToIndex(applied: UInt64, except failed: Set<UInt64>) -> StoredSegment? {
        if !mayWriteIndexes { return nil }
        let limit = min(applied, flushedIndex)
        for segment in segments.dropLast() {
            if segment.last > limit { return nil }
            if !segment.hasRows && !segment.isDamaged && !segment.slots.isEmpty && !failed.contains(segment.first) {
                return stored(segment, applied: applied)
            }
        }
        return nil
    }

    /// The last entry of the segment with entry `index + 1`, or of the first one, if it is sealed and has an index.
    package func indexedEnd(after index: UInt64) -> UInt64? {
        guard let segment = segment(of: max(index + 1, firstIndex)), segment.hasRows,
            segment.first != segments[segments.count - 1].first
        else { return nil }
        return segment.last
    }

    /// The index of `segment` is written. What came too late is removed by a maintenance job.
    package func onRowsWritten(_ segment: StoredSegment) {
        if let current = segments.dropLast().first(where: { $0.first == segment.first && $0.last == segment.last }) {
            current.hasRows = true
        } else {
            maintenance.late.append(segment.rowsPath)
        }
    }

    /// The index of the segment that begins with `first` cannot be read: it counts as missing.
    package func onRowsDamaged(first: UInt64) {
        segment(of: first)?.hasRows = false
    }

    /// The segments to which nothing is added any more and that are durable and applied, oldest first: the last entry
    /// of each, and its size.
    package func sealedSegments(through applied: UInt64) -> [(last: UInt64, bytes: UInt64)] {
        segments.dropLast().prefix { $0.last <= min(applied, flushedIndex) }.map { ($0.last, $0.end) }
    }

    private func stored(_ segment: Segment, applied: UInt64) -> StoredSegment? {
        let isSealed = segment.first != segments[segments.count - 1].first
        let first = max(segment.first, firstIndex)
        let last = min(segment.last, flushedIndex, applied)
        guard first <= last, let chain = chain(at: last) else { return nil }
        return StoredSegment(
            first: first, last: last, chain: chain, isSealed: isSealed && last == segment.last,
            hasRows: segment.hasRows, isFromBefore: segment.isFromBefore, path: path(segment.name),
            rowsPath: path(FileNames.rows(segment.first)), directory: directory,
            slots: segment.slots[Int(first - segment.first)..<Int(last - segment.first + 1)])
    }
}
