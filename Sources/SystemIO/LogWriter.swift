import Bytes
import CSystem
import Ports

/// The log-writer thread's work: runs bursts of batches, in order, until one step fails. A failed step is final:
/// nothing after it is executed, because the kernel may have dropped the dirty pages of a failed fsync and a later one
/// would then succeed without them.
final class LogWriter {
    private let disk: SystemDisk
    private let metrics: DiskMetrics
    private let direct = DirectAppends()
    private var run: PendingWrite?
    private(set) var hasFailed = false

    /// Writes of one file, each of which goes on from the one before or over its end, gathered into one. The log fills
    /// its last page with zeros, and what comes next writes over them.
    private struct PendingWrite {
        let file: DiskFile
        let offset: UInt64
        private(set) var end: UInt64
        private(set) var pieces: [ByteSlice]
        /// The burst's step that began it.
        let firstStep: Int

        init(file: DiskFile, offset: UInt64, end: UInt64, pieces: [ByteSlice], firstStep: Int) {
            self.file = file
            self.offset = offset
            self.end = end
            self.pieces = pieces
            self.firstStep = firstStep
        }

        func takes(_ file: DiskFile, from start: UInt64, to end: UInt64) -> Bool {
            file == self.file && offset <= start && start <= self.end && self.end <= end
        }

        mutating func add(_ added: [ByteSlice], from start: UInt64, to end: UInt64) {
            var covered = Int(self.end - start)
            while covered > 0, let last = pieces.popLast() {
                if last.count > covered { pieces.append(last.slice(0, last.count - covered)) }
                covered -= min(covered, last.count)
            }
            pieces += added
            self.end = end
        }
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
            case .close(let file):
                direct.forget(file)
                disk.close(file)
            case .prepare(let path, let size): try disk.prepare(path, size: size)
            }
        } catch {
            throw StepFailure(step: position, failure: error)
        }
    }

    private func gather(
        _ file: DiskFile, _ offset: UInt64, _ pieces: [ByteSlice], _ position: Int
    ) throws(StepFailure) {
        let end = offset &+ pieces.reduce(0) { $0 + UInt64($1.count) }
        if run?.takes(file, from: offset, to: end) == true {
            run?.add(pieces, from: offset, to: end)
            return
        }
        try finishWrite()
        run = PendingWrite(file: file, offset: offset, end: end, pieces: pieces, firstStep: position)
    }

    private func finishWrite() throws(StepFailure) {
        guard let write = run else { return }
        run = nil
        do throws(DiskFailure) {
            let file = try disk.openFile(write.file, "write")
            if try direct.write(write.pieces, from: write.offset, to: write.end, of: write.file, file) {
                metrics.directWrites.wrappingAdd(1, ordering: .relaxed)
            } else {
                try file.write(offset: write.offset, write.pieces)
                direct.wrote(write.pieces, from: write.offset, to: write.end, of: write.file)
            }
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
