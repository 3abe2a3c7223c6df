import Bytes
import Ports
import Simulator

@testable import LogStore

extension FuzzTarget {
    /// An input is a list of changes to the files of a log with three segments, sidecars and a snapshot.
    static let logRecovery = FuzzTarget(
        "log-recovery", "opening a damaged log: refused, or recovered, and then no less when opened again",
        maximumLength: 512, allocationLimit: 64,
        seeds: { LogDamage.seeds(for: try sampleLog.get()) },
        run: { input in
            let disk = try sampleLog.get().duplicate(seed: 1)
            LogDamage.apply(input, to: disk)
            _ = LogVerifier().verify(disk, directory: logDirectory)
            guard let first = accepted({ try reopen(disk) }) else { return }
            let contents = readAll(first.recovered)
            let again = try reopen(disk)
            require(
                again.recovered.last == first.recovered.last,
                "ends at \(first.recovered.last), then at \(again.recovered.last)")
            require(
                indexes(again.recovered.damaged) == indexes(first.recovered.damaged),
                "damaged: \(first.recovered.damaged), then \(again.recovered.damaged)")
            // A sidecar that lies under a right checksum is found out by reading; the next start may do without it.
            require(
                readAll(again.recovered).starts(with: contents),
                "read: \(contents), then \(readAll(again.recovered))")
            guard again.recovered.damaged.isEmpty, again.recovered.last == (try sampleEnd.get()) else { return }
            let entry = try append(to: again.store, on: disk)
            let last = try reopen(disk).recovered.last
            require(
                last.index == entry.index && last.chain == entry.chain,
                "\(entry.index) was appended, then the log ends at \(last)")
        })

    static let logDirectory = "group-0"
    private static let logSettings = LogStoreSettings(segmentBytes: 16384)

    /// Made once; every run changes a copy.
    private static let sampleLog = Result { () throws -> SimulatedDisk in
        let disk = SimulatedDisk(seed: 1)
        try LogStore.format(disk, directory: logDirectory, settings: logSettings) { 5 }
        let store = try LogStore.open(disk, directory: logDirectory, settings: logSettings) { 6 }.store
        try run(store.saveHardState(term: 1, vote: 2), on: disk)
        for number in 0..<10 {
            try append(to: store, on: disk, size: 1500)
            guard number == 5 else { continue }
            let job = store.snapshotWriteJob(index: 3, membership: ByteSlice([9])) { [ByteSlice([1, 2, 3])] }
            try job.work(disk)
            if let written = job.result { try run(store.onSnapshotWritten(written), on: disk) }
        }
        disk.killProcess()
        return disk
    }

    private static let sampleEnd = Result { () throws -> LogPoint in
        try reopen(try sampleLog.get().duplicate(seed: 1)).recovered.last
    }

    private static func run(_ operations: [DiskOperation], on disk: SimulatedDisk) throws {
        for operation in operations { try operation.run(on: disk) }
    }

    @discardableResult
    private static func append(to store: LogStore, on disk: SimulatedDisk, size: Int = 10) throws -> LogEntry {
        while let job = store.takeMaintenanceJob() {
            try job.work(disk)
            try run(store.onMaintenanceDone(job, failure: nil), on: disk)
        }
        let entry = LogEntry.make(
            after: store.lastChain, index: store.lastIndex + 1, term: max(store.lastTerm, 1), kind: .command,
            timestamp: 1000, payload: [ByteSlice([UInt8](repeating: UInt8(store.lastIndex & 0xff), count: size))])
        try run(store.append([entry]), on: disk)
        store.onFlushed(through: entry.index)
        return entry
    }

    private static func reopen(_ disk: SimulatedDisk) throws -> (store: LogStore, recovered: RecoveredLog) {
        disk.killProcess()
        return try LogStore.open(disk, directory: logDirectory, settings: logSettings) { 7 }
    }

    /// What is known of a damaged entry may come from a header that the first opening cut off; that it is damaged, not.
    private static func indexes(_ damage: [DamagedRange]) -> [ClosedRange<UInt64>] {
        var joined: [ClosedRange<UInt64>] = []
        for range in damage {
            if let last = joined.last, last.upperBound + 1 == range.first {
                joined[joined.count - 1] = last.lowerBound...range.last
            } else {
                joined.append(range.first...range.last)
            }
        }
        return joined
    }

    /// Index, term and chain value of every entry up to the first that cannot be read.
    private static func readAll(_ log: RecoveredLog) -> [LogPoint] {
        var replay = log.replay
        var points: [LogPoint] = []
        while let entry = accepted({ try replay.next() }) ?? nil {
            points.append(LogPoint(index: entry.index, term: entry.term, chain: entry.chain))
        }
        return points
    }
}

/// Changes to a log's files, from bytes.
enum LogDamage {
    private static let kinds = 5

    private static func files(_ disk: SimulatedDisk) -> [String] {
        let entries = accepted { try disk.list(FuzzTarget.logDirectory) } ?? []
        return entries.map { FuzzTarget.logDirectory + "/" + $0.name }
    }

    static func apply(_ input: ByteSlice, to disk: SimulatedDisk) {
        var choices = ByteReader(input)
        while !choices.isAtEnd {
            let kind = choices.choice() % kinds
            let files = files(disk)
            guard !files.isEmpty else { return }
            let path = files[choices.choice() % files.count]
            let offset = choices.choice() << 8 | choices.choice()
            switch kind {
            case 0:
                let bytes = choices.counted().array
                disk.damage(path) { content in
                    for (position, byte) in bytes.enumerated() where offset + position < content.count {
                        content[offset + position] = byte
                    }
                }
            case 1: disk.damage(path) { $0.removeLast(max($0.count - offset, 0)) }
            case 2: _ = accepted { try disk.remove(path) }
            case 3:
                let other = disk.contents(files[choices.choice() % files.count]) ?? []
                disk.damage(path) { $0 = other }
            default:
                let bytes = choices.counted().array
                disk.damage(path) { $0.append(contentsOf: bytes) }
            }
        }
    }

    /// Changes that change nothing, of every header there is, for the fuzzer to vary; and one of each other kind.
    static func seeds(for disk: SimulatedDisk) -> [ByteSlice] {
        var seeds = [ByteSlice.empty]
        for (number, path) in files(disk).enumerated() {
            let content = ByteSlice(disk.contents(path) ?? [])
            let headers = [(0, 128), (4096, 72), (8192, 96), (9792, 96)]
            for (offset, count) in headers where offset + count <= content.count {
                let place = [0, UInt8(number), UInt8(offset >> 8), UInt8(offset & 0xff)]
                seeds.append(.joined([ByteSlice(place), content.slice(offset, count).counted]))
            }
            for kind in 1..<UInt8(kinds) { seeds.append(ByteSlice([kind, UInt8(number), 32, 64, 1, 0, 1, 7])) }
        }
        return seeds
    }
}
