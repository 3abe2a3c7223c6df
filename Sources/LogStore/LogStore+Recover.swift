import Bytes
import Planted
import Ports

/// The second half of opening: acting on the examination. All calls block.
extension LogStore {
    /// Keeps complete spare files, as far as wanted; removes the others and everything obsolete.
    func adoptSpares(_ examination: LogExamination) throws(LogStoreError) {
        var removals: [DiskOperation] = examination.obsolete.map { .remove(path($0)) }
        var highest: UInt64 = 0
        for entry in examination.spares {
            highest = max(highest, FileNames.number(of: entry.name, suffix: FileNames.spareSuffix) ?? 0)
            if entry.size >= settings.segmentBytes && spares.count < settings.spareSegments {
                let path = path(entry.name)
                let disk = disk
                let file = try onDisk { () throws(DiskFailure) in try disk.open(path, .readWrite) }
                spares.append(SpareSegment(file: file, name: entry.name))
            } else {
                removals.append(.remove(path(entry.name)))
            }
        }
        maintenance = MaintenanceState(after: highest)
        if !removals.isEmpty { try execute(removals + [.syncDirectory(directory)]) }
    }

    func adoptSegments(_ examination: LogExamination) throws(LogStoreError) {
        for found in examination.segments {
            let path = path(FileNames.segment(found.header.first))
            let disk = disk
            var header = found.header
            if header.previousChain == 0, let before = segments.last { header.previousFirst = before.first }
            let file = try onDisk { () throws(DiskFailure) in try disk.open(path, .readWrite) }
            let segment = Segment(file: file, header: header)
            segment.slots = found.scan.records.map { $0.slot }
            segment.end = found.scan.end
            segment.hasSidecar = found.hasSidecar
            segment.hasRows = found.hasRows
            segment.isFromBefore = true
            segment.isDamaged = !found.scan.damage.isEmpty
            if found.needsHeader {
                try execute([.write(file, offset: 0, [header.encode()]), .sync(file)])
            }
            segments.append(segment)
            addRuns(found)
        }
        damage = examination.damage
        last = examination.last
        lastIdentity = examination.lastIdentity
        if !segments.isEmpty, beginsAmidSegment { trim(from: firstIndex) }
    }

    private func addRuns(_ found: ExaminedSegment) {
        var index = found.header.first
        for record in found.scan.records {
            if runs.last?.term != record.term { runs.append(LogTermRun(term: record.term, first: index)) }
            index += 1
        }
    }

    /// The newest snapshot that fits the log. One that the log was begun anew with may be ahead of it, while the
    /// entries up to it are still arriving. One that was received and that `reset` was not yet called for is dropped:
    /// nothing says that the log leads up to it, and the leader will offer one again.
    func chooseSnapshot(_ examination: inout LogExamination) throws(LogStoreError) {
        let choice = examination.choice()
        if let wrong = choice.contradicting {
            throw .inconsistent(path: wrong.path, what: "chain value of entry \(wrong.index) differs from the log's")
        }
        for dropped in choice.dropped {
            examination.note(dropped.path, "snapshot was not, or is no more, in use; dropped")
        }
        snapshot = choice.chosen
        if snapshot == nil && (state.isResetting || max(state.logStart, state.begin.index + 1) > 1) {
            throw .missingSnapshot(
                directory: directory, logStart: state.logStart,
                what: examination.snapshots.isEmpty ? "there is no intact one" : "none of the intact ones fits")
        }
        if state.isResetting { try finishReset() }
        try removeOtherSnapshots(examination)
    }

    private func removeOtherSnapshots(_ examination: LogExamination) throws(LogStoreError) {
        let others = examination.snapshots.map { $0.metadata.path }.filter { $0 != snapshot?.path }
        if !others.isEmpty { try execute(others.map { .remove($0) } + [.syncDirectory(directory)]) }
    }

