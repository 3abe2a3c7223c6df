import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

@Suite struct SnapshotTests {
    private func filled(_ fixture: Fixture) throws -> LogStore {
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 3000, count: 12))
        return store
    }

    /// Several entries in each segment.
    private func crowded(_ fixture: Fixture) throws -> LogStore {
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 900, count: 24))
        return store
    }

    /// A snapshot through `index`, which may be ahead of the log, arrives and is installed.
    private func receive(_ index: UInt64, of store: LogStore, _ fixture: Fixture) throws -> SnapshotMetadata {
        let point = LogPoint(index: index, term: 1, chain: store.chain(at: index) ?? 1234)
        let bytes = try snapshotBytes(point, state: [1, 2, 3])
        #expect(fixture.run(store.snapshotReceiveJob(index: index, offset: 0, bytes: bytes).work) == nil)
        let install = store.snapshotInstallJob(index: index, term: 1)
        #expect(fixture.run(install.work) == nil)
        return try #require(install.result)
    }

    @Test func writtenReadBackAndReplacedByANewerOne() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let state = [UInt8](repeating: 7, count: 2_499_999) + [1]
        try fixture.snapshot(store, at: 5, state: [1])
        try fixture.snapshot(store, at: 9, state: state)
        #expect(fixture.disk.contents(fixture.path(FileNames.snapshot(5))) == nil)
        fixture.disk.losePower()
        let (again, recovered) = try fixture.open()
        let metadata = try #require(recovered.snapshot)
        #expect(metadata.point == LogPoint(index: 9, term: 1, chain: try #require(again.chain(at: 9))))
        #expect(metadata.membership.array == [9] && metadata.stateLength == 2_500_000)
        let load = again.snapshotLoadJob(metadata)
        #expect(fixture.run(load.work) == nil)
        #expect(load.result?.array == state)
        #expect(try recovered.contents().map { $0.index } == [10, 11, 12])
        #expect(again.firstIndex == 1)
    }

    @Test func everyFlippedByteOfASnapshotIsSeen() throws {
        let bytes = try snapshotBytes(LogPoint(index: 3, term: 1, chain: 2), state: Array(0..<100))
        for byte in 0..<bytes.count {
            let disk = SimulatedDisk(seed: 1)
            let file = try disk.open("s", .createNew)
            var changed = bytes.array
            changed[byte] ^= 8
            try disk.write(file, offset: 0, [ByteSlice(changed)])
            guard case .damaged = try SnapshotFile.read(disk, path: "s", group: 0, keepsState: true) else {
                Issue.record("byte \(byte)")
                continue
            }
        }
    }

    @Test func aDamagedSnapshotIsNeverASilentFreshStart() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        try fixture.snapshot(store, at: 9)
        fixture.disk.flip(fixture.path(FileNames.snapshot(9)), byte: 80, mask: 1)
        let (again, recovered) = try fixture.open()
        // The whole log is still there: it can be replayed from the start.
        #expect(recovered.snapshot == nil && recovered.findings.count == 1)
        #expect(try recovered.contents().count == 12)
        try fixture.snapshot(again, at: 9)
        fixture.complete(again.deletePrefix(before: 10), of: again)
        #expect(again.firstIndex > 1)
        fixture.disk.killProcess()
        fixture.disk.flip(fixture.path(FileNames.snapshot(9)), byte: 80, mask: 1)
        do {
            _ = try fixture.open()
            Issue.record("opened without the state before entry \(again.firstIndex)")
        } catch let error as LogStoreError {
            guard case .missingSnapshot = error else { throw error }
        }
    }

    /// A transfer in pieces, resumed after a gap, then installed.
    @Test func receivedInPieces() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let source = Fixture(seed: 9)
        let leader = try source.created()
        source.fill(leader, term: 3, sizes: Array(repeating: 500, count: 40))
        try source.snapshot(leader, at: 40, state: payload(index: 2, term: 2, size: 5000))
        let metadata = try #require(leader.newestSnapshot)
        var offset: UInt64 = 0
        while offset < metadata.fileSize {
            let read = leader.snapshotReadJob(metadata, offset: offset, count: 900)
            #expect(source.run(read.work) == nil)
            let piece = try #require(read.result)
            let gap = store.snapshotReceiveJob(index: 40, offset: offset + 5000, bytes: piece)
            if offset > 0 {
                #expect(fixture.run(gap.work) == nil)
                #expect(gap.result == offset)
            }
            let write = store.snapshotReceiveJob(index: 40, offset: offset, bytes: piece)
            #expect(fixture.run(write.work) == nil)
            offset = try #require(write.result)
        }
        let wrong = store.snapshotInstallJob(index: 40, term: 4)
        #expect(fixture.run(wrong.work)?.errno == 74)
        let install = store.snapshotInstallJob(index: 40, term: 3)
        #expect(fixture.run(install.work) == nil)
        let received = try #require(install.result)
        #expect(received.point == metadata.point && received.stateChecksum == metadata.stateChecksum)
        fixture.complete(try #require(store.reset(to: received, base: received.point)), of: store)
        #expect(store.firstIndex == 41 && store.lastIndex == 40 && store.lastChain == leader.lastChain)
        fixture.complete(store.append([store.entry(term: 3, size: 10)]), of: store)
        fixture.disk.losePower()
        let (again, recovered) = try fixture.open()
        #expect(again.firstIndex == 41 && recovered.lastIndex == 41 && recovered.snapshot?.index == 40)
    }

    /// Power loss at every call of installing and resetting: the old log, or the new one, and the old term and vote.
    @Test func resetUnderPowerLoss() throws {
        let point = LogPoint(index: 100, term: 7, chain: 1234)
        let bytes = try snapshotBytes(point, state: [1, 2, 3])
        var outcomes: Set<UInt64> = []
        for calls in 1..<32 {
            for seed in UInt64(0)..<2 {
                let fixture = Fixture(seed: seed)
                let store = try filled(fixture)
                fixture.complete(store.saveHardState(term: 7, vote: 2), of: store)
                let write = store.snapshotReceiveJob(index: 100, offset: 0, bytes: bytes)
                #expect(fixture.run(write.work) == nil)
                fixture.disk.callsUntilPowerLoss = calls
                let install = store.snapshotInstallJob(index: 100, term: 7)
                if fixture.run(install.work) == nil, let metadata = install.result {
                    fixture.submit(try #require(store.reset(to: metadata, base: metadata.point)))
                    fixture.queue.runAll()
                }
                fixture.disk.losePower()
                let (again, recovered) = try fixture.open()
                #expect(recovered.term == 7 && recovered.vote == 2 && recovered.damaged.isEmpty)
                outcomes.insert(recovered.lastIndex)
                if recovered.lastIndex == 12 {
                    #expect(try recovered.contents().count == 12)
                } else {
                    #expect(recovered.last == point && again.firstIndex == 101)
                    #expect(recovered.snapshot?.point == point)
                }
            }
        }
        #expect(outcomes == [12, 100])
    }

    /// The log is made to begin behind damage, with a snapshot that ends within it or ahead of it: a power loss at any
    /// call leaves the old log with the damage, or the new one with all that is behind.
    @Test(arguments: [UInt64(9), 100]) func beginningBehindDamage(_ index: UInt64) throws {
        var starts: Set<UInt64> = []
        for seed in UInt64(0)..<48 {
            let fixture = Fixture(seed: seed)
            let store = try filled(fixture)
            let end = try #require(store.sealedEnd(of: 2))
            let location = try #require(store.location(of: 2))
            #expect(end < 9 && store.noteDamage(2) && store.sealedEnd(of: store.lastIndex) == nil)
            let received = try receive(index, of: store, fixture)
            fixture.disk.flip(fixture.path(FileNames.segment(1)), byte: Int(location.payloadOffset) + 50, mask: 1)
            fixture.disk.callsUntilPowerLoss = 1 + Int(seed % 16)
            fixture.submit(store.begin(after: end, with: received))
            fixture.queue.runAll()
            #expect(store.firstIndex == end + 1 && store.damagedRanges.isEmpty && store.lastIndex == 12)
            fixture.disk.losePower()
            try fixture.removeSidecars()
            let (again, recovered) = try fixture.open()
            starts.insert(again.firstIndex)
            #expect(recovered.lastIndex == 12 && recovered.last.chain == store.lastChain)
            if again.firstIndex == 1 { continue }
            #expect(again.firstIndex == end + 1 && recovered.damaged.isEmpty)
            #expect(recovered.snapshot?.point == received.point)
        }
        #expect(starts.count == 2)
    }

    /// Where the segment with the damage holds what is needed, too, the log begins amid it, again at every start. Power
    /// is lost at any call.
    @Test(arguments: [UInt64(9), 100]) func beginningAmidASegment(_ index: UInt64) throws {
        var starts: Set<UInt64> = []
        for seed in UInt64(0)..<24 {
            let fixture = Fixture(seed: seed)
            let store = try crowded(fixture)
            let location = try #require(store.location(of: 2))
            #expect(store.noteDamage(2) && store.sealedEnd(of: 2) ?? 0 > 4)
            let behind = try #require(store.pointBehind(store.damagedRanges[0]))
            #expect(behind == LogPoint(index: 2, term: 1, chain: try #require(store.chain(at: 2))))
            let received = try receive(index, of: store, fixture)
            fixture.disk.flip(fixture.path(FileNames.segment(1)), byte: Int(location.payloadOffset) + 50, mask: 1)
            fixture.disk.callsUntilPowerLoss = 1 + Int(seed % 8)
            fixture.submit(store.begin(amid: behind, with: received))
            fixture.queue.runAll()
            #expect(store.firstIndex == 3 && store.damagedRanges.isEmpty && store.chain(at: 2) == behind.chain)
            #expect(store.location(of: 2) == nil && store.location(of: 3) != nil && store.term(at: 2) == 1)
            fixture.disk.losePower()
            try fixture.removeSidecars()
            let (again, recovered) = try fixture.open()
            starts.insert(again.firstIndex)
            #expect(recovered.lastIndex == 24 && recovered.last.chain == store.lastChain)
            if again.firstIndex == 1 {
                #expect(recovered.damaged.count == 1)
                continue
            }
            #expect(again.firstIndex == 3 && recovered.damaged.isEmpty)
            #expect(recovered.runs.first == LogTermRun(term: 1, first: 3) && again.chain(at: 2) == behind.chain)
            #expect(again.storedSegment(of: 3, applied: 24)?.first == 3)
            guard case .intact(let summary) = LogVerifier().verify(fixture.disk, directory: "group-0") else {
                Issue.record("not intact")
                continue
            }
            #expect(summary.firstIndex == 3 && summary.entryCount == 22)
        }
        #expect(starts == [1, 3])
    }

    /// With its segment goes what was said of it, and damage that grows beyond makes all of it damage again.
    @Test func whatLiesBeforeTheBeginningIsForgotten() throws {
        for grows in [false, true] {
            let fixture = Fixture()
            let store = try crowded(fixture)
            let places = try [2, 3].map { try #require(store.location(of: $0)) }
            #expect(store.noteDamage(2))
            try fixture.snapshot(store, at: 9)
            let behind = try #require(store.pointBehind(store.damagedRanges[0]))
            fixture.complete(store.begin(amid: behind, with: try #require(store.newestSnapshot)), of: store)
            if grows {
                for place in places {
                    fixture.disk.flip(fixture.path(FileNames.segment(1)), byte: Int(place.headerOffset) + 20, mask: 1)
                }
                fixture.disk.losePower()
                try fixture.removeSidecars()
                let (again, recovered) = try fixture.open()
                #expect(again.firstIndex == 1 && recovered.damaged.map { $0.first...$0.last } == [2...3])
                let point = try #require(again.pointBehind(recovered.damaged[0]))
                #expect(point.index == 4 && point.chain == store.chain(at: 4))
                continue
            }
            fixture.complete(store.deletePrefix(before: 10), of: store)
            let first = store.firstIndex
            #expect(first > 3 && !store.beginsAmidSegment)
            fixture.disk.losePower()
            let (again, recovered) = try fixture.open()
            #expect(again.firstIndex == first && recovered.damaged.isEmpty && !again.beginsAmidSegment)
        }
    }

    /// A received snapshot whose last entry the log holds anyway leaves the log alone.
    @Test func aReceivedSnapshotWithinTheLogKeepsIt() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        _ = try receive(6, of: store, fixture)
        fixture.disk.losePower()
        let recovered = try fixture.open().recovered
        #expect(recovered.lastIndex == 12 && recovered.snapshot?.index == 6 && recovered.firstIndex == 1)
    }
}
