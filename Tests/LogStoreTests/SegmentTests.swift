import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

@Suite struct SegmentTests {
    @Test func formatRefusesAnythingThere() throws {
        let fixture = Fixture()
        try fixture.format()
        #expect(throws: LogStoreError.notEmpty(directory: Fixture.directory)) { try fixture.format() }
        let (_, recovered) = try fixture.open()
        #expect(recovered.last == .zero && recovered.firstIndex == 1 && recovered.findings.isEmpty)
    }

    @Test func powerLossInFormatNeverLeavesHalfALog() throws {
        for calls in 1..<24 {
            for seed in UInt64(0)..<4 {
                let fixture = Fixture(seed: seed)
                fixture.disk.callsUntilPowerLoss = calls
                var isDone = true
                do { try fixture.format() } catch { isDone = false }
                fixture.disk.losePower()
                let isFormatted = try LogStore.isFormatted(fixture.disk, directory: Fixture.directory)
                #expect(isFormatted || !isDone)
                if isFormatted { #expect(try fixture.open().recovered.lastIndex == 0) }
            }
        }
    }

    @Test func missingStateFileIsAnErrorThatNamesIt() throws {
        let fixture = Fixture()
        _ = try fixture.created()
        try fixture.disk.remove(fixture.path(FileNames.state))
        #expect(throws: LogStoreError.notFormatted(path: fixture.path(FileNames.state))) { try fixture.open() }
    }

    @Test func bothSlotsBadIsAnErrorThatNamesTheFile() throws {
        let fixture = Fixture()
        _ = try fixture.created()
        let path = fixture.path(FileNames.state)
        for slot in LogState.slotOffsets { fixture.disk.flip(path, byte: Int(slot) + 30, mask: 1) }
        do {
            _ = try fixture.open()
            Issue.record("opened without a vote")
        } catch let error as LogStoreError {
            guard case .stateDamaged(let named, _) = error else { throw error }
            #expect(named == path)
        }
    }

    /// With one slot bad, the newest term and vote still count: a node that forgot its vote could vote twice.
    @Test func damageToOneSlotNeverBringsBackAnOldVote() throws {
        for slot in LogState.slotOffsets {
            let fixture = Fixture()
            let store = try fixture.created()
            fixture.complete(store.saveHardState(term: 4, vote: 1), of: store)
            fixture.complete(store.saveHardState(term: 5, vote: 2), of: store)
            fixture.disk.losePower()
            fixture.disk.flip(fixture.path(FileNames.state), byte: Int(slot) + 30, mask: 1)
            let recovered = try fixture.open().recovered
            #expect(recovered.term == 5 && recovered.vote == 2 && recovered.findings.count == 1)
        }
    }

    @Test func hardStateUnderPowerLossIsOldOrNew() throws {
        for calls in 1...5 {
            for seed in UInt64(0)..<20 {
                let fixture = Fixture(seed: seed)
                let store = try fixture.created()
                fixture.complete(store.saveHardState(term: 4, vote: 1), of: store)
                fixture.submit(store.saveHardState(term: 5, vote: nil))
                fixture.disk.callsUntilPowerLoss = calls
                fixture.queue.runAll()
                fixture.disk.losePower()
                let recovered = try fixture.open().recovered
                #expect((recovered.term == 4 && recovered.vote == 1) || (recovered.term == 5 && recovered.vote == nil))
                if calls == 5 { #expect(recovered.term == 5) }
            }
        }
    }

    @Test func missingSegmentsAreErrors() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 5000, count: 8))
        let firsts = store.segments.map { $0.first }
        #expect(firsts.count >= 4)
        for (position, first) in firsts.enumerated().dropLast() {
            let other = Fixture()
            let again = try other.created()
            other.fill(again, sizes: Array(repeating: 5000, count: 8))
            other.disk.killProcess()
            try other.disk.remove(other.path(FileNames.segment(first)))
            let missing = LogStoreError.missingSegment(
                directory: Fixture.directory, first: first, last: firsts[position + 1] - 1)
            #expect(throws: missing) { try other.open() }
        }
        fixture.disk.killProcess()
        for first in firsts { try fixture.disk.remove(fixture.path(FileNames.segment(first))) }
        #expect(throws: LogStoreError.self) { try fixture.open() }
    }

    /// Recycled files come back as segments; their old entries never do, not even when the new ones are torn.
    @Test func recycledBytesAreNeverEntries() throws {
        for seed in UInt64(0)..<20 {
            let fixture = Fixture(seed: seed)
            let store = try fixture.created()
            fixture.fill(store, sizes: Array(repeating: 1000, count: 30))
            try fixture.snapshot(store, at: store.lastIndex)
            let before = store.segments.map { $0.name }
            fixture.maintain(store)
            store.spares.removeAll()
            fixture.complete(store.deletePrefix(before: store.lastIndex), of: store)
            #expect(store.segments.count < before.count && store.spares.count == 1)
            let recycled = store.spares[0].file
            // Same sizes as before, so that old headers lie exactly where new ones are expected.
            while store.segments.last?.file != recycled {
                fixture.complete(store.append([store.entry(term: 2, size: 1000)]), of: store)
            }
            let durable = store.lastIndex
            fixture.submit(store.append([store.entry(term: 2, size: 1000)]))
            fixture.disk.callsUntilPowerLoss = 2
            fixture.queue.runAll()
            fixture.disk.losePower()
            let (again, recovered) = try fixture.open()
            #expect(recovered.lastIndex == durable || recovered.lastIndex == durable + 1)
            #expect(recovered.damaged.isEmpty)
            for index in again.firstIndex...again.lastIndex { #expect(again.location(of: index) != nil) }
            #expect(try recovered.contents().allSatisfy { $0.payload == payload(index: $0.index, term: 2, size: 1000) })
        }
    }

    @Test func withoutASpareTheSegmentGoesOn() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        for _ in 0..<10 { fixture.complete(store.append([store.entry(term: 1, size: 5000)]), of: store) }
        #expect(store.segments.count == 1 && store.segments[0].end > fixture.settings.segmentBytes)
        fixture.maintain(store)
        fixture.complete(store.append([store.entry(term: 1, size: 5000)]), of: store)
        #expect(store.segments.count == 2)
        fixture.disk.losePower()
        #expect(try fixture.open().recovered.contents().count == 11)
    }

    @Test func aFullDiskPausesSparesAndTheLogGoesOn() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.disk.capacity = 40_000
        let job = try #require(store.takeMaintenanceJob())
        fixture.disk.capacity = 30_000
        let failure = fixture.run(job.work)
        #expect(failure?.errno == 28)
        _ = store.onMaintenanceDone(job, failure: failure)
        #expect(store.takeMaintenanceJob() == nil)
        fixture.disk.capacity = 1 << 30
        store.retryMaintenance()
        fixture.maintain(store)
        #expect(store.spares.count == 1)
    }

    /// One append is one write and one sync; large payloads go by reference, small ones are copied together.
    @Test func anAppendIsOneWriteAndOneSync() throws {
        let fixture = Fixture(segmentBytes: 1 << 20)
        let store = try fixture.created()
        let large = ByteSlice([UInt8](repeating: 7, count: 10_000))
        var added: [LogEntry] = []
        var chain = store.lastChain
        for index in UInt64(1)...6 {
            let pieces = index == 4 ? [ByteSlice([1, 2, 3]), large] : [ByteSlice([1, 2, 3])]
            let entry = LogEntry.make(
                after: chain, index: index, term: 1, kind: .command, timestamp: 0, payload: pieces)
            chain = entry.chain
            added.append(entry)
        }
        let operations = store.append(added)
        #expect(operations.count == 2)
        guard case .write(_, let offset, let pieces) = operations[0], case .sync = operations[1] else {
            Issue.record("\(operations)")
            return
        }
        #expect(offset == SegmentHeader.regionSize && pieces.count == 4)
        #expect(pieces[1].storage === large.storage && pieces.allSatisfy { $0.count > 0 })
        fixture.complete(operations, of: store)
        #expect(try fixture.open().recovered.contents() == added.map { Content($0) })
    }

    /// When everything in it is synced, or about to be, a segment may be deleted before one more sync of it came to be
    /// carried out (seed 35990).
    @Test func theSegmentThatIsLeftIsSyncedIfThatIsDue() throws {
        for isSynced in [true, false] {
            let fixture = Fixture()
            let store = try fixture.created()
            fixture.maintain(store)
            let first = LogEntry.make(
                after: store.lastChain, index: 1, term: 1, kind: .relaxedCommand, timestamp: 0,
                payload: [ByteSlice([UInt8](repeating: 1, count: 8000))])
            fixture.submit(store.write([first]).operations)
            let left = store.segments[0].file
            if isSynced { fixture.submit(store.sync()) }
            let second = LogEntry.make(
                after: first.chain, index: 2, term: 1, kind: .relaxedCommand, timestamp: 0,
                payload: [ByteSlice([UInt8](repeating: 2, count: 8000))])
            let (operations, isDurable) = store.write([second])
            #expect(store.segments.count == 2 && isDurable)
            let syncs = operations.compactMap { if case .sync(let file) = $0 { file } else { nil } }
            #expect(syncs == (isSynced ? [] : [left]) + [store.segments[1].file])
        }
    }

    /// Opening reads the sidecars instead of the sealed segments.
    @Test func sidecarsReplaceScanning() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 3000, count: 12))
        #expect(store.segments.dropLast().allSatisfy { $0.hasSidecar })
        let expected = try fixture.open()
        fixture.disk.killProcess()
        // Damage to a sealed body is not seen by an opening that does not read it.
        fixture.disk.flip(fixture.path(FileNames.segment(1)), byte: 9000, mask: 1)
        let indexed = try fixture.open()
        #expect(indexed.recovered.damaged.isEmpty && indexed.recovered.runs == expected.recovered.runs)
        fixture.disk.killProcess()
        try fixture.disk.remove(fixture.path(FileNames.sidecar(1)))
        let scanned = try fixture.open()
        #expect(scanned.recovered.damaged.count == 1)
        // A damaged segment gets no sidecar that would hide the damage.
        fixture.maintain(scanned.store)
        #expect(fixture.disk.contents(fixture.path(FileNames.sidecar(1))) == nil)
    }

    @Test func aFailedSyncIsReportedOnceAndForAll() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.disk.faults = [SimulatedDisk.Fault(operation: "sync")]
        fixture.submit(store.append([store.entry(term: 1, size: 10)]))
        fixture.submit(store.append([store.entry(term: 1, size: 10)]))
        fixture.queue.runAll()
        #expect(fixture.finished.isEmpty && fixture.failed?.errno == 5)
        fixture.disk.losePower()
        #expect(try fixture.open().recovered.lastIndex == 0)
    }

    /// After a failed sync the kernel may keep the bytes, marked clean. The next process must not take them for
    /// durable.
    @Test func bytesOfAFailedSyncAreWrittenAgain() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.disk.faults = [SimulatedDisk.Fault(operation: "sync")]
        fixture.submit(store.append([store.entry(term: 1, size: 10)]))
        fixture.queue.runAll()
        fixture.disk.killProcess()
        #expect(try fixture.open().recovered.lastIndex == 1)
        fixture.disk.losePower()
        let recovered = try fixture.open().recovered
        #expect(recovered.damaged.isEmpty)
        #expect(try recovered.contents().map { $0.payload } == [payload(index: 1, term: 1, size: 10)])
    }

    /// The process ends between writing the new log start and syncing it; the next one deletes files on the strength of
    /// what it reads from the page cache, and then the power fails. The start must not fall back behind the files.
    @Test func nothingIsDeletedOnTheStrengthOfUnsyncedState() throws {
        for calls in 1..<16 {
            for seed in UInt64(0)..<3 {
                let fixture = Fixture(seed: seed)
                let store = try fixture.created()
                fixture.fill(store, sizes: Array(repeating: 5000, count: 8))
                try fixture.snapshot(store, at: 8)
                fixture.submit(store.deletePrefix(before: 8))
                fixture.disk.callsUntilPowerLoss = 2
                fixture.queue.runAll()
                fixture.disk.killProcess()
                fixture.disk.callsUntilPowerLoss = calls
                do { _ = try fixture.open() } catch let error as LogStoreError {
                    guard case .disk = error else { throw error }
                }
                fixture.disk.losePower()
                let (again, recovered) = try fixture.open()
                #expect(recovered.lastIndex == 8 && recovered.damaged.isEmpty && again.firstIndex <= 8)
            }
        }
    }

    /// Old entries of the same file and the same epoch lie behind the cut; a torn write over them is a torn tail.
    @Test func remainsOfATruncationAreNeverReadOrTakenForProof() throws {
        for calls in 1..<14 {
            for seed in UInt64(0)..<4 {
                let fixture = Fixture(seed: seed)
                let store = try fixture.created()
                let old = entries(after: .zero, terms: [1, 1, 1, 2, 2, 2, 2], size: 1000)
                for entry in old { fixture.complete(store.append([entry]), of: store) }
                let base = LogPoint(index: 3, term: 1, chain: old[2].chain)
                let new = entries(after: base, terms: [1, 1, 3], size: 1000)
                fixture.submit(store.truncate(after: 3))
                fixture.submit(store.append(new))
                fixture.disk.callsUntilPowerLoss = calls
                fixture.queue.runAll()
                fixture.disk.losePower()
                let recovered = try fixture.open().recovered
                #expect(recovered.damaged.isEmpty)
                let found = try recovered.contents()
                let isOld = found == old.map { Content($0) }
                let isNew = found == (old.prefix(3) + new.prefix(max(0, found.count - 3))).map { Content($0) }
                #expect(isOld || (isNew && found.count >= 3))
                if calls > 6 { #expect(found.count == 6) }
            }
        }
    }

    /// Simulator seed 71732: what an outdated sidecar leads to is done before the next one is written, however far
    /// behind the ordered queue is; else the next one goes, and the node stops when it deletes the segment.
    @Test func anOutdatedSidecarIsRemovedBeforeTheNextIsWritten() throws {
        let fixture = Fixture(spares: 2)
        let store = try fixture.created()
        fixture.maintain(store)
        let old = entries(after: .zero, terms: Array(repeating: 1, count: 6), size: 1500)
        fixture.complete(store.append(old), of: store)
        var job = try #require(store.takeMaintenanceJob())
        while case .spare = job.kind {
            _ = store.onMaintenanceDone(job, failure: fixture.run(job.work))
            job = try #require(store.takeMaintenanceJob())
        }
        #expect(fixture.run(job.work) == nil)
        let base = LogPoint(index: 3, term: 1, chain: try #require(store.chain(at: 3)))
        fixture.complete(store.truncate(after: 3), of: store)
        fixture.complete(store.append(entries(after: base, terms: [2, 2, 2, 2], size: 1600)), of: store)
        try #require(store.segments.count == 2)

        let late = store.onMaintenanceDone(job, failure: nil)
        fixture.maintain(store)
        fixture.submit(late)
        fixture.queue.runAll()
        #expect(store.segments[0].hasSidecar)
        #expect(try fixture.disk.list(Fixture.directory).contains { $0.name == FileNames.sidecar(1) })
    }

    /// Simulator seed 2411: a cut behind the last entry of a sealed segment, and the next entry seals it again at once.
    /// What takes its indexes away is still to come then, and would take the new ones.
    @Test func aSegmentSealedAgainKeepsItsNewIndexes() throws {
        let fixture = Fixture(spares: 2)
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 1500, count: 7))
        let end = try #require(store.segments.first?.last)
        try #require(store.segments.count == 2 && store.segments[0].hasSidecar)
        fixture.submit(store.truncate(after: end))
        fixture.submit(store.append([store.entry(term: 2, size: 1500)]))
        try #require(store.segments.map(\.last) == [end, end + 1])
        var jobs: [MaintenanceJob] = []
        while let job = store.takeMaintenanceJob() { jobs.append(job) }
        #expect(store.segmentToIndex(applied: end, except: []) == nil)
        for job in jobs {
            fixture.start(job.work) { _ = store.onMaintenanceDone(job, failure: $0) }
            while fixture.queue.runNextJob() {}
        }
        fixture.queue.runAll()
        #expect(!store.segments[0].hasSidecar && store.segmentToIndex(applied: end, except: []) == nil)
        store.onFlushed(through: end + 1)
        fixture.maintain(store)
        #expect(store.segments[0].hasSidecar && store.segmentToIndex(applied: end, except: [])?.last == end)
        #expect(try fixture.disk.list(Fixture.directory).contains { $0.name == FileNames.sidecar(1) })
    }

    /// Rows that came too late, of a segment that was cut in the meantime, go before new ones are written.
    @Test func outdatedRowsAreRemovedBeforeTheNextAreWritten() throws {
        let fixture = Fixture(spares: 2)
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 1500, count: 7))
        let old = try #require(store.segmentToIndex(applied: 7, except: []))
        fixture.complete(store.truncate(after: 3), of: store)
        fixture.complete(store.append([store.entry(term: 2, size: 1500)]), of: store)
        fixture.disk.close(try fixture.disk.open(old.rowsPath, .createNew))
        store.onRowsWritten(old)
        #expect(!store.mayWriteIndexes)
        fixture.maintain(store)
        #expect(store.mayWriteIndexes)
        #expect(try !fixture.disk.list(Fixture.directory).contains { $0.name == FileNames.rows(1) })
    }

    /// A segment whose very first entry is torn is begun anew: under its old header everything that is written to it
    /// afterwards would be taken for remains of the log that was cut away.
    @Test func aSegmentThatIsTornFromItsFirstEntryOnKeepsWhatIsWrittenNext() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 1500, count: 5))
        fixture.complete(store.append([store.entry(term: 1, size: 1500)]), of: store)
        try #require(store.segments.map { $0.first } == [1, 6])
        fixture.disk.killProcess()
        let middle = Int(store.segments[1].end) - 700
        fixture.disk.damage(fixture.path(FileNames.segment(6))) { $0[middle] ^= 1 }

        let again = try fixture.open()
        #expect(again.recovered.lastIndex == 5 && again.recovered.damaged.isEmpty)
        fixture.fill(again.store, term: 2, sizes: [1500, 1500])
        let written = again.store.lastChain
        fixture.disk.losePower()
        let last = try fixture.open().recovered.last
        #expect(last == LogPoint(index: 7, term: 2, chain: written))
    }

    /// The same bytes under a header with another salt are not this log's entries.
    @Test func entriesUnderAnotherSaltAreNotRead() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.complete(store.append(entries(after: .zero, terms: [1, 1, 1], size: 50)), of: store)
        var header = store.segments[0].header
        header.salt ^= 1
        let region = header.encode().array
        fixture.disk.killProcess()
        fixture.disk.damage(fixture.path(FileNames.segment(1))) { $0.replaceSubrange(..<region.count, with: region) }
        #expect(try fixture.open().recovered.lastIndex == 0)
    }

    /// Simulator seed 7577: the segment after this one was lost in a crash, so this one is written to again; the index
    /// it had is removed at the start, and must not be taken for its own when it is sealed again.
    @Test func anIndexOfASegmentThatIsWrittenToAgainIsForgotten() throws {
        let fixture = Fixture()
        var store = try fixture.created()
        fixture.fill(store, sizes: [100])
        let path = fixture.path(FileNames.rows(1))
        let failure = fixture.run { (disk: any Disk) throws(DiskFailure) in
            try disk.replace(path, with: [ByteSlice([1])], directory: Fixture.directory)
        }
        #expect(failure == nil)
        store = try fixture.open().store
        #expect(try !fixture.disk.list(Fixture.directory).contains { $0.name == FileNames.rows(1) })
        fixture.fill(store, sizes: Array(repeating: 3_000, count: 12))
        fixture.maintain(store)
        #expect(store.segmentToIndex(applied: store.lastIndex, except: [])?.first == 1)
    }
}
