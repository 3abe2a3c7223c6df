import Bytes
import Ports

extension LogStore {
    /// Appends entries that continue the log. Ends with the sync; everything is durable when the batch is finished.
    ///
    /// Leaves the segment when an entry would pass its size and a spare is ready. Without a spare it goes on in the
    /// same file: a long segment costs nothing but the speed of pre-written blocks, while waiting would stop the loop.
    package func append(_ entries: [LogEntry]) -> [DiskOperation] {
        let operations = add(entries, isSynced: true).operations
        isSyncDue = false
        return operations
    }

    /// The same without the sync, unless another segment was begun: then `isSynced`, and everything is durable.
    /// Otherwise a later `sync`, or `append`, makes it so; that this may have been too late is on record.
    package func write(_ entries: [LogEntry]) -> (operations: [DiskOperation], isSynced: Bool) {
        let mark = markUnsynced()
        let (operations, isSynced) = add(entries, isSynced: false)
        isSyncDue = !isSynced
        return (mark + operations, isSynced)
    }

    /// Makes durable whatever was written before.
    package func sync() -> [DiskOperation] {
        isSyncDue = false
        return [.sync(segments[segments.count - 1].file)]
    }

    private func add(_ entries: [LogEntry], isSynced: Bool) -> (operations: [DiskOperation], isSynced: Bool) {
        var isSynced = isSynced
        var operations: [DiskOperation] = []
        var batch = beginBatch(capacity: copiedBytes(of: entries[...]))
        for (position, entry) in entries.enumerated() {
            precondition(
                entry.index == last.index + 1 && entry.term >= last.term,
                "LogStore: entry (\(entry.index), \(entry.term)) after (\(last.index), \(last.term))")
            let span = EntryHeader.span(payloadLength: entry.payloadLength)
            if needsRoll(for: span), let spare = takeSpare() {
                // Also when nothing of this batch is in it, if writes before are not synced. If they are, the file may
                // be deleted before another sync comes to be carried out.
                if !batch.isEmpty {
                    operations += batch.finish(limit: settings.segmentBytes)
                } else if isSyncDue {
                    operations += sync()
                }
                isSynced = true
                batch = roll(to: spare, capacity: copiedBytes(of: entries[position...]))
            }
            add(entry, to: &batch)
        }
        return (operations + batch.finish(limit: settings.segmentBytes, isSynced: isSynced), isSynced)
    }

    private func beginBatch(capacity: Int) -> WriteBatch {
        let active = segments[segments.count - 1]
        return WriteBatch(
            file: active.file, start: active.end, capacity: capacity, copyThreshold: settings.copyThreshold)
    }

    /// Bytes of headers and small payloads, to size the buffer they are copied into.
    private func copiedBytes(of entries: ArraySlice<LogEntry>) -> Int {
        var total = 0
        for entry in entries {
            total += EntryHeader.size + EntryHeader.alignment
            for piece in entry.payload where piece.count <= settings.copyThreshold { total += piece.count }
        }
        return min(total, 4 << 20)
    }

    private func needsRoll(for span: UInt64) -> Bool {
        let active = segments[segments.count - 1]
        return !active.slots.isEmpty && active.end + span > settings.segmentBytes
    }

    private func takeSpare() -> SpareSegment? { spares.popLast() }

    /// The new segment's header and first entries are durable before the file gets its name, so a segment that can be
    /// found always has a header.
    private func roll(to spare: SpareSegment, capacity: Int) -> WriteBatch {
        let segment = Segment(file: spare.file, header: nextSegmentHeader())
        segments.append(segment)
        var batch = WriteBatch(
            file: spare.file, start: 0, capacity: capacity, copyThreshold: settings.copyThreshold,
            naming: naming(spare, segment))
        batch.append(segment.header.encode())
        return batch
    }

    func naming(_ spare: SpareSegment, _ segment: Segment) -> [DiskOperation] {
        [.rename(from: path(spare.name), to: path(segment.name)), .syncDirectory(directory)]
    }

    func nextSegmentHeader() -> SegmentHeader {
        SegmentHeader(
            group: settings.group, first: last.index + 1, salt: entropy(), previousChain: last.chain,
            previous: lastIdentity, epoch: state.epoch, previousFirst: segments.last?.first ?? 0)
    }

    private func add(_ entry: LogEntry, to batch: inout WriteBatch) {
        let active = segments[segments.count - 1]
        let header = EntryHeader(
            salt: active.header.salt, index: entry.index, term: entry.term, kind: entry.kind,
            timestamp: entry.timestamp, flushedMark: flushedIndex, chain: entry.chain,
            payloadLength: entry.payloadLength, payloadChecksum: entry.payloadChecksum, previous: lastIdentity,
            epoch: state.epoch, group: settings.group)
        active.slots.append(
            EntrySlot(
                place: EntrySlot.place(of: batch.end), payloadLength: UInt32(entry.payloadLength), chain: entry.chain))
        batch.append(header, payload: entry.payload)
        active.end = batch.end
        if entry.term != last.term || runs.isEmpty {
            runs.append(LogTermRun(term: entry.term, first: entry.index))
        }
        last = LogPoint(index: entry.index, term: entry.term, chain: entry.chain)
        lastIdentity = EntryIdentity(
            term: entry.term, payloadLength: entry.payloadLength, payloadChecksum: entry.payloadChecksum, isKnown: true)
    }
}
