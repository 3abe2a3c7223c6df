import Synchronization

/// What the disk threads have done so far. Written by them, readable from any thread.
package final class DiskMetrics: Sendable {
    /// Duration of each fdatasync of the log writer, in nanoseconds. Its count is the number of syncs.
    package let syncNanoseconds = LogLinearHistogram()
    /// Bytes of each gathered write of the log writer.
    package let writeBytes = LogLinearHistogram()
    /// How many of these went past the page cache.
    package let directWrites = Atomic<UInt64>(0)
    /// Batches that were committed together.
    package let batchesPerBurst = LogLinearHistogram()
    /// Bytes of each read on the reader thread.
    package let readBytes = LogLinearHistogram()
    /// Bytes of each run of sendfile calls on the reader thread.
    package let sendBytes = LogLinearHistogram()
}
