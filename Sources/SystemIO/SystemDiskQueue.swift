import Bytes
import CSystem
import Ports

/// The node's asynchronous disk: a log-writer thread with group commit, a reader thread that also serves file chunks to
/// sockets, and a background thread of low priority for jobs.
///
/// Used on the loop thread only. After `.failed` no batch is executed or completed any more; reads and jobs still are.
package final class SystemDiskQueue: DiskQueue {
    package var deliver: ((DiskCompletion) -> Void)?
    package let metrics = DiskMetrics()
    /// Batches submitted and not yet completed.
    package private(set) var pendingBatches = 0

    let disk: SystemDisk
    private unowned let loop: EventLoop
    /// The log writer is woken at the end of the turn.
    private var isWakeDue = false
    private let batches = WorkQueue<DiskBatch>()
    private let reads = WorkQueue<ReadWork>()
    private let jobs = WorkQueue<Job>()
    private var completions: Mailbox<DiskCompletion>
    private var sendResults: Mailbox<FileSend.Result>
    private var senders: [UInt64: (FileSend.Result) -> Void] = [:]
    private var nextSend: UInt64 = 1
    private var threads: [WorkerThread] = []

    private enum ReadWork: Sendable {
        case read(DiskFile, offset: UInt64, count: Int, token: UInt64)
        case send(FileSend)
        case job(Job)
    }

    private struct Job: Sendable {
        let token: UInt64
        let run: @Sendable (any Disk) throws(DiskFailure) -> Void
    }

    package init(loop: EventLoop, disk: SystemDisk) throws(SystemError) {
        self.disk = disk
        self.loop = loop
        // Two steps because the handlers need self.
        let relay = Relay()
        completions = loop.makeMailbox { relay.owner?.received($0) }
        sendResults = loop.makeMailbox { relay.owner?.received($0) }
        relay.owner = self
        do throws(SystemError) {
            try startThreads()
        } catch {
            shutDown()
            throw error
        }
    }

    private final class Relay {
        weak var owner: SystemDiskQueue?
    }

    deinit { shutDown() }

    /// Finishes what is queued and ends the threads; waits for them. Completions that the loop has not taken yet are
    /// still delivered by its next turn. Work given to the queue afterwards is dropped.
    package func shutDown() {
        batches.close()
        reads.close()
        jobs.close()
        for thread in threads { thread.join() }
        threads = []
    }

    package func submit(_ operations: [DiskOperation], token: UInt64) {
        pendingBatches += 1
        batches.add(DiskBatch(token: token, operations: operations))
        guard !isWakeDue else { return }
        isWakeDue = true
        loop.flushAtTurnEnd(self)
    }

    package func read(_ file: DiskFile, offset: UInt64, count: Int, token: UInt64) {
        reads.push(.read(file, offset: offset, count: count, token: token))
    }

    package func lookUp(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64) {
        reads.push(.job(Job(token: token, run: job)))
    }

    package func run(_ job: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, token: UInt64) {
        jobs.push(Job(token: token, run: job))
    }

    /// Sends `chunks` to `socket` on the reader thread; `done` is called on the loop. Until then nobody else may write
    /// to the socket or close it.
    func send(
        _ chunks: [FileChunk], skipping: Int, to socket: Int32, _ done: @escaping (FileSend.Result) -> Void
    ) {
        let id = nextSend
        nextSend += 1
        senders[id] = done
        reads.push(.send(FileSend(id: id, socket: socket, chunks: chunks, skipped: skipping)))
    }

    private func received(_ messages: [DiskCompletion]) {
        for message in messages {
            switch message {
            case .finished, .failed: pendingBatches -= 1
            case .read, .readFailed, .job: break
            }
            deliver?(message)
        }
    }

    private func received(_ results: [FileSend.Result]) {
        for result in results { senders.removeValue(forKey: result.id)?(result) }
    }
}

// MARK: - Threads

extension SystemDiskQueue {
    private func startThreads() throws(SystemError) {
        let (batches, reads, jobs) = (batches, reads, jobs)
        let (completions, sendResults) = (completions, sendResults)
        let (disk, metrics) = (disk, metrics)
        threads.append(
            try WorkerThread("log-writer") { Self.writeLog(batches, disk, metrics, completions) })
        threads.append(
            try WorkerThread("disk-reader") { Self.readFiles(reads, disk, metrics, completions, sendResults) })
        threads.append(
            try WorkerThread("disk-jobs") { Self.runJobs(jobs, disk, completions) })
    }

    private static func writeLog(
        _ batches: WorkQueue<DiskBatch>, _ disk: SystemDisk, _ metrics: DiskMetrics,
        _ completions: Mailbox<DiskCompletion>
    ) {
        let writer = LogWriter(disk: disk, metrics: metrics)
        while let taken = batches.takeAll() {
            if !writer.hasFailed { completions.post(contentsOf: writer.execute(taken)) }
        }
    }

    private static func readFiles(
        _ reads: WorkQueue<ReadWork>, _ disk: SystemDisk, _ metrics: DiskMetrics,
        _ completions: Mailbox<DiskCompletion>, _ sendResults: Mailbox<FileSend.Result>
    ) {
        while let taken = reads.takeAll() {
            for work in taken {
                switch work {
                case .read(let file, let offset, let count, let token):
                    do throws(DiskFailure) {
                        let bytes = try disk.read(file, offset: offset, count: count)
                        metrics.readBytes.record(UInt64(bytes.count))
                        completions.post(.read(token: token, bytes))
                    } catch {
                        completions.post(.readFailed(token: token, error))
                    }
                case .send(let send):
                    let result = send.perform()
                    metrics.sendBytes.record(UInt64(result.sent))
                    sendResults.post(result)
                case .job(let job): run(job, disk, completions)
                }
            }
        }
    }

    private static func runJobs(
        _ jobs: WorkQueue<Job>, _ disk: SystemDisk, _ completions: Mailbox<DiskCompletion>
    ) {
        // Without the lower priority the jobs still run, only less politely.
        _ = holdfast_thread_set_background()
        while let taken = jobs.takeAll() {
            for job in taken { run(job, disk, completions) }
        }
    }

    private static func run(_ job: Job, _ disk: SystemDisk, _ completions: Mailbox<DiskCompletion>) {
        do throws(DiskFailure) {
            try job.run(disk)
            completions.post(.job(token: job.token, nil))
        } catch {
            completions.post(.job(token: job.token, error))
        }
    }
}

extension SystemDiskQueue: TurnFlushable {
    var flushOrder: FlushOrder { .disk }

    func flushAtTurnEnd() {
        isWakeDue = false
        batches.wake()
    }
}
