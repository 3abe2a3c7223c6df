import Ports

extension LogStore {
    /// Deletes the segments that hold only entries below `index`: never the one being written to, nor any that a write
    /// may be under way to. The caller makes sure that a durable snapshot covers them and that nothing in them is live.
    ///
    /// The new start is durable before a file goes, so that a later opening can tell a deleted segment from a lost one.
    package func deletePrefix(before index: UInt64) -> [DiskOperation] {
        if firstAfterCut != nil { return [] }
        var count = 0
        while count < segments.count - 1, segments[count].last < index, segments[count].last <= flushedIndex {
            count += 1
        }
        if count == 0 { return [] }
        let start = segments[count].first
        precondition(
            start <= (snapshot?.index ?? 0) + 1,
            "LogStore: deleting entries below \(start), snapshot is at \(snapshot?.index ?? 0)")
        let dropped = Array(segments[..<count])
        segments.removeSubrange(..<count)
        state.logStart = start
        if !beginsAmidSegment { state.begin = .zero }
        trim(from: firstIndex)
        return saveState() + retire(dropped, .shared)
    }

    /// The last entry of the segment with entry `index`, if nothing more is written to that.
    package func sealedEnd(of index: UInt64) -> UInt64? {
        guard let segment = segment(of: index), segment.first != segments[segments.count - 1].first,
            segment.last <= flushedIndex
        else { return nil }
        return segment.last
    }

    /// Deletes the log through `end`, the last entry of a segment, in favour of a received snapshot, which is durable,
    /// covers `end` and perhaps more than the log has, and counts from now on (*adopted*). What is after `end` stays.
    /// Durable when the batch is finished. Empty, and nothing changes, while a write may be under way there.
    package func begin(after end: UInt64, with snapshot: SnapshotMetadata) -> [DiskOperation] {
        let older = self.snapshot
        let adopted = state.adoptedSnapshot
        self.snapshot = snapshot
        state.adoptedSnapshot = snapshot.index
        var operations = deletePrefix(before: end + 1)
        if operations.isEmpty {
            self.snapshot = older
            state.adoptedSnapshot = adopted
            return []
        }
        if let older, older.path != snapshot.path {
            operations += [.remove(older.path), .syncDirectory(directory)]
        }
        return operations
    }

    /// The first entry behind `range`, or the last one in it, whose term and chain value are known: the log could begin
    /// after that if nothing up to there is needed. Nil if there is none, or if nothing follows it.
    package func pointBehind(_ range: DamagedRange) -> LogPoint? {
        guard damage.contains(range) else { return nil }
        let index = range.kind == .payload ? range.last : range.last + 1
        guard index < last.index, range.kind == .payload || !isDamaged(index), let term = term(at: index),
            let chain = chain(at: index)
        else { return nil }
        return LogPoint(index: index, term: term, chain: chain)
    }

    /// As `begin(after:with:)`, but amid a segment: what lies before stays in its file, and is passed over. `snapshot`
    /// covers `point`; if it is not the one that counts, it is a received one and is adopted.
    package func begin(amid point: LogPoint, with snapshot: SnapshotMetadata) -> [DiskOperation] {
        precondition(
            point.index <= snapshot.index && point.index < last.index,
            "LogStore: to begin after \(point) of \(last) with a snapshot at \(snapshot.index)")
        let older = self.snapshot
        if older?.path != snapshot.path {
            self.snapshot = snapshot
            state.adoptedSnapshot = snapshot.index
        }
        state.begin = point
        var operations = deletePrefix(before: point.index + 1)
        if operations.isEmpty {
            trim(from: firstIndex)
            operations = saveState()
        }
        if let older, older.path != snapshot.path {
            operations += [.remove(older.path), .syncDirectory(directory)]
        }
        return operations
    }

    func trim(from start: UInt64) {
        while runs.count > 1, runs[1].first <= start { runs.removeFirst() }
        if let run = runs.first, run.first < start { runs[0] = LogTermRun(term: run.term, first: start) }
        damage = damage.compactMap { range in
            guard range.last >= start else { return nil }
            return range
        }
    }

    /// Follower: replaces the whole log by an empty one that begins after `base`. The snapshot, which is durable,
    /// covers `base` and perhaps more: entries up to its index will come again for the sake of the records in them.
    /// Durable when the batch is finished.
    ///
    /// Every operation returned before must have finished. Nil, and nothing changes, while there is no file to write
    /// to: no spare is ready, and ranges of all present ones are being sent. Ask again after `onMaintenanceDone`.
    package func reset(to snapshot: SnapshotMetadata, base: LogPoint) -> [DiskOperation]? {
        precondition(
            base.index <= snapshot.index, "LogStore: log restarted after \(base), snapshot is at \(snapshot.index)")
        var operations: [DiskOperation] = []
        guard let file = takeFileForReset(&operations) else { return nil }
        let older = self.snapshot
        self.snapshot = snapshot
        state.epoch += 1
        state.baseEpoch = state.epoch
        state.truncations = []
        state.isResetting = true
        state.adoptedSnapshot = snapshot.index
        state.logStart = base.index + 1
        state.begin = .zero
        last = base
        flushedIndex = last.index
        firstAfterCut = nil
        lastIdentity = EntryIdentity(term: last.term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
        runs = []
        damage = []
        operations = saveState() + operations
        operations += startAfresh(in: file)
        state.isResetting = false
        operations += saveState()
        if let older, older.path != snapshot.path {
            operations += [.remove(older.path), .syncDirectory(directory)]
        }
        return operations
    }

    /// A spare, or else a file of the log that ends: from the moment the state file says `isResetting`, nothing in it
    /// counts any more.
    private func takeFileForReset(_ operations: inout [DiskOperation]) -> SpareSegment? {
        if let ready = spares.popLast() { return ready }
        for position in segments.indices.reversed() {
            let segment = segments[position]
            guard let spare = makeSpare(of: segment, .shared, &operations) else { continue }
            operations += indexRemovals(of: segment)
            segments.remove(at: position)
            return spare
        }
        return nil
    }

    /// The first segment of the log after `last`. The old files are gone durably before it gets its name, which may be
    /// that of one of them.
    private func startAfresh(in spare: SpareSegment) -> [DiskOperation] {
        var operations = retire(segments, .shared)
        operations.append(.syncDirectory(directory))
        segments = []
        let segment = Segment(file: spare.file, header: nextSegmentHeader())
        segments = [segment]
        operations.append(.write(spare.file, offset: 0, [segment.header.encode()]))
        operations.append(.sync(spare.file))
        return operations + naming(spare, segment)
    }
}
