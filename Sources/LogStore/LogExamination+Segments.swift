import Bytes
import Ports

extension LogExamination {
    /// Reads the headers of all segments, leaves out those that no longer count, and checks that none is lost.
    mutating func findSegments(_ files: [DirectoryEntry]) throws(LogStoreError) {
        var found: [ExaminedSegment] = []
        for file in files {
            guard let first = FileNames.number(of: file.name, suffix: FileNames.segmentSuffix) else { continue }
            if first < state.logStart {
                obsolete.append(file.name)
                continue
            }
            found.append(try readHeader(first: first, file: file, files))
        }
        for (position, segment) in found.enumerated() {
            let isOldLog = segment.header.epoch < state.baseEpoch
            let isCutAway = state.isVoid(epoch: segment.header.epoch, index: segment.header.first) && position > 0
            if isOldLog || isCutAway {
                obsolete.append(FileNames.segment(segment.header.first))
            } else {
                segments.append(segment)
            }
        }
        for file in files {
            let number =
                FileNames.number(of: file.name, suffix: FileNames.sidecarSuffix)
                ?? FileNames.number(of: file.name, suffix: FileNames.rowsSuffix)
            guard let first = number else { continue }
            if !segments.contains(where: { $0.header.first == first }) || first == segments.last?.header.first {
                obsolete.append(file.name)
            }
        }
        // It was sealed, and what came after it is lost: it is written to again, so its indexes are of no use.
        if let active = segments.indices.last { segments[active].hasRows = false }
        try checkNoSegmentIsMissing()
    }

    private func checkNoSegmentIsMissing() throws(LogStoreError) {
        guard let lowest = segments.first else {
            if state.isResetting { return }
            throw .missingSegment(
                directory: directory, first: state.logStart, last: max(state.flushed.index, state.logStart))
        }
        if lowest.header.epoch > state.epoch {
            let path = path(FileNames.segment(lowest.header.first))
            let what = "epoch \(lowest.header.epoch) is later than the state's, \(state.epoch)"
            throw .inconsistent(path: path, what: what)
        }
        if lowest.header.first != state.logStart {
            throw .missingSegment(directory: directory, first: state.logStart, last: lowest.header.first - 1)
        }
        for (left, right) in zip(segments, segments.dropFirst()) {
            let named = right.header.previousFirst
            if named != 0 && named != left.header.first {
                throw .missingSegment(directory: directory, first: named, last: right.header.first - 1)
            }
        }
    }

    /// The segment header from either copy, or, with both damaged, what the first entry's header tells of it.
    private mutating func readHeader(
        first: UInt64, file: DirectoryEntry, _ files: [DirectoryEntry]
    ) throws(LogStoreError) -> ExaminedSegment {
        let size = file.size
        let hasSidecar = files.contains { $0.name == FileNames.sidecar(first) }
        let hasRows = files.contains { $0.name == FileNames.rows(first) }
        let path = path(FileNames.segment(first))
        let disk = disk
        let (copies, entry) = try onDisk { () throws(DiskFailure) in
            let file = try disk.open(path, .readOnly)
            defer { disk.close(file) }
            var copies: [SegmentHeader?] = []
            for offset in [0, SegmentHeader.copyOffset] {
                copies.append(SegmentHeader.decode(try disk.read(file, offset: offset, count: SegmentHeader.size)))
            }
            let bytes = try disk.read(file, offset: SegmentHeader.regionSize, count: EntryHeader.size)
            return (copies, EntryHeader.decode(bytes))
        }
        for (number, copy) in copies.enumerated() where copy == nil {
            note(path, "copy \(number) of the segment header is damaged")
        }
        let group = state.group
        if let header = copies.compactMap({ $0 }).first(where: { $0.first == first && $0.group == group }) {
            return ExaminedSegment(
                header: header, size: size, needsHeader: copies.contains { $0 != header }, hasSidecar: hasSidecar,
                hasRows: hasRows)
        }
        guard let entry, entry.index == first, entry.group == group else {
            throw .inconsistent(
                path: path, what: "both copies of the segment header and the first entry's header are damaged")
        }
        note(path, "both copies of the segment header are damaged; rebuilt from the first entry")
        let header = SegmentHeader(
            group: group, first: first, salt: entry.salt, previousChain: 0, previous: entry.previous,
            epoch: entry.epoch, previousFirst: 0)
        return ExaminedSegment(
            header: header, size: size, needsHeader: true, hasSidecar: hasSidecar, hasRows: hasRows)
    }