    /// The state file says that a snapshot was replacing the log when the process ended.
    private func finishReset() throws(LogStoreError) {
        if segments.isEmpty {
            last = state.flushed
            lastIdentity = EntryIdentity(term: last.term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
            let header = nextSegmentHeader()
            let disk = disk
            let directory = directory
            let size = settings.segmentBytes
            let file = try onDisk { () throws(DiskFailure) in
                try LogStore.createSegment(disk, directory: directory, header: header, size: size)
            }
            segments = [Segment(file: file, header: header)]
        }
        state.isResetting = false
    }

    /// Makes what was found durable, records it, and starts a new segment if the last one cannot be continued.
    func settle(_ examination: LogExamination) throws(LogStoreError) {
        let final = examination.segments.last
        if let final, let active = segments.last {
            try rewriteTail(of: active, above: final.scan.mark)
            if final.scan.isCut { state.cut(after: last.index) }
        }
        flushedIndex = last.index
        try execute([.sync(segments[segments.count - 1].file), .syncDirectory(directory)])
        let point = last
        state.unsyncedIn = 0
        let isNews = state.flushed != point || state != examination.state
        if isNews { try execute(saveState()) }
        if let final, final.scan.isCut { try renewHeaderOfEmptied(segments[segments.count - 1]) }
        if final?.scan.missingThrough != nil { try startSegmentAfterLoss() }
    }

    /// Entries above every mark may be in the page cache only, and a failed sync of the process before may have left
    /// them there marked clean: writing them again is what makes the coming sync cover them.
    private func rewriteTail(of segment: Segment, above mark: UInt64) throws(LogStoreError) {
        #if DEBUG
        if Planted.has(.tailNotRewritten) { return }
        #endif
        let from = mark < segment.first ? 0 : Int(mark - segment.first) + 1
        guard from < segment.slots.count else { return }
        guard let slot = segment.slots[from...].first(where: { $0.isPlaced }) else { return }
        let disk = disk
        let end = segment.end
        try onDisk { () throws(DiskFailure) in
            var offset = slot.headerOffset
            while offset < end {
                let bytes = try disk.read(segment.file, offset: offset, count: Int(min(end - offset, 1 << 20)))
                if bytes.isEmpty { break }
                try disk.write(segment.file, offset: offset, [bytes])
                offset += UInt64(bytes.count)
            }
        }
    }

    /// A segment that was cut from its first entry on goes on in the new epoch: by its old one it would count as
    /// remains of what was cut away, with all that is written to it from now on.
    private func renewHeaderOfEmptied(_ segment: Segment) throws(LogStoreError) {
        guard segment.slots.isEmpty, segment.header.epoch < state.epoch else { return }
        segment.header.epoch = state.epoch
        try execute([.write(segment.file, offset: 0, [segment.header.encode()]), .sync(segment.file)])
    }

    /// The end of the last segment is lost; where the next entry would go in it is not known.
    private func startSegmentAfterLoss() throws(LogStoreError) {
        let header = nextSegmentHeader()
        let disk = disk
        let directory = directory
        let size = settings.segmentBytes
        let file = try onDisk { () throws(DiskFailure) in
            try LogStore.createSegment(disk, directory: directory, header: header, size: size)
        }
        segments.append(Segment(file: file, header: header))
    }

    func recoveredLog(_ examination: LogExamination) throws(LogStoreError) -> RecoveredLog {
        let start = max(firstIndex, (snapshot?.index ?? 0) + 1)
        var configurations: [(index: UInt64, payload: ByteSlice)] = []
        for found in examination.segments {
            for (position, record) in found.scan.records.enumerated() where record.kind == .configuration {
                let index = found.header.first + UInt64(position)
                guard index >= firstIndex, !isDamaged(index) else { continue }
                if let payload = try configuration(at: index) { configurations.append((index, payload)) }
            }
        }
        return RecoveredLog(
            term: state.term, vote: state.vote, snapshot: snapshot, firstIndex: firstIndex, last: last, runs: runs,
            configurations: configurations, damaged: damage, findings: examination.findings,
            replay: LogReplay(disk, directory: directory, segments: segments, from: start, through: last.index))
    }

    /// Nil if the entry is damaged, which is noted: of a segment with a sidecar nobody has read the payloads.
    private func configuration(at index: UInt64) throws(LogStoreError) -> ByteSlice? {
        var reader = LogReplay(disk, directory: directory, segments: segments, from: index, through: index)
        do {
            return try reader.next().map { $0.payload.first ?? .empty }
        } catch {
            guard case .damaged = error, noteDamage(index) else { throw error }
            return nil
        }
    }
}
