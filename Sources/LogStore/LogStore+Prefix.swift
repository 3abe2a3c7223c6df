import Ports

extension LogStore {
    /// Deletes the segments that hold only entries below `index`: never the one being written to. The caller makes
    /// sure that a durable snapshot covers them and that nothing in them is live.
    ///
    /// The new start is durable before a file goes, so that a later opening can tell a deleted segment from a lost one.
    package func deletePrefix(before index: UInt64) -> [DiskOperation] {
        var count = 0
        while count < segments.count - 1, segments[count].last < index { count += 1 }
        if count == 0 { return [] }
        let start = segments[count].first
        precondition(
            start <= (snapshot?.index ?? 0) + 1,
            "LogStore: deleting entries below \(start), snapshot is at \(snapshot?.index ?? 0)")
        let dropped = Array(segments[..<count])
        segments.removeSubrange(..<count)
        trim(from: start)
        state.logStart = start
        return saveState() + retire(dropped, sidecarOf: nil)
    }

    private func trim(from start: UInt64) {
        while runs.count > 1, runs[1].first <= start { runs.removeFirst() }
        if let run = runs.first, run.first < start { runs[0] = LogTermRun(term: run.term, first: start) }
        damage = damage.compactMap { range in
            guard range.last >= start else { return nil }
            return range
        }
    }

    /// Follower: replaces the whole log by an empty one that begins after `base`. The snapshot, which
    /// `snapshotInstallJob` has made durable before, covers `base` and perhaps more: entries up to its index
    /// will come again for the sake of the records in them. Durable when the batch is finished.
    package func reset(to snapshot: SnapshotMetadata, base: LogPoint) -> [DiskOperation] {
        precondition(
            base.index <= snapshot.index, "LogStore: log restarted after \(base), snapshot is at \(snapshot.index)")
        let older = self.snapshot
        self.snapshot = snapshot
        let dropped = segments
        state.epoch += 1
        state.baseEpoch = state.epoch
        state.truncations = []
        state.isResetting = true
        state.adoptedSnapshot = snapshot.index
        state.logStart = base.index + 1
        last = base
        flushedIndex = last.index
        lastIdentity = EntryIdentity(term: last.term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
        runs = []
        damage = []
        var operations = saveState()
        operations += startAfresh(replacing: dropped)
        state.isResetting = false
        operations += saveState()
        if let older, older.path != snapshot.path {
            operations += [.remove(older.path), .syncDirectory(directory)]
        }
        return operations
    }

    /// A first segment for the log after `last`, in a spare or else in one of the dropped files: from the moment the
    /// state file says `isResetting`, nothing in them counts any more.
    private func startAfresh(replacing dropped: [Segment]) -> [DiskOperation] {
        var operations: [DiskOperation] = []
        var rest = dropped
        let spare: SpareSegment
        if let ready = spares.popLast() {
            spare = ready
        } else {
            let reused = rest.removeLast()
            spare = SpareSegment(file: reused.file, name: FileNames.spare(maintenance.takeSpareNumber()))
            if reused.hasSidecar { operations.append(.remove(path(FileNames.sidecar(reused.first)))) }
            operations.append(.rename(from: path(reused.name), to: path(spare.name)))
        }
        operations += retire(rest, sidecarOf: nil)
        operations.append(.syncDirectory(directory))
        segments = []
        let segment = Segment(file: spare.file, header: nextSegmentHeader())
        segments = [segment]
        operations.append(.write(spare.file, offset: 0, [segment.header.encode()]))
        operations.append(.sync(spare.file))
        return operations + naming(spare, segment)
    }
}
