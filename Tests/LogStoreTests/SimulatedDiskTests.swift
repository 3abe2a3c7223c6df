import Bytes
import Ports
import Simulator
import Testing

@Suite struct SimulatedDiskTests {
    /// Each thing that may be lost is lost for some seed, and what was synced never is.
    @Test func losesOnlyWhatWasNotSynced() throws {
        var sawLost = false
        var sawKept = false
        var sawTorn = false
        var sawLostName = false
        for seed in UInt64(0)..<60 {
            let disk = SimulatedDisk(seed: seed)
            let file = try disk.open("a", .createNew)
            try disk.write(file, offset: 0, [ByteSlice([UInt8](repeating: 1, count: 2048))])
            try disk.sync(file)
            try disk.syncDirectory("")
            try disk.write(file, offset: 1024, [ByteSlice([UInt8](repeating: 2, count: 2048))])
            let other = try disk.open("b", .createNew)
            try disk.write(other, offset: 0, [ByteSlice([9])])
            try disk.sync(other)
            disk.losePower()
            #expect(throws: DiskFailure.self) { try disk.read(file, offset: 0, count: 1) }
            let bytes = try #require(disk.contents("a"))
            #expect(bytes.prefix(1024).allSatisfy { $0 == 1 })
            let tail = [1024, 1536, 2048, 2560].map { $0 < bytes.count ? bytes[$0] : 0 }
            switch tail {
            case [1, 1, 0, 0]: sawLost = true
            case [2, 2, 2, 2]: sawKept = true
            default: sawTorn = true
            }
            if let other = disk.contents("b") { #expect(other == [9]) } else { sawLostName = true }
        }
        #expect(sawLost && sawKept && sawTorn && sawLostName)
    }

    @Test func aFailedSyncForgetsWhatItShouldHaveWritten() throws {
        let disk = SimulatedDisk(seed: 3)
        let file = try disk.open("a", .createNew)
        try disk.syncDirectory("")
        try disk.write(file, offset: 0, [ByteSlice([5])])
        disk.faults = [SimulatedDisk.Fault(operation: "sync")]
        #expect(throws: DiskFailure.self) { try disk.sync(file) }
        #expect(try disk.read(file, offset: 0, count: 1).array == [5])
        try disk.sync(file)
        disk.losePower()
        #expect(disk.contents("a") == [])
    }

    @Test func theSameSeedLosesTheSame() throws {
        func run() throws -> [UInt8]? {
            let disk = SimulatedDisk(seed: 11)
            let file = try disk.open("a", .createNew)
            try disk.syncDirectory("")
            for part in 0..<9 {
                let bytes = ByteSlice([UInt8](repeating: UInt8(part), count: 700))
                try disk.write(file, offset: UInt64(part * 300), [bytes])
            }
            disk.losePower()
            return disk.contents("a")
        }
        #expect(try run() == run())
    }

    @Test func aFullDiskRefusesToGrow() throws {
        let disk = SimulatedDisk(seed: 1)
        disk.capacity = 100
        let file = try disk.open("a", .createNew)
        try disk.preallocate(file, size: 90)
        #expect(try disk.space() == DiskSpace(free: 10, total: 100))
        try disk.write(file, offset: 0, [ByteSlice([UInt8](repeating: 0, count: 100))])
        do {
            try disk.write(file, offset: 100, [ByteSlice([1])])
            Issue.record("wrote more than there is room for")
        } catch {
            #expect(error.errno == 28)
        }
    }

    @Test func theQueueKeepsOrderAndStopsAtAFailure() throws {
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.open("a", .createNew)
        let queue = SimulatedDiskQueue(disk)
        var log: [String] = []
        queue.deliver = { completion in
            switch completion {
            case .finished(let token): log.append("finished \(token)")
            case .failed(let token, _): log.append("failed \(token)")
            case .read(let token, let bytes): log.append("read \(token) \(bytes.array)")
            case .readFailed(let token, _): log.append("read failed \(token)")
            case .job(let token, let failure): log.append("job \(token) \(failure == nil)")
            }
        }
        queue.submit([.write(file, offset: 0, [ByteSlice([1])]), .sync(file)], token: 1)
        queue.submit([.write(file, offset: 1, [ByteSlice([2])]), .sync(file)], token: 2)
        queue.submit([.sync(file)], token: 3)
        queue.read(file, offset: 0, count: 9, token: 4)
        queue.run({ (_: any Disk) throws(DiskFailure) in }, token: 5)
        disk.faults = [SimulatedDisk.Fault(operation: "sync", skip: 1)]
        queue.runAll()
        #expect(log == ["finished 1", "failed 2", "failed 3", "read 4 [1, 2]", "job 5 true"])
    }
}
