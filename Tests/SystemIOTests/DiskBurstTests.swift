import Bytes
import Ports
import Testing

@testable import SystemIO

@Suite struct DiskBurstTests {
    private let a = DiskFile(id: 1)
    private let b = DiskFile(id: 2)

    private func write(_ file: DiskFile) -> DiskOperation { .write(file, offset: 0, [ByteSlice([1])]) }

    /// "w1 s1 | w2 s2" for two batches; "-" for a sync that was merged away.
    private func plan(_ batches: [[DiskOperation]]) -> (steps: String, completeAfter: [Int]) {
        let burst = DiskBurst(batches.enumerated().map { DiskBatch(token: UInt64($0), operations: $1) })
        let steps = burst.steps.map { step in
            switch step {
            case .write(let file, _, _): "w\(file.id)"
            case .sync(let file): "s\(file.id)"
            case .rename: "rename"
            case .remove: "remove"
            case .syncDirectory: "dir"
            case .close(let file): "c\(file.id)"
            case .prepare: "prepare"
            case nil: "-"
            }
        }
        return (steps.joined(separator: " "), burst.batches.map(\.completeAfter))
    }

    @Test func appendsToOneFileShareOneSync() {
        let (steps, complete) = plan([[write(a), .sync(a)], [write(a), .sync(a)], [write(a), .sync(a)]])
        #expect(steps == "w1 - w1 - w1 s1")
        #expect(complete == [5, 5, 5])
    }

    @Test func eachTouchedFileIsSyncedOnce() {
        let (steps, complete) = plan([
            [write(a), .sync(a)], [write(b), .sync(b)], [write(a), .sync(a)], [write(b), .sync(b)],
        ])
        #expect(steps == "w1 - w2 - w1 s1 w2 s2")
        #expect(complete == [5, 7, 5, 7])
    }

    @Test func aSyncWithoutALaterOneStaysInItsPlace() {
        let (steps, _) = plan([[write(a), .sync(a)], [write(b), .sync(b)]])
        #expect(steps == "w1 s1 w2 s2")
    }

    @Test func aBatchThatOrdersTwoFilesKeepsItsOrder() {
        let (steps, complete) = plan([[write(a), .sync(a), write(b), .sync(b)], [write(a), .sync(a)]])
        #expect(steps == "w1 s1 w2 s2 w1 s1")
        #expect(complete == [3, 5])
    }

    @Test func trailingSyncsOfSeveralFilesAreMerged() {
        let (steps, complete) = plan([[write(a), write(b), .sync(a), .sync(b)], [write(b), .sync(b)]])
        #expect(steps == "w1 w2 s1 - w2 s2")
        #expect(complete == [5, 5])
    }

    @Test func noSyncMovesPastARename() {
        let (steps, complete) = plan([
            [write(a), .sync(a)], [.rename(from: "x", to: "y"), .syncDirectory(".")], [write(a), .sync(a)],
        ])
        #expect(steps == "w1 s1 rename dir w1 s1")
        #expect(complete == [1, 3, 5])
    }

    @Test func noSyncMovesPastAClose() {
        let (steps, _) = plan([[write(a), .sync(a)], [.close(a)], [write(b), .sync(b)]])
        #expect(steps == "w1 s1 c1 w2 s2")
    }

    @Test func emptyBatchesCompleteWithTheOnesBefore() {
        let (steps, complete) = plan([[], [write(a), .sync(a)], []])
        #expect(steps == "w1 s1")
        #expect(complete == [-1, 1, 1])
    }

    @Test func onlyWhatIsCompleteBeforeAFailureIsFinished() {
        let burst = DiskBurst([
            DiskBatch(token: 10, operations: [write(a), .sync(a)]),
            DiskBatch(token: 11, operations: [write(b), .sync(b)]),
            DiskBatch(token: 12, operations: [write(b), .sync(b)]),
        ])
        #expect(burst.finished(before: 0) == [])
        #expect(burst.finished(before: 1) == [])
        #expect(burst.finished(before: 2) == [10])
        #expect(burst.finished(before: 5) == [10])
        #expect(burst.finished(before: 6) == [10, 11, 12])
    }

    /// Against the definition, on random bursts: every batch's sync is followed or replaced by one of the same file at
    /// or before the point where the batch counts as complete, and never moved past a step that pins it.
    @Test func randomBurstsKeepTheRules() {
        var generator = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            let batches = (0..<Int.random(in: 1...6, using: &generator)).map { index in
                let operations = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    randomOperation(&generator)
                }
                return DiskBatch(token: UInt64(index), operations: operations)
            }
            check(batches)
        }
    }

    private func randomOperation(_ generator: inout SplitMix64) -> DiskOperation {
        let file = Bool.random(using: &generator) ? a : b
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<4: return write(file)
        case 4..<9: return .sync(file)
        default: return .remove("x")
        }
    }

    private func check(_ batches: [DiskBatch]) {
        let burst = DiskBurst(batches)
        let flat = batches.flatMap(\.operations)
        #expect(burst.steps.count == flat.count)
        var start = 0
        for (index, batch) in batches.enumerated() {
            let end = start + batch.operations.count
            #expect(burst.batches[index].completeAfter >= end - 1)
            for position in start..<end {
                guard case .sync(let file) = flat[position] else {
                    #expect(burst.steps[position] != nil)
                    continue
                }
                guard burst.steps[position] == nil else { continue }
                let target = (position + 1..<flat.count).first { later in
                    if case .sync(file)? = burst.steps[later] { return true }
                    return false
                }
                guard let target else {
                    Issue.record("a sync was dropped")
                    continue
                }
                #expect(target <= burst.batches[index].completeAfter)
                #expect(flat[position..<end].allSatisfy { if case .sync = $0 { true } else { false } })
                #expect(flat[position...target].allSatisfy { if case .remove = $0 { false } else { true } })
            }
            start = end
        }
    }
}
