import Bytes
import Ports

/// Taking a snapshot: `snapshotWriteJob`, then `onSnapshotWritten`. Sending one: `snapshotReadJob` per piece of the
/// file. Receiving one: `snapshotReceiveJob` per piece, `snapshotInstallJob`, then `reset(to:base:)`.
extension LogStore {
    /// Writes the state as of entry `index`, which must be durable here: a snapshot counts as a mark for every
    /// entry below it. `state` runs in the job, off the loop.
    package func snapshotWriteJob(
        index: UInt64, membership: ByteSlice, state: @escaping @Sendable () -> [ByteSlice]
    ) -> SnapshotJob<SnapshotMetadata> {
        guard let term = term(at: index), let chain = chain(at: index), index <= flushedIndex else {
            preconditionFailure("LogStore: snapshot at \(index), log \(firstIndex) ... \(flushedIndex) is durable")
        }
        let point = LogPoint(index: index, term: term, chain: chain)
        let group = settings.group
        let baseEpoch = self.state.baseEpoch
        let directory = directory
        let final = path(FileNames.snapshot(index))
        return SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            let temporary = final + FileNames.temporarySuffix
            let file = try disk.createAnew(temporary)
            defer { disk.close(file) }
            var metadata = try SnapshotFile.write(
                disk, file, group: group, point: point, baseEpoch: baseEpoch, membership: membership, state: state())
            try disk.sync(file)
            try disk.rename(temporary, to: final)
            try disk.syncDirectory(directory)
            metadata.path = final
            return metadata
        }
    }

    /// A `snapshotWriteJob` has ended: of two snapshots the older one goes. If the log was begun anew while the job
    /// ran, it is the new one that goes: the log may not have its last entry any more. `newestSnapshot` tells.
    package func onSnapshotWritten(_ newer: SnapshotMetadata) -> [DiskOperation] {
        guard let older = snapshot else {
            snapshot = newer
            return []
        }
        if older.path == newer.path { return [] }
        let isOfThisLog = newer.baseEpoch == state.baseEpoch && newer.index >= older.index
        if isOfThisLog { snapshot = newer }
        return [.remove(isOfThisLog ? older.path : newer.path), .syncDirectory(directory)]
    }

    /// Reads up to `count` bytes of a snapshot file from `offset`, to send them.
    package func snapshotReadJob(_ metadata: SnapshotMetadata, offset: UInt64, count: Int) -> SnapshotJob<ByteSlice> {
        SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            let file = try disk.open(metadata.path, .readOnly)
            defer { disk.close(file) }
            return try disk.read(file, offset: offset, count: count)
        }
    }

    /// Stores a received piece of the snapshot at `index`. A piece at offset 0 starts over. The result is the number of
    /// bytes now there; a piece that would leave a gap is not written, so that the result tells where to resume.
    package func snapshotReceiveJob(index: UInt64, offset: UInt64, bytes: ByteSlice) -> SnapshotJob<UInt64> {
        let temporary = path(FileNames.received(index) + FileNames.temporarySuffix)
        return SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            let file = offset == 0
                ? try disk.createAnew(temporary) : try disk.open(temporary, .readWrite)
            defer { disk.close(file) }
            let size = try disk.size(file)
            guard offset <= size else { return size }
            try disk.write(file, offset: offset, [bytes])
            return max(size, offset + UInt64(bytes.count))
        }
    }

    /// Verifies a completely received snapshot and makes it durable. Fails with `EBADMSG` if it is damaged or not the
    /// one expected; the transfer then starts over.
    package func snapshotInstallJob(index: UInt64, term: UInt64) -> SnapshotJob<SnapshotMetadata> {
        let final = path(FileNames.received(index))
        let directory = directory
        let group = settings.group
        return SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            let temporary = final + FileNames.temporarySuffix
            guard case .intact(var metadata, _) = try SnapshotFile.read(
                disk, path: temporary, group: group, keepsState: false)
            else { throw .badContents(temporary, "damaged in transfer") }
            guard metadata.index == index, metadata.term == term else {
                throw .badContents(temporary, "holds (\(metadata.index), \(metadata.term)), not (\(index), \(term))")
            }
            let file = try disk.open(temporary, .readWrite)
            defer { disk.close(file) }
            try disk.sync(file)
            try disk.rename(temporary, to: final)
            try disk.syncDirectory(directory)
            metadata.path = final
            return metadata
        }
    }

    /// Reads and verifies the state of a snapshot.
    package func snapshotLoadJob(_ metadata: SnapshotMetadata) -> SnapshotJob<ByteSlice> {
        let group = settings.group
        return SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            switch try SnapshotFile.read(disk, path: metadata.path, group: group, keepsState: true) {
            case .intact(_, let state): return state
            case .damaged(let what): throw .badContents(metadata.path, what)
            }
        }
    }
}

extension Disk {
    /// Creates an empty file, in place of any left over from an earlier attempt.
    func createAnew(_ path: String) throws(DiskFailure) -> DiskFile {
        do {
            return try open(path, .createNew)
        } catch {
            guard error.isExisting else { throw error }
        }
        try remove(path)
        return try open(path, .createNew)
    }
}
