import Ports

/// What a background job brought back. Written by the job, read after its completion has been delivered.
package final class JobResult<Value: Sendable>: @unchecked Sendable {
    package var value: Value?

    package init() {}
}

/// Background work the store wants done: `DiskQueue.run(job.work, token:)`, then `onMaintenanceDone`. Never in the
/// ordered queue, where preallocating a spare would hold up every acknowledgement.
package struct MaintenanceJob: Sendable {
    enum Kind: Sendable {
        /// Creates a file and writes zeros over it.
        case spare(name: String, JobResult<DiskFile>)
        /// Writes the index sidecar of a sealed segment; the result is the damage that prevents it.
        case sidecar(first: UInt64, last: UInt64, JobResult<DamagedRange>)
        /// Removes indexes that came too late.
        case removal([String])
    }

    let kind: Kind
    package let work: @Sendable (any Disk) throws(DiskFailure) -> Void

    /// Entries that were found not as they were written; they are to be read again before anything is made of it.
    package var suspects: [UInt64] {
        guard case .sidecar(_, _, let result) = kind, let damage = result.value else { return [] }
        return Array(damage.first...damage.last)
    }

    /// For the log.
    package var description: String {
        switch kind {
        case .spare(let name, _): "prepare segment \(name)"
        case .sidecar(let first, _, _): "index segment \(FileNames.segment(first))"
        case .removal(let names): "remove \(names.joined(separator: ", "))"
        }
    }
}

/// What is under way in the background.
struct MaintenanceState {
    var isPreparingSpare = false
    var isIndexing = false
    var isRemoving = false
    /// Paths of sidecars and rows that were written when their segments were sealed no more.
    var late: [String] = []
    /// After a failure (a full disk, most likely) no spare is asked for until `retryMaintenance`.
    var isSparePaused = false
    /// Sealed segments that cannot be indexed, because they are damaged.
    var unindexable: Set<UInt64> = []
    private var nextSpareNumber: UInt64 = 1

    init(after highestSpareNumber: UInt64 = 0) { nextSpareNumber = highestSpareNumber + 1 }

    mutating func takeSpareNumber() -> UInt64 {
        defer { nextSpareNumber += 1 }
        return nextSpareNumber
    }
}
