import Bytes
import Ports

extension LogStore {
    /// The next background job, or nil. At most one of each kind is under way. Ask after opening, after `append`, and
    /// after `onMaintenanceDone`.
    package func takeMaintenanceJob() -> MaintenanceJob? {
        if spares.count < settings.spareSegments && !maintenance.isPreparingSpare && !maintenance.isSparePaused {
            return spareJob()
        }
        return removalJob() ?? sidecarJob()
    }

    /// An index written now stays: nothing that takes away an older one of the same name is still to come. The ordered
    /// queue may be far behind.
    package var mayWriteIndexes: Bool { firstAfterCut == nil && maintenance.late.isEmpty && !maintenance.isRemoving }

    /// Takes the outcome of a job. The operations returned clean up what came too late to be of use. A failure is not
    /// fatal: the log goes on in the segment it has, and `retryMaintenance` asks again.
    package func onMaintenanceDone(_ job: MaintenanceJob, failure: DiskFailure?) -> [DiskOperation] {
        switch job.kind {
        case .spare(let name, let result):
            maintenance.isPreparingSpare = false
            guard failure == nil, let file = result.value else {
                maintenance.isSparePaused = true
                return []
            }
            if spares.count < settings.spareSegments {
                spares.append(SpareSegment(file: file, name: name))
                return []
            }
            return [.close(file), .remove(path(name)), .syncDirectory(directory)]
        case .sidecar(let first, let last, let result):
            maintenance.isIndexing = false
            onIndexed(first: first, last: last, isWritten: failure == nil && result.value == nil)
        case .removal: maintenance.isRemoving = false
        }
        return []
    }

    /// Lets a job that failed be taken again; call it now and then, for example when disk space was freed.
    package func retryMaintenance() {
        maintenance.isSparePaused = false
        maintenance.unindexable.removeAll()
    }

    private func onIndexed(first: UInt64, last: UInt64, isWritten: Bool) {
        let sealed = segments.dropLast().first { $0.first == first && $0.last == last }
        if let sealed {
            if isWritten { sealed.hasSidecar = true } else { maintenance.unindexable.insert(first) }
        } else if isWritten {
            maintenance.late.append(path(FileNames.sidecar(first)))
        }
    }

    /// Not in the ordered queue, from where it could take away the index of the same segment sealed again.
    private func removalJob() -> MaintenanceJob? {
        if maintenance.late.isEmpty || maintenance.isRemoving { return nil }
        let paths = maintenance.late
        maintenance.late = []
        maintenance.isRemoving = true
        let directory = directory
        return MaintenanceJob(kind: .removal(paths)) { (disk: any Disk) throws(DiskFailure) in
            for path in paths { try disk.remove(path) }
            try disk.syncDirectory(directory)
        }
    }

    private func spareJob() -> MaintenanceJob {
        maintenance.isPreparingSpare = true
        let name = FileNames.spare(maintenance.takeSpareNumber())
        let path = path(name)
        let directory = directory
        let size = settings.segmentBytes
        let result = JobResult<DiskFile>()
        return MaintenanceJob(kind: .spare(name: name, result)) { (disk: any Disk) throws(DiskFailure) in
            result.value = try LogStore.createSpare(disk, path: path, directory: directory, size: size)
        }
    }

    private static func createSpare(
        _ disk: any Disk, path: String, directory: String, size: UInt64
    ) throws(DiskFailure) -> DiskFile {
        let file = try disk.open(path, .createNew)
        do throws(DiskFailure) {
            try disk.preallocate(file, size: size)
            try disk.sync(file)
            try disk.syncDirectory(directory)
            return file
        } catch {
            disk.close(file)
            try disk.remove(path)
            throw error
        }
    }

    /// Only once every entry of the segment is durable: before that the job could read what is not written yet.
    private func sidecarJob() -> MaintenanceJob? {
        if maintenance.isIndexing || !mayWriteIndexes { return nil }
        let candidate = segments.dropLast().first {
            !$0.hasSidecar && !$0.isDamaged && $0.last <= flushedIndex && !$0.slots.isEmpty
                && !maintenance.unindexable.contains($0.first)
        }
        guard let candidate else { return nil }
        maintenance.isIndexing = true
        let result = JobResult<DamagedRange>()
        let header = candidate.header
        let first = candidate.first
        let last = candidate.last
        let state = state
        let directory = directory
        let kind = MaintenanceJob.Kind.sidecar(first: first, last: last, result)
        return MaintenanceJob(kind: kind) { (disk: any Disk) throws(DiskFailure) in
            result.value = try Sidecar.build(disk, directory: directory, header: header, last: last, state: state)
        }
    }
}
