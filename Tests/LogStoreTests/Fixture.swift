import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

/// A log on a simulated disk, with its queue run by hand.
final class Fixture {
    static let directory = "group-0"

    let disk: SimulatedDisk
    var queue: SimulatedDiskQueue
    var random: SimulationRandom
    var settings: LogStoreSettings
    var nextToken: UInt64 = 1
    var finished: [UInt64] = []
    var failed: DiskFailure?
    private var jobs: [UInt64: (DiskFailure?) -> Void] = [:]

    init(seed: UInt64 = 1, segmentBytes: UInt64 = 16384, spares: Int = 1, disk: SimulatedDisk? = nil) {
        self.disk = disk ?? SimulatedDisk(seed: seed)
        let disk = self.disk
        queue = SimulatedDiskQueue(disk)
        random = SimulationRandom(seed: seed &+ 77)
        settings = LogStoreSettings(segmentBytes: segmentBytes, spareSegments: spares)
        listen()
    }

    private func listen() {
        queue.deliver = { [unowned self] completion in
            switch completion {
            case .finished(let token): finished.append(token)
            case .failed(_, let failure): failed = failure
            case .job(let token, let failure): jobs.removeValue(forKey: token)?(failure)
            case .read, .readFailed: break
            }
        }
    }

    func path(_ name: String) -> String { Fixture.directory + "/" + name }

    func format() throws {
        try LogStore.format(disk, directory: Fixture.directory, settings: settings) { self.random.next() }
    }

    func open() throws -> (store: LogStore, recovered: RecoveredLog) {
        queue = SimulatedDiskQueue(disk)
        failed = nil
        jobs = [:]
        listen()
        return try LogStore.open(disk, directory: Fixture.directory, settings: settings) { self.random.next() }
    }

    func created() throws -> LogStore {
        try format()
        return try open().store
    }

    @discardableResult func submit(_ operations: [DiskOperation]) -> UInt64 {
        defer { nextToken += 1 }
        queue.submit(operations, token: nextToken)
        return nextToken
    }

    /// Runs operations to their end; everything submitted is durable afterwards.
    func complete(_ operations: [DiskOperation], of store: LogStore) {
        submit(operations)
        queue.runAll()
        #expect(failed == nil)
        store.onFlushed(through: store.lastIndex)
    }

    /// The next opening must read the segments.
    func removeSidecars() throws {
        for file in try disk.list(Self.directory) where file.name.hasSuffix(FileNames.sidecarSuffix) {
            try disk.remove(path(file.name))
        }
    }

    func run(_ work: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void) -> DiskFailure? {
        var outcome: DiskFailure??
        start(work) { outcome = $0 }
        queue.runAll()
        return outcome ?? nil
    }

    func start(
        _ work: @escaping @Sendable (any Disk) throws(DiskFailure) -> Void, done: @escaping (DiskFailure?) -> Void
    ) {
        jobs[nextToken] = done
        queue.run(work, token: nextToken)
        nextToken += 1
    }

    /// Runs background jobs until there are none.
    func maintain(_ store: LogStore) {
        while let job = store.takeMaintenanceJob() {
            let failure = run(job.work)
            #expect(failure == nil)
            submit(store.onMaintenanceDone(job, failure: failure))
            queue.runAll()
        }
    }

    /// Appends one entry per payload size, all flushed, with a roll whenever one is due.
    func fill(_ store: LogStore, term: UInt64 = 1, sizes: [Int]) {
        for size in sizes {
            maintain(store)
            complete(store.append([store.entry(term: term, size: size)]), of: store)
        }
        maintain(store)
    }

    func snapshot(_ store: LogStore, at index: UInt64, state: [UInt8] = [1, 2, 3]) throws {
        let job = store.snapshotWriteJob(index: index, membership: ByteSlice([9])) { [ByteSlice(state)] }
        #expect(run(job.work) == nil)
        complete(store.onSnapshotWritten(try #require(job.result)), of: store)
    }
}

extension LogStore {
    /// An entry that continues the log, its payload made from its index, term and `salt`.
    func entry(term: UInt64, size: Int, kind: EntryKind = .command, salt: UInt64 = 0) -> LogEntry {
        .make(
            after: lastChain, index: lastIndex + 1, term: term, kind: kind, timestamp: 1_000 + Int64(lastIndex),
            payload: [ByteSlice(payload(index: lastIndex + 1, term: term, size: size, salt: salt))])
    }
}

func payload(index: UInt64, term: UInt64, size: Int, salt: UInt64 = 0) -> [UInt8] {
    var random = SimulationRandom(seed: index &* 1_000_003 &+ term &* 17 &+ salt)
    return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// A run of entries each chained to the one before.
func entries(after point: LogPoint, terms: [UInt64], size: Int) -> [LogEntry] {
    var result: [LogEntry] = []
    var chain = point.chain
    for (offset, term) in terms.enumerated() {
        let index = point.index + 1 + UInt64(offset)
        let entry = LogEntry.make(
            after: chain, index: index, term: term, kind: .command, timestamp: 5,
            payload: [ByteSlice(payload(index: index, term: term, size: size))])
        chain = entry.chain
        result.append(entry)
    }
    return result
}

/// What an entry says, for comparison.
struct Content: Equatable {
    let index: UInt64
    let term: UInt64
    let kind: EntryKind
    let timestamp: Int64
    let chain: UInt64
    let payload: [UInt8]

    init(_ entry: LogEntry) {
        index = entry.index
        term = entry.term
        kind = entry.kind
        timestamp = entry.timestamp
        chain = entry.chain
        payload = entry.payload.flatMap { $0.array }
    }
}

extension Content {
    var entry: LogEntry {
        LogEntry(
            index: index, term: term, kind: kind, timestamp: timestamp, payload: [ByteSlice(payload)],
            payloadLength: payload.count, payloadChecksum: CRC32C.checksum(ByteSlice(payload)), chain: chain)
    }
}

extension RecoveredLog {
    /// All entries the replay gives.
    func contents() throws -> [Content] {
        var replay = replay
        var result: [Content] = []
        while let entry = try replay.next() { result.append(Content(entry)) }
        return result
    }
}
