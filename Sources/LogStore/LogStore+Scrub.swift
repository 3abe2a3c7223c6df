import Bytes
import Ports

/// Files other than segments that were found damaged.
package struct OtherDamage: Sendable {
    package let isStateDamaged: Bool
    /// The snapshot whose file is damaged.
    package let snapshot: SnapshotMetadata?
}

/// Checking what this process could write again from memory.
extension LogStore {
    /// Reads both slots of the state file, and the snapshot. A slot may be found half written: then it is written once
    /// more for nothing.
    package func otherScrubJob() -> SnapshotJob<OtherDamage> {
        let statePath = path(FileNames.state)
        let snapshot = newestSnapshot
        let group = settings.group
        return SnapshotJob { (disk: any Disk) throws(DiskFailure) in
            let file = try disk.open(statePath, .readOnly)
            defer { disk.close(file) }
            var isStateDamaged = false
            for offset in LogState.slotOffsets {
                let slot = LogState.decode(try disk.read(file, offset: offset, count: LogState.slotSize))
                isStateDamaged = isStateDamaged || slot == nil
            }
            var damaged: SnapshotMetadata?
            if let snapshot {
                let content = try SnapshotFile.read(disk, path: snapshot.path, group: group, keepsState: false)
                if case .damaged = content { damaged = snapshot }
            }
            return OtherDamage(isStateDamaged: isStateDamaged, snapshot: damaged)
        }
    }

    /// Writes term, vote and marks again as they are.
    package func rewriteState() -> [DiskOperation] { saveState() }
}
