import CSystem
import Glibc
import Ports
import Synchronization

/// A descriptor with its path, closed when the last holder lets go: a chunk still on its way to a socket keeps reading
/// the file it was queued for, even if the node has closed it meanwhile.
final class OpenFile: Sendable {
    let descriptor: Int32
    /// Relative to the disk's root, for messages.
    let path: String
    /// Output chunks that still have to be sent from this file.
    let queuedSends = Atomic<Int>(0)

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { holdfast_close(descriptor) }

    func failure(_ operation: String, _ code: Int) -> DiskFailure {
        diskFailure(operation, path, Int32(truncatingIfNeeded: -code))
    }

    func checkOffset(_ operation: String, _ offset: UInt64, _ count: Int) throws(DiskFailure) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(max(count, 0)))
        if overflow || end > UInt64(Int64.max) { throw failure(operation, -Int(EINVAL)) }
    }
}

/// A `DiskFailure` in the operating system's words.
func diskFailure(_ operation: String, _ path: String, _ errno: Int32) -> DiskFailure {
    DiskFailure(operation: operation, path: path, errno: errno, reason: systemErrorText(errno))
}
