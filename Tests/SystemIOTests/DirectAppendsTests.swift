import Bytes
import CSystem
import Ports
import Testing

@testable import SystemIO

/// Writes past the page cache against a plain array, whatever the sizes and places.
@Suite struct DirectAppendsTests {
    private let directory = TemporaryDirectory()

    @Test(arguments: 0..<20) func theFileHasWhatWasWritten(_ seed: UInt64) throws {
        let disk = try SystemDisk(root: directory.path + "/d")
        let metrics = DiskMetrics()
        let writer = LogWriter(disk: disk, metrics: metrics)
        var random = seed
        func next(below bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % bound
        }
        let size = 1 << 20
        let files = try (0..<2).map { number in
            let file = try disk.open("log\(number)", .createNew)
            try disk.preallocate(file, size: UInt64(size))
            return file
        }
        var expected = files.map { _ in [UInt8](repeating: 0, count: size) }
        var ends = [0, 0]
        for round in 0..<150 {
            let target = next(below: 8) == 0 ? 1 : 0
            var operations: [DiskOperation] = []
            for _ in 0...next(below: 3) {
                // Mostly where the last one ended; sometimes further back, as after a truncation.
                if next(below: 12) == 0 { ends[target] -= next(below: min(ends[target], 9_000) + 1) }
                let start = ends[target]
                let count = min(1 + next(below: next(below: 6) == 0 ? 150_000 : 6_000), size - start)
                if count <= 0 { continue }
                var bytes = randomBytes(count, seed: random)
                let end = start + count
                ends[target] = end
                if next(below: 10) > 0 { bytes += [UInt8](repeating: 0, count: (4096 - end % 4096) % 4096) }
                expected[target].replaceSubrange(start..<(start + bytes.count), with: bytes)
                let middle = next(below: bytes.count + 1)
                let pieces = [ByteSlice(Array(bytes[..<middle])), ByteSlice(Array(bytes[middle...]))]
                operations.append(.write(files[target], offset: UInt64(start), pieces))
            }
            operations.append(.sync(files[target]))
            _ = writer.execute([DiskBatch(token: UInt64(round), operations: operations)])
            for (file, bytes) in zip(files, expected) {
                try #require(try disk.read(file, offset: 0, count: size).array == bytes, "round \(round)")
            }
        }
        #expect(metrics.directWrites.load(ordering: .relaxed) > 0 || !hasDirectWrites(disk.root))
    }

    private func hasDirectWrites(_ root: String) -> Bool {
        let descriptor = holdfast_open(root + "/log0", HOLDFAST_OPEN_READ)
        let direct = holdfast_reopen_direct(descriptor)
        for number in [descriptor, direct] where number >= 0 { holdfast_close(number) }
        return direct >= 0
    }

    /// What is not written over is not touched: nobody here knows what else is in that page.
    @Test func anUnknownPageIsNotGuessed() throws {
        let disk = try SystemDisk(root: directory.path + "/d")
        let writer = LogWriter(disk: disk, metrics: DiskMetrics())
        let file = try disk.open("log", .createNew)
        try disk.write(file, offset: 0, [ByteSlice([UInt8](repeating: 5, count: 8192))])
        let page = ByteSlice([UInt8](repeating: 6, count: 4000))
        _ = writer.execute([DiskBatch(token: 1, operations: [.write(file, offset: 96, [page]), .sync(file)])])
        let last = ByteSlice([UInt8](repeating: 7, count: 4000))
        _ = writer.execute([DiskBatch(token: 2, operations: [.write(file, offset: 4192, [last]), .sync(file)])])
        let expected = [UInt8](repeating: 5, count: 96) + page.array + [UInt8](repeating: 5, count: 96) + last.array
        #expect(try disk.read(file, offset: 0, count: 8192).array == expected)
    }
}
