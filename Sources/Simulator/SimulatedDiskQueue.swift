import Bytes
import LogStore
import Ports

/// The log-writer, reader and job threads of a node on a simulated disk. Nothing happens until a test says so.
package final class SimulatedDiskQueue: DiskQueue {
    private struct Batch {
        let operations: [DiskOperation]
        let token: UInt64
    }

    private enum Read {
        case bytes(DiskFile, offset: UInt64, count: Int, token: UInt64)
        case job(Job)
    }

    private struct Job {
        let work: @Sendable (any Disk) throws(DiskFailure) -> Void
        let token: UInt64
    }

    package let disk: SimulatedDisk
    package var deliver: ((DiskCompletion) -> Void)?
    private var batches: [Batch] = []
    private var reads: [Read] = []
    private var jobs: [Job] = []
    /// Told that there is something to do for a thread.
    var onWork: ((DiskThread) -> Void)?
    /// The first failed write or sync; every later batch fails with it.
    package private(set) var failure: DiskFailure?

    package init(_ disk: SimulatedDisk) { self.disk = disk }

    package var pendingBatches: Int { batches.count }
    package var pendingReads: Int { reads.count }
    package var pendingJobs: Int { jobs.count }
    package var isIdle: Bool { batches.isEmpty && reads.isEmpty && jobs.isEmpty }

    package func submit(_ operations: [DiskOperation], token: UInt64) {
        batches.append(Batch(operations: operations, token: token))
        onWork?(.writer)
    }

    package func read(_ file: DiskFile, offset: UInt64, count: Int, token: UInt64) {
        reads.append(.bytes(file, offset: offset, count: count, token: token))
        onWork?(.reader)
    }

    package func lookUp(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64) {
        reads.append(.job(Job(work: job, token: token)))
        onWork?(.reader)
    }

    package func run(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64) {
        jobs.append(Job(work: job, token: token))
        onWork?(.jobs)
    }

    /// Runs one batch if there is one, else one read, else one job. False when there was nothing to run.
    @discardableResult package func runNext() -> Bool { runNextBatch() || runNextRead() || runNextJob() }

    /// Runs everything, including what completions add. Stops after `limit` steps: a loop that feeds itself is a bug.
    package func runAll(limit: Int = 1_000_000) {
        var steps = 0
        while runNext() {
            steps += 1
            precondition(steps < limit, "SimulatedDiskQueue: still busy after \(limit) steps")
        }
    }

    @discardableResult package func runNextBatch() -> Bool {
        guard !batches.isEmpty else { return false }
        let batch = batches.removeFirst()
        do throws(DiskFailure) {
            if let failure { throw failure }
            for operation in batch.operations { try operation.run(on: disk) }
            deliver?(.finished(token: batch.token))
        } catch {
            failure = error
            deliver?(.failed(token: batch.token, error))
        }
        return true
    }

    @discardableResult package func runNextRead() -> Bool {
        guard !reads.isEmpty else { return false }
        switch reads.removeFirst() {
        case .bytes(let file, let offset, let count, let token):
            do throws(DiskFailure) {
                deliver?(.read(token: token, try disk.read(file, offset: offset, count: count)))
            } catch {
                deliver?(.readFailed(token: token, error))
            }
        case .job(let job): run(job)
        }
        return true
    }

    @discardableResult package func runNextJob() -> Bool {
        guard !jobs.isEmpty else { return false }
        run(jobs.removeFirst())
        return true
    }

    private func run(_ job: Job) {
        do throws(DiskFailure) {
            try job.work(disk)
            deliver?(.job(token: job.token, nil))
        } catch {
            deliver?(.job(token: job.token, error))
        }
    }

    /// The process has ended: nothing queued will run or complete.
    package func dropAll() {
        batches.removeAll()
        reads.removeAll()
        jobs.removeAll()
    }
}
