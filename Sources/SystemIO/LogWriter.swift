import Bytes
import CSystem
import Ports

/// The log-writer thread's work: runs bursts of batches, in order, until one step fails. A failed step is final:
/// nothing after it is executed, because the kernel may have dropped the dirty pages of a failed fsync and a later one
/// would then succeed without them.
final class LogWriter {
    private let disk: SystemDisk
    private let metrics: DiskMetrics
    private var run: PendingWrite?
    private(set) var hasFailed = false

    /// Adjacent writes of one file, gathered into one.
    private struct PendingWrite {
        let file: DiskFile
        let offset: UInt64
        var end: UInt64
        var pieces: [ByteSlice]
        /// The burst's step that began it.
        let firstStep: Int
    }

    /// A failed step of a burst.
    private struct StepFailure: Error {
        let step: Int
        let failure: DiskFailure
    }

    init(disk: SystemDisk, metrics: DiskMetrics) {
        self.disk = disk
        self.metrics = metrics
    }

    /// The completions of `batches`, in order: one for each, or, after a failure, those complete before it and one
    /// `.failed` for the first that is not.
    func execute(_ batches: [DiskBatch]) -> [DiskCompletion] {
        precondition(!hasFailed, "LogWriter: work after a failure")
        let burst = DiskBurst(batches)
        metrics.batchesPerBurst.record(UInt64(batches.count))
        do throws(StepFailure) {
            for (position, step) in burst.steps.enumerated() {
                if let step { try perform(step, position) }
            }
            try finishWrite()
        } catch {
            hasFailed = true
            let finished = burst.finished(before: error.step)
            let failedToken = burst.batches[finished.count].token
            return finished.map { .finished(token: $0) } + [.failed(token: failedToken, error.failure)]
        }
        return burst.batches.map { .finished(token: $0.token) }
    }

    private func perform(_ step: DiskOperation, _ position: Int) throws(StepFailure) {
        if case .write(let file, let offset, let pieces) = step {
            return try gather(file, offset, pieces, position)
        }
        try finishWrite()
        do throws(DiskFailure) {
            switch step {
            case .write: break
            case .sync(let file): try sync(file)
            case .rename(let from, let to): try disk.rename(from, to: to)
            case .remove(let path): try disk.remove(path)
            case .syncDirectory(let path): try disk.syncDirectory(path)
            case .close(let file): disk.close(file)
            case .prepare(let path, let size): try disk.prepare(path, size: size)
            }
        } catch {
            throw StepFailure(step: position, failure: error)
        }
    }

    private func gather(
        _ file: DiskFile, _ offset: UInt64, _ pieces: [ByteSlice], _ position: Int
    ) throws(StepFailure) {
        let count = pieces.reduce(0) { $0 + UInt64($1.count) }
        if run?.file == file, run?.end == offset {
            run?.pieces.append(contentsOf: pieces)
            run?.end = offset &+ count
            return
        }
        try finishWrite()
        run = PendingWrite(file: file, offset: offset, end: offset &+ count, pieces: pieces, firstStep: position)
    }

    private func finishWrite() throws(StepFailure) {
        guard let write = run else { return }
        run = nil
        do throws(DiskFailure) {
            try disk.write(write.file, offset: write.offset, write.pieces)
        } catch {
            throw StepFailure(step: write.firstStep, failure: error)
        }
        metrics.writeBytes.record(write.end &- write.offset)
    }

    private func sync(_ file: DiskFile) throws(DiskFailure) {
        let start = holdfast_monotonic_nanoseconds()
        try disk.sync(file)
        metrics.syncNanoseconds.record(holdfast_monotonic_nanoseconds() - start)
    }
}