    /// Reads every segment, from its sidecar where that is intact.
    mutating func scanSegments(_ files: [DirectoryEntry]) throws(LogStoreError) {
        for position in segments.indices {
            let isLast = position == segments.count - 1
            let next = isLast ? nil : segments[position + 1].header
            if let next, let records = try readSidecar(segments[position], next: next) {
                segments[position].scan = SegmentScan(sidecar: records)
            } else {
                if next != nil && usesSidecars && segments[position].hasSidecar {
                    let sidecar = FileNames.sidecar(segments[position].header.first)
                    obsolete.append(sidecar)
                    note(path(sidecar), "does not match its segment; segment read instead")
                }
                segments[position].hasSidecar = segments[position].hasSidecar && !usesSidecars
                segments[position].scan = try scan(position, limit: next.map { $0.first - 1 })
            }
            if let next, segments[position].scan.lastChain == nil {
                segments[position].scan.lastChain = next.previousChain
            }
            for range in segments[position].scan.damage where range.last > state.begin.index {
                note(path(range.segment), "\(range)")
            }
        }
    }

    private func readSidecar(_ segment: ExaminedSegment, next: SegmentHeader) throws(LogStoreError) -> [EntryRecord]? {
        guard usesSidecars && segment.hasSidecar && next.previousChain != 0 else { return nil }
        let disk = disk
        let directory = directory
        return try onDisk { () throws(DiskFailure) in
            try Sidecar.read(
                disk, directory: directory, header: segment.header, last: next.first - 1, chain: next.previousChain,
                size: segment.size)
        }
    }

    private func scan(_ position: Int, limit: UInt64?) throws(LogStoreError) -> SegmentScan {
        let segment = segments[position]
        let path = path(FileNames.segment(segment.header.first))
        let disk = disk
        let state = state
        let mark = max(state.flushed.index, newestOwnSnapshot?.index ?? 0)
        try requireRoom(for: limit ?? mark, in: segment, path)
        var chainBefore: UInt64? = segment.header.previousChain
        if chainBefore == 0 && segment.header.first > 1 {
            chainBefore = position > 0 ? segments[position - 1].scan.lastChain : nil
        }
        return try onDisk { () throws(DiskFailure) in
            let file = try disk.open(path, .readOnly)
            defer { disk.close(file) }
            var scanner = try SegmentScanner(
                disk, file, header: segment.header, chainBefore: chainBefore, state: state, limit: limit, mark: mark)
            return try scanner.run()
        }
    }

    /// Entries that are lost are kept account of one by one, so a file that claims more than ever fitted into a segment
    /// must not be believed. The segment itself may have been cut short.
    private func requireRoom(for last: UInt64, in segment: ExaminedSegment, _ path: String) throws(LogStoreError) {
        let size = segments.reduce(LogStoreSettings().segmentBytes) { max($0, $1.size) }
        let room = size / UInt64(EntryHeader.size)
        guard last >= segment.header.first, last - segment.header.first >= room else { return }
        throw .inconsistent(path: path, what: "entries through \(last) should be in it, more than it has room for")
    }

    /// The newest snapshot this node has taken from this very log: everything it covers was durable in it. One that was
    /// received, or taken before the log was begun anew, says nothing about what is in the log.
    var newestOwnSnapshot: SnapshotMetadata? { snapshots.last { isOwn($0) }?.metadata }

    func isOwn(_ snapshot: ExaminedSnapshot) -> Bool {
        !snapshot.isReceived && snapshot.metadata.baseEpoch == state.baseEpoch
    }

