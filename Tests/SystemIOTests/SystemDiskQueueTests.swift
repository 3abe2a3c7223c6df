import Bytes
import CSystem
import Glibc
import Ports
import Synchronization
import Testing

@testable import SystemIO

@Suite struct SystemDiskQueueTests {
    private let directory = TemporaryDirectory()

    private final class Bench {
        let loop: EventLoop
        let disk: SystemDisk
        let queue: SystemDiskQueue
        var completions: [DiskCompletion] = []

        init(_ root: String, exclusive: Bool = true) throws {
            loop = try EventLoop()
            disk = try SystemDisk(root: root, exclusive: exclusive)
            queue = try SystemDiskQueue(loop: loop, disk: disk)
            queue.deliver = { [unowned self] in completions.append($0) }
        }

        var finished: [UInt64] {
            completions.compactMap { if case .finished(let token) = $0 { token } else { nil } }
        }

        var failed: [UInt64] {
            completions.compactMap { if case .failed(let token, _) = $0 { token } else { nil } }
        }

    }

    @Test func batchesFinishInOrder() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        var offset: UInt64 = 0
        var expected: [UInt8] = []
        for token in 1...500 as ClosedRange<UInt64> {
            let bytes = randomBytes(Int(token % 50) + 1, seed: token)
            expected += bytes
            bench.queue.submit([.write(file, offset: offset, [ByteSlice(bytes)]), .sync(file)], token: token)
            offset += UInt64(bytes.count)
        }
        #expect(bench.queue.pendingBatches == 500)
        #expect(turn(bench.loop) { bench.completions.count == 500 })
        #expect(bench.finished == Array(1...500))
        #expect(bench.queue.pendingBatches == 0)
        #expect(try bench.disk.read(file, offset: 0, count: expected.count).array == expected)
    }

    @Test func aBurstIsWrittenOnceAndSyncedOnce() throws {
        let disk = try SystemDisk(root: directory.path + "/d")
        let file = try disk.open("log", .createNew)
        let metrics = DiskMetrics()
        let writer = LogWriter(disk: disk, metrics: metrics)
        let batches = (0..<100).map { index in
            DiskBatch(
                token: UInt64(index),
                operations: [
                    .write(file, offset: UInt64(index * 8), [ByteSlice([UInt8](repeating: UInt8(index), count: 8))]),
                    .sync(file),
                ])
        }
        #expect(writer.execute(batches).count == 100)
        #expect(metrics.syncNanoseconds.snapshot().count == 1)
        #expect(metrics.writeBytes.snapshot().count == 1)
        #expect(metrics.writeBytes.snapshot().sum == 800)
        #expect(metrics.batchesPerBurst.snapshot().maximum == 100)
        let expected = (0..<100).flatMap { [UInt8](repeating: $0, count: 8) }
        #expect(try disk.read(file, offset: 0, count: 800).array == expected)
    }

    @Test func overlappingWritesKeepTheirOrder() throws {
        let disk = try SystemDisk(root: directory.path + "/d")
        let file = try disk.open("log", .createNew)
        let writer = LogWriter(disk: disk, metrics: DiskMetrics())
        func write(_ offset: UInt64, _ bytes: [UInt8]) -> DiskOperation {
            .write(file, offset: offset, [ByteSlice(bytes)])
        }
        let operations = [write(0, [1, 1, 1]), write(3, [2, 2]), write(1, [9, 9, 9]), write(0, [7]), .sync(file)]
        _ = writer.execute([DiskBatch(token: 1, operations: operations)])
        #expect(try disk.read(file, offset: 0, count: 10).array == [7, 9, 9, 9, 2])
    }

    @Test func manyBatchesOfATurnShareFewSyncs() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        for token in 0..<2_000 as Range<UInt64> {
            bench.queue.submit([.write(file, offset: token * 10, [ByteSlice([1])]), .sync(file)], token: token)
        }
        #expect(turn(bench.loop) { bench.completions.count == 2_000 })
        #expect(bench.queue.metrics.syncNanoseconds.snapshot().count < 1_000)
    }

    @Test func allStepsRun() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("new", .createNew)
        bench.queue.submit(
            [
                .write(file, offset: 0, [ByteSlice([1, 2])]), .sync(file), .close(file),
                .rename(from: "new", to: "old"), .prepare("spare", size: 4096), .syncDirectory("."),
            ], token: 1)
        bench.queue.submit([.remove("spare")], token: 2)
        #expect(turn(bench.loop) { bench.completions.count == 2 })
        #expect(try bench.disk.list("") == [DirectoryEntry(name: "old", size: 2, isDirectory: false)])
        #expect(throws: DiskFailure.self) { try bench.disk.size(file) }
    }

    @Test func nothingIsExecutedAfterAFailedWrite() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        let gone = try bench.disk.open("gone", .createNew)
        bench.disk.close(gone)
        bench.queue.submit([.write(file, offset: 0, [ByteSlice([1])]), .sync(file)], token: 1)
        bench.queue.submit([.write(gone, offset: 0, [ByteSlice([2])]), .sync(gone)], token: 2)
        bench.queue.submit([.write(file, offset: 1, [ByteSlice([3])]), .sync(file)], token: 3)
        #expect(turn(bench.loop) { !bench.failed.isEmpty })
        bench.queue.submit([.write(file, offset: 2, [ByteSlice([4])]), .sync(file)], token: 4)
        bench.queue.shutDown()
        bench.loop.turn(maximumWait: 0)
        #expect(bench.finished == [] || bench.finished == [1])
        #expect(bench.failed.first == (bench.finished.isEmpty ? 1 : 2))
        #expect(bench.failed.count == 1)
        #expect(bench.completions.count == bench.finished.count + 1)
        #expect(try bench.disk.size(file) <= 1)
    }

    @Test(arguments: ["full", "null"])
    func aFailedDeviceIsFinal(_ device: String) throws {
        // Writing to /dev/full fails with ENOSPC; fdatasync of /dev/null with EINVAL.
        let disk = try SystemDisk(root: "/dev", exclusive: false)
        let file = try disk.open(device, .readWrite)
        let writer = LogWriter(disk: disk, metrics: DiskMetrics())
        let completions = writer.execute([
            DiskBatch(token: 7, operations: [.write(file, offset: 0, [ByteSlice([1])]), .sync(file)]),
            DiskBatch(token: 8, operations: [.write(file, offset: 1, [ByteSlice([1])]), .sync(file)]),
        ])
        #expect(writer.hasFailed)
        #expect(completions.count == 1)
        guard case .failed(token: 7, let failure) = completions[0] else {
            Issue.record("\(completions)")
            return
        }
        #expect(failure.operation == (device == "full" ? "write" : "fdatasync"))
        #expect(failure.errno == (device == "full" ? ENOSPC : EINVAL))
    }

    @Test func readsAndJobsReport() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        try bench.disk.write(file, offset: 0, [ByteSlice([1, 2, 3, 4])])
        bench.queue.read(file, offset: 1, count: 2, token: 1)
        bench.queue.read(DiskFile(id: 999), offset: 1, count: 2, token: 2)
        bench.queue.run({ disk throws(DiskFailure) in try disk.createDirectory("made") }, token: 3)
        bench.queue.run({ disk throws(DiskFailure) in try disk.remove("nothing") }, token: 4)
        #expect(turn(bench.loop) { bench.completions.count == 4 })
        var seen = Set<UInt64>()
        for completion in bench.completions {
            switch completion {
            case .read(let token, let bytes):
                #expect(token == 1 && bytes.array == [2, 3])
                seen.insert(token)
            case .readFailed(let token, let failure):
                #expect(token == 2 && failure.errno == EBADF)
                seen.insert(token)
            case .job(let token, let failure):
                #expect((token == 3 && failure == nil) || (token == 4 && failure?.errno == ENOENT))
                seen.insert(token)
            case .finished, .failed: Issue.record("\(completion)")
            }
        }
        #expect(seen == [1, 2, 3, 4])
    }

    @Test func shutDownFinishesWhatIsQueued() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        for token in 0..<100 as Range<UInt64> {
            bench.queue.submit([.write(file, offset: token, [ByteSlice([UInt8(token)])]), .sync(file)], token: token)
        }
        bench.queue.shutDown()
        #expect(try bench.disk.size(file) == 100)
        bench.loop.turn(maximumWait: 0)
        #expect(bench.finished == Array(0..<100))
    }

    // MARK: File chunks

    private func settings() -> ConnectionSettings {
        var settings = ConnectionSettings(receive: .frames(maximum: 64))
        settings.kernelBuffers = 32 * 1024
        return settings
    }

    @Test func fileChunksAndBytesArriveInterleavedAsQueued() throws {
        let bench = try Bench(directory.path + "/d")
        let content = randomBytes(3 << 20, seed: 21)
        let file = try bench.disk.open("segment", .createNew)
        try bench.disk.write(file, offset: 0, [ByteSlice(content)])
        var expected: [UInt8] = []
        let server = try TestServer(loop: bench.loop, settings(), files: bench.queue)
        defer { server.close() }
        let client = try RawClient(port: server.port)
        #expect(turn(bench.loop) { server.recorders.count == 1 })
        let connection = try #require(server.recorders[0].connection)
        var generator = SplitMix64(seed: 22)
        for _ in 0..<150 {
            if Bool.random(using: &generator) {
                let offset = Int.random(in: 0..<content.count, using: &generator)
                let length = Int.random(in: 0...min(60_000, content.count - offset), using: &generator)
                try connection.send(file: file, offset: UInt64(offset), length: length)
                expected += content[offset..<(offset + length)]
            } else {
                let bytes = randomBytes(Int.random(in: 0...9_000, using: &generator), seed: generator.next())
                connection.send(ByteSlice(bytes))
                expected += bytes
            }
        }
        #expect(connection.queuedBytes == expected.count)
        // Closing the file does not take it away from what is queued.
        bench.disk.close(file)
        #expect(turn(bench.loop) {
            client.poll(limit: 50_000)
            return client.received.count >= expected.count
        })
        #expect(client.received == expected)
        #expect(turn(bench.loop) { server.recorders[0].drained == 1 })
        #expect(connection.queuedBytes == 0)
    }

    @Test func aSlowReaderOfFilesBlocksNobody() throws {
        let bench = try Bench(directory.path + "/d")
        let content = randomBytes(4 << 20, seed: 23)
        let file = try bench.disk.open("segment", .createNew)
        try bench.disk.write(file, offset: 0, [ByteSlice(content)])
        let server = try TestServer(loop: bench.loop, settings(), files: bench.queue)
        defer { server.close() }
        let slow = try RawClient(port: server.port, receiveBuffer: 16 * 1024)
        #expect(turn(bench.loop) { server.recorders.count == 1 })
        let connection = try #require(server.recorders[0].connection)
        try connection.send(file: file, offset: 0, length: content.count)
        #expect(turn(bench.loop) { connection.bytesSent > 0 && connection.isBlocked })
        #expect(bench.disk.queuedSends(file) == 1)
        bench.queue.read(file, offset: 0, count: 10, token: 5)
        #expect(turn(bench.loop) { bench.completions.count == 1 })
        #expect(turn(bench.loop) {
            slow.poll(limit: 200_000)
            return slow.received.count >= content.count
        })
        #expect(slow.received == content)
        #expect(turn(bench.loop) { bench.disk.queuedSends(file) == 0 })
    }

    @Test func closingWhileTheReaderThreadSendsIsSafe() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("segment", .createNew)
        try bench.disk.write(file, offset: 0, [ByteSlice(randomBytes(1 << 20, seed: 24))])
        let server = try TestServer(loop: bench.loop, settings(), files: bench.queue)
        defer { server.close() }
        for round in 0..<50 {
            let client = try RawClient(port: server.port)
            #expect(turn(bench.loop) { server.recorders.count == round + 1 })
            let recorder = server.recorders[round]
            try recorder.connection?.send(file: file, offset: 0, length: 1 << 20)
            bench.loop.turn(maximumWait: 0)
            if round % 2 == 0 { recorder.connection?.close(.closedLocally("test")) } else { client.close() }
            #expect(turn(bench.loop) {
                client.poll()
                return recorder.closed != nil
            })
            #expect(recorder.closeCalls == 1)
        }
        #expect(turn(bench.loop) { bench.disk.queuedSends(file) == 0 })
        #expect(turn(bench.loop) { server.listener?.connectionCount == 0 })
    }

    @Test func aFileThatEndsEarlyClosesTheConnection() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("short", .createNew)
        try bench.disk.write(file, offset: 0, [ByteSlice([1, 2, 3])])
        let server = try TestServer(loop: bench.loop, settings(), files: bench.queue)
        defer { server.close() }
        let client = try RawClient(port: server.port)
        #expect(turn(bench.loop) { server.recorders.count == 1 })
        try server.recorders[0].connection?.send(file: file, offset: 0, length: 100)
        #expect(turn(bench.loop) { server.recorders[0].closed != nil })
        guard case .fileFailed(let failure) = server.recorders[0].closed else {
            Issue.record("\(String(describing: server.recorders[0].closed))")
            return
        }
        #expect(failure.path == "short")
        #expect(throws: DiskFailure.self) {
            try server.recorders[0].connection?.send(file: DiskFile(id: 77), offset: 0, length: 1)
        }
        _ = client
    }

    /// Not a test of speed: prints what the hand-over to the log writer and back costs, when asked to.
    @Test(.enabled(if: getenv("HOLDFAST_MEASURE") != nil))
    func appendLatency() throws {
        let bench = try Bench(directory.path + "/d")
        let file = try bench.disk.open("log", .createNew)
        try bench.disk.preallocate(file, size: 64 << 20)
        try bench.disk.sync(file)
        let piece = ByteSlice(randomBytes(1024, seed: 1))
        let rounds = 4000
        for name in ["bare", "queued", "bare", "queued"] {
            var times: [UInt64] = []
            for round in 0..<rounds {
                let offset = UInt64(round) * 1024
                let start = holdfast_monotonic_nanoseconds()
                if name == "bare" {
                    try bench.disk.write(file, offset: offset, [piece])
                    try bench.disk.sync(file)
                } else {
                    bench.completions = []
                    bench.queue.submit([.write(file, offset: offset, [piece]), .sync(file)], token: 1)
                    while bench.completions.isEmpty { bench.loop.turn() }
                }
                times.append(holdfast_monotonic_nanoseconds() - start)
            }
            times.sort()
            let mean = times.reduce(0, +) / UInt64(rounds)
            print("append 1 KiB \(name): p50 \(times[rounds / 2]) p90 \(times[rounds * 9 / 10]) mean \(mean) ns")
        }
    }
}
