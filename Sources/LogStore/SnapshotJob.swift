import Bytes
import Ports

/// Background work on a snapshot file: `DiskQueue.run(job.work, token:)`. `result` is there once the job's completion
/// has been delivered without a failure.
package struct SnapshotJob<Value: Sendable>: Sendable {
    let box: JobResult<Value>
    package let work: @Sendable (any Disk) throws(DiskFailure) -> Void
    package var result: Value? { box.value }

    init(_ body: @escaping @Sendable (any Disk) throws(DiskFailure) -> Value) {
        let box = JobResult<Value>()
        self.box = box
        work = { (disk: any Disk) throws(DiskFailure) in box.value = try body(disk) }
    }
}

extension DiskFailure {
    /// A file whose contents are wrong (`EBADMSG`).
    package static func badContents(_ path: String, _ what: String) -> DiskFailure {
        DiskFailure(operation: "verify", path: path, errno: 74, reason: what)
    }
}