    /// The log was begun anew, or behind damage, with this snapshot, whether received or taken before by this node.
    func isAdopted(_ snapshot: ExaminedSnapshot) -> Bool {
        state.adoptedSnapshot > 0 && snapshot.metadata.index == state.adoptedSnapshot
    }

    /// Whether the log leads up to a snapshot; nil if it cannot be told, because the entry is damaged.
    func fits(_ snapshot: SnapshotMetadata) -> Bool? {
        for (number, segment) in segments.enumerated() {
            if snapshot.index + 1 == segment.header.first {
                let known = number == 0 ? segment.header.previousChain : segments[number - 1].scan.lastChain
                return known.map { $0 == snapshot.chain }
            }
            guard snapshot.index >= segment.header.first else { return false }
            let offset = snapshot.index - segment.header.first
            guard offset < UInt64(segment.scan.records.count) else { continue }
            let record = segment.scan.records[Int(offset)]
            return record.slot.isPlaced ? record.chain == snapshot.chain : nil
        }
        return false
    }

    /// Which snapshot a start would use, if any, what is wrong with those it would not, and whether that is an error.
    func choice() -> SnapshotChoice {
        var choice = SnapshotChoice()
        for candidate in snapshots.reversed() {
            let metadata = candidate.metadata
            let isAdopted = isAdopted(candidate)
            if state.isResetting {
                if isAdopted { return choice.choosing(metadata) }
                continue
            }
            if metadata.index + 1 < state.logStart || metadata.index < state.begin.index { continue }
            let isOfThisLog = isAdopted || isOwn(candidate)
            let fits = metadata.index > last.index ? isAdopted : fits(metadata) ?? isOfThisLog
            if fits { return choice.choosing(metadata) }
            if isOfThisLog {
                choice.contradicting = metadata
                return choice
            }
            choice.dropped.append(metadata)
        }
        return choice
    }

    /// The log begins amid a segment, and there is damage now right there. Then it begins with the segment again: what
    /// was given up will be once more.
    mutating func checkBeginning() {
        let begin = state.begin.index
        guard segments.contains(where: { $0.scan.damage.contains { $0.first <= begin && begin < $0.last } }) else {
            return
        }
        state.begin = .zero
    }

    /// Works out where the log ends.
    mutating func checkEnd() throws(LogStoreError) {
        guard let final = segments.last else {
            last = LogPoint(index: state.logStart - 1, term: 0, chain: 0)
            return
        }
        let index = final.header.first + UInt64(final.scan.records.count) - 1
        if let record = final.scan.records.last {
            last = LogPoint(index: index, term: record.term, chain: record.chain)
            lastIdentity = record.identity
        } else {
            last = LogPoint(index: index, term: final.header.previous.term, chain: final.header.previousChain)
            lastIdentity = final.header.previous
        }
        if final.scan.isCut {
            note(path(FileNames.segment(final.header.first)), "torn tail cut after entry \(index)")
        }
        guard final.scan.missingThrough != nil else { return }
        if index == state.flushed.index {
            last = state.flushed
        } else if let own = newestOwnSnapshot, own.index == index {
            last = own.point
        }
        segments[segments.count - 1].scan.nameLast(last)
        // The segment that is begun after the loss repeats the term, and the next start takes it from there.
        lastIdentity = EntryIdentity(term: last.term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
    }
}

extension SegmentScan {
    /// A sealed segment, known from its sidecar.
    init(sidecar: [EntryRecord]) {
        records = sidecar
        guard let final = sidecar.last else { return }
        end = final.slot.headerOffset + EntryHeader.span(payloadLength: Int(final.payloadLength))
        lastChain = final.chain
        lastTerm = final.term
    }

    /// The lost last entry's term and chain value are known from elsewhere.
    mutating func nameLast(_ point: LogPoint) {
        guard !records.isEmpty, !damage.isEmpty else { return }
        records[records.count - 1].term = point.term
        damage[damage.count - 1].chainAfter = point.chain
        damage[damage.count - 1].identity = EntryIdentity(
            term: point.term, payloadLength: 0, payloadChecksum: 0, isKnown: false)
        lastChain = point.chain
        lastTerm = point.term
    }
}
