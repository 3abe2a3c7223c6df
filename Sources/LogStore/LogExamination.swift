import Bytes
import Ports

/// A segment as it was found.
struct ExaminedSegment {
    var header: SegmentHeader
    let size: UInt64
    /// A copy of the header is damaged and should be written again.
    var needsHeader: Bool
    var hasSidecar: Bool
    var hasRows: Bool
    var scan = SegmentScan()
}

/// A snapshot file as it was found.
struct ExaminedSnapshot {
    let metadata: SnapshotMetadata
    let isReceived: Bool
}

/// Reads a group's directory and judges all of it, changing nothing. `LogStore.open` then acts on it; `LogVerifier`
/// reports it.
struct LogExamination {
    let disk: any Disk
    let directory: String
    /// Nil: whatever group the files say.
    let group: UInt32?
    let usesSidecars: Bool

    var state = LogState()
    var snapshots: [ExaminedSnapshot] = []
    var segments: [ExaminedSegment] = []
    var last: LogPoint = .zero
    var lastIdentity: EntryIdentity = .none
    /// Names of files that are of no more use.
    var obsolete: [String] = []
    var spares: [DirectoryEntry] = []
    var findings: [RecoveryFinding] = []

    init(_ disk: any Disk, directory: String, group: UInt32?, usesSidecars: Bool) {
        self.disk = disk
        self.directory = directory
        self.group = group
        self.usesSidecars = usesSidecars
    }

    /// What lies before the log's beginning amid a segment was given up.
    var damage: [DamagedRange] { segments.flatMap { $0.scan.damage }.filter { $0.last > state.begin.index } }
    func path(_ name: String) -> String { directory + "/" + name }

    mutating func note(_ file: String, _ what: String) {
        findings.append(RecoveryFinding(file: file, what: what))
    }

    mutating func run() throws(LogStoreError) {
        let directory = directory
        let disk = disk
        let files = try onDisk { () throws(DiskFailure) in try disk.list(directory) }.filter { !$0.isDirectory }
        guard files.contains(where: { $0.name == FileNames.state }) else {
            throw .notFormatted(path: path(FileNames.state))
        }
        try readState()
        try readSnapshots(files)
        try findSegments(files)
        try scanSegments(files)
        checkBeginning()
        try checkEnd()
        for file in files {
            if FileNames.number(of: file.name, suffix: FileNames.spareSuffix) != nil { spares.append(file) }
            if file.name.hasSuffix(FileNames.temporarySuffix) { obsolete.append(file.name) }
        }
    }

    // MARK: term and vote

    private mutating func readState() throws(LogStoreError) {
        let path = path(FileNames.state)
        let disk = disk
        let slots = try onDisk { () throws(DiskFailure) in
            let file = try disk.open(path, .readOnly)
            defer { disk.close(file) }
            var found: [LogState?] = []
            for offset in LogState.slotOffsets {
                found.append(LogState.decode(try disk.read(file, offset: offset, count: LogState.slotSize)))
            }
            return found
        }
        guard let newest = slots.compactMap({ $0 }).max(by: { $0.sequence < $1.sequence }) else {
            throw .stateDamaged(path: path, what: "neither slot has a valid checksum")
        }
        if let group, newest.group != group {
            throw .inconsistent(path: path, what: "belongs to group \(newest.group), not \(group)")
        }
        for (number, slot) in slots.enumerated() where slot != newest {
            note(path, "slot \(number) \(slot == nil ? "is damaged" : "is older"); the other one counts")
        }
        state = newest
    }

    // MARK: snapshots

    private mutating func readSnapshots(_ files: [DirectoryEntry]) throws(LogStoreError) {
        for file in files {
            let received = FileNames.number(of: file.name, suffix: FileNames.receivedSuffix)
            guard let index = received ?? FileNames.number(of: file.name, suffix: FileNames.snapshotSuffix) else {
                continue
            }
            let disk = disk
            let path = path(file.name)
            let group = state.group
            let content = try onDisk { () throws(DiskFailure) in
                try SnapshotFile.read(disk, path: path, group: group, keepsState: false)
            }
            switch content {
            case .intact(let metadata, _) where metadata.index == index:
                snapshots.append(ExaminedSnapshot(metadata: metadata, isReceived: received != nil))
            case .intact(let metadata, _):
                note(path, "snapshot of entry \(metadata.index) under the name of another; not used")
            case .damaged(let what):
                note(path, "snapshot is damaged (\(what)); not used")
            }
        }
        snapshots.sort { $0.metadata.index < $1.metadata.index }
    }
}
