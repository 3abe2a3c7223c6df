import Planted
import Ports

extension LogStore {
    /// Drops every entry above `index`. Durable when the batch is finished.
    ///
    /// First the state file says that the remains above `index` are void; only then are files touched or, by later
    /// appends, overwritten. Without that record a torn write over the remains would look like damage to an entry that
    /// was once durable.
    package func truncate(after index: UInt64) -> [DiskOperation] {
        precondition(
            index + 1 >= firstIndex && index <= last.index,
            "LogStore: truncate after \(index), log is \(firstIndex) ... \(last.index)")
        if index == last.index { return [] }
        guard let term = term(at: index) else { preconditionFailure("LogStore: no term for \(index)") }
        let keep = segmentPosition(of: index)
        let dropped = Array(segments[(keep + 1)...])
        segments.removeSubrange((keep + 1)...)
        let active = segments[keep]
        let chain = chainKept(at: index, in: active)
        cut(active, after: index)
        while let run = runs.last, run.first > index { runs.removeLast() }
        damage = damage.compactMap { $0.clipped(after: index) }
        last = LogPoint(index: index, term: term, chain: chain)
        lastIdentity = EntryIdentity(term: term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
        flushedIndex = min(flushedIndex, index)
        firstAfterCut = index + 1
        if state.flushed.index > index { state.flushed = last }
        state.cut(after: index)
        #if DEBUG
        if Planted.has(.truncationNotRecorded) { return retire(dropped, .privately) + removeIndexes(of: active) }
        #endif
        return saveState() + retire(dropped, .privately) + removeIndexes(of: active)
    }

    /// Of a segment that is written to again.
    private func removeIndexes(of segment: Segment) -> [DiskOperation] {
        let removals = indexRemovals(of: segment)
        segment.hasSidecar = false
        segment.hasRows = false
        return removals.isEmpty ? [] : removals + [.syncDirectory(directory)]
    }

    func indexRemovals(of segment: Segment) -> [DiskOperation] {
        var removals: [DiskOperation] = []
        if segment.hasSidecar { removals.append(.remove(path(FileNames.sidecar(segment.first)))) }
        if segment.hasRows { removals.append(.remove(path(FileNames.rows(segment.first)))) }
        return removals
    }

    /// A damaged last entry has no chain value of its own here; the truncation is then only legal if its successor was
    /// known, and that is what `last` was built from.
    private func chainKept(at index: UInt64, in segment: Segment) -> UInt64 {
        if index < segment.first { return segment.header.previousChain }
        return segment.slots[Int(index - segment.first)].chain
    }

    /// After a damaged header the place of the first dropped entry may be unknown; then the segment goes on after
    /// everything that was found in it.
    private func cut(_ segment: Segment, after index: UInt64) {
        let kept = index < segment.first ? 0 : Int(index - segment.first) + 1
        if kept == 0 {
            segment.end = SegmentHeader.regionSize
        } else if segment.slots[kept - 1].isPlaced {
            let slot = segment.slots[kept - 1]
            segment.end = slot.headerOffset + EntryHeader.span(payloadLength: Int(slot.payloadLength))
        } else if kept < segment.slots.count, segment.slots[kept].isPlaced {
            segment.end = segment.slots[kept].headerOffset
        }
        segment.slots.removeSubrange(kept...)
    }

    /// What the files of dropped segments have been used for.
    enum FileUse {
        /// Their entries were not committed, so nobody outside was told of them; writes to them may be under way.
        case privately
        /// Consumers may have been given ranges of them; nothing is being written to them.
        case shared
    }

    /// Gives up segments: whole files become spares, as far as more are wanted; others are removed.
    func retire(_ dropped: [Segment], _ use: FileUse) -> [DiskOperation] {
        var operations: [DiskOperation] = []
        for segment in dropped {
            operations += indexRemovals(of: segment)
            if spares.count < settings.spareSegments, let spare = makeSpare(of: segment, use, &operations) {
                spares.append(spare)
            } else {
                operations.append(.close(segment.file))
                operations.append(.remove(path(segment.name)))
            }
        }
        if !operations.isEmpty { operations.append(.syncDirectory(directory)) }
        return operations
    }

    /// Nil if the file must not be written over: it is damaged, or ranges of it are still being sent.
    func makeSpare(of segment: Segment, _ use: FileUse, _ operations: inout [DiskOperation]) -> SpareSegment? {
        guard !segment.isDamaged else { return nil }
        var file = segment.file
        if use == .shared {
            guard let renumbered = disk.renumber(file) else { return nil }
            file = renumbered
        }
        let spare = SpareSegment(file: file, name: FileNames.spare(maintenance.takeSpareNumber()))
        operations.append(.rename(from: path(segment.name), to: path(spare.name)))
        return spare
    }
}
