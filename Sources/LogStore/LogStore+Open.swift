import Bytes
import Ports

extension LogStore {
    /// Makes an empty log in `directory`, which is created if need be: the explicit first start of a node. The state
    /// file comes last; a directory without it was not formatted to the end and is not opened.
    package static func format(
        _ disk: any Disk, directory: String, settings: LogStoreSettings, entropy: () -> UInt64
    ) throws(LogStoreError) {
        let salt = entropy()
        let isEmpty = try onDisk { () throws(DiskFailure) in
            if try !exists(disk, directory) { try disk.createDirectory(directory) }
            return try disk.list(directory).isEmpty
        }
        guard isEmpty else { throw .notEmpty(directory: directory) }
        try onDisk { () throws(DiskFailure) in
            let header = SegmentHeader(
                group: settings.group, first: 1, salt: salt, previousChain: 0, previous: .none, epoch: 0,
                previousFirst: 0)
            disk.close(try createSegment(disk, directory: directory, header: header, size: settings.segmentBytes))
            var state = LogState()
            state.group = settings.group
            state.sequence = 1
            let slot = state.encode()
            let gap = Int(LogState.slotOffsets[1]) - slot.count
            let zeros = ByteSlice([UInt8](repeating: 0, count: gap))
            try disk.replace(
                directory + "/" + FileNames.state, with: [slot, zeros, slot, zeros], directory: directory)
            let parent = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
            try disk.syncDirectory(parent)
        }
    }

    /// Whether `directory` was ever formatted. An existing directory that is neither empty nor formatted needs a human.
    package static func isFormatted(_ disk: any Disk, directory: String) throws(LogStoreError) -> Bool {
        try onDisk { () throws(DiskFailure) in
            guard try exists(disk, directory) else { return false }
            return try disk.list(directory).contains { $0.name == FileNames.state }
        }
    }

    private static func exists(_ disk: any Disk, _ directory: String) throws(DiskFailure) -> Bool {
        var parent = ""
        var name = Substring(directory)
        if let slash = directory.lastIndex(of: "/") {
            parent = String(directory[..<slash])
            name = directory[directory.index(after: slash)...]
        }
        return try disk.list(parent).contains { $0.name == name && $0.isDirectory }
    }

    /// Creates, fills and names a segment with blocking calls.
    static func createSegment(
        _ disk: any Disk, directory: String, header: SegmentHeader, size: UInt64
    ) throws(DiskFailure) -> DiskFile {
        let path = directory + "/" + FileNames.segment(header.first)
        let file = try disk.createAnew(path + FileNames.temporarySuffix)
        do {
            try disk.preallocate(file, size: size)
            try disk.write(file, offset: 0, [header.encode()])
            try disk.sync(file)
            try disk.rename(path + FileNames.temporarySuffix, to: path)
            try disk.syncDirectory(directory)
        } catch {
            disk.close(file)
            throw error
        }
        return file
    }

    /// Opens a formatted log, recovers it from whatever a crash left, and makes sure that everything it reports is
    /// durable. Blocking.
    package static func open(
        _ disk: any Disk, directory: String, settings: LogStoreSettings, entropy: @escaping () -> UInt64
    ) throws(LogStoreError) -> (store: LogStore, recovered: RecoveredLog) {
        var examination = LogExamination(disk, directory: directory, group: settings.group, usesSidecars: true)
        try examination.run()
        let statePath = directory + "/" + FileNames.state
        let stateFile = try onDisk { () throws(DiskFailure) in try disk.open(statePath, .readWrite) }
        let store = LogStore(
            disk: disk, directory: directory, settings: settings, entropy: entropy, stateFile: stateFile,
            state: examination.state)
        store.noteLostWrites()
        // What was read may be in the page cache only, after a process that ended between a write and its sync. Files
        // are deleted on the strength of it, so it must be durable first.
        try store.execute(store.writeState() + [.syncDirectory(directory)])
        try store.adoptSpares(examination)
        try store.adoptSegments(examination)
        try store.chooseSnapshot(&examination)
        try store.settle(examination)
        return (store, try store.recoveredLog(examination))
    }

    /// Written by a process on another boot of the machine, and perhaps never synced: then entries may be missing that
    /// a leader counts on. By a process on this boot, they are there, and `settle` syncs them.
    private func noteLostWrites() {
        guard state.unsyncedIn != 0, state.unsyncedIn != disk.cacheIdentity else { return }
        state.isRejoining = true
        state.rejoins += 1
        state.unsyncedIn = 0
    }

    func execute(_ operations: [DiskOperation]) throws(LogStoreError) {
        let disk = disk
        try onDisk { () throws(DiskFailure) in
            for operation in operations { try operation.run(on: disk) }
        }
    }
}
