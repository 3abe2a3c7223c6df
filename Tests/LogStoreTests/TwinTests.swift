import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

/// The log as a list in memory.
private struct Twin {
    var first: UInt64 = 1
    var base = LogPoint.zero
    var entries: [Content] = []
    /// Index of the snapshot; ahead of `last` while the entries up to it are still to come.
    var snapshot: UInt64 = 0
    /// After a reset: the entries from the new base to the snapshot, in order, which are appended before any other.
    var promised: [LogEntry] = []
    var resets = 0
    var term: UInt64 = 0
    var vote: UInt32?

    var last: UInt64 { entries.last?.index ?? base.index }

    mutating func truncate(after index: UInt64) { entries.removeAll { $0.index > index } }

    mutating func restart(after base: LogPoint, with snapshot: SnapshotMetadata, _ promised: [LogEntry]) {
        self.promised = promised
        first = base.index + 1
        self.base = base
        entries = []
        self.snapshot = snapshot.index
        resets += 1
    }
}

/// Random operations against the twin, with power losses in the middle of writes, of jobs and of recovery itself.
private final class TwinRun {
    let fixture: Fixture
    var random: SimulationRandom
    var store: LogStore
    /// States after each batch submitted and not yet finished; the first is what is durable.
    var states = [Twin()]
    var crashes = 0
    var resets = 0

    init(seed: UInt64) throws {
        fixture = Fixture(seed: seed, spares: 1 + Int(seed % 2))
        random = SimulationRandom(seed: seed &* 31)
        store = try fixture.created()
    }

    var now: Twin { states[states.count - 1] }

    func submit(_ operations: [DiskOperation], _ change: (inout Twin) -> Void) {
        if operations.isEmpty { return }
        var next = now
        change(&next)
        states.append(next)
        fixture.submit(operations)
    }

    func step() throws {
        switch random.below(100) {
        case 0..<40: append()
        case 40..<50: truncate()
        case 50..<58: vote()
        case 58..<60: submit(store.saveFlushedMark()) { _ in }
        case 60..<75: runBatches(1 + random.below(3))
        case 75..<84: maintain()
        case 84..<88: try snapshotAndDelete()
        case 88..<89: try receiveSnapshot()
        case 89..<90: try restartWithPresentSnapshot()
        case 90..<94: try readBack()
        default: try crash()
        }
    }

    func append() {
        let coming = now.promised.filter { $0.index > store.lastIndex }
        if !coming.isEmpty {
            let added = Array(coming.prefix(1 + random.below(6)))
            return submit(store.append(added)) { $0.entries += added.map { Content($0) } }
        }
        var terms = [max(now.entries.last?.term ?? now.base.term, now.term, 1)]
        for _ in 0..<random.below(6) { terms.append(terms[terms.count - 1] + UInt64(random.below(8) / 7)) }
        let added = newEntries(after: LogPoint(index: store.lastIndex, term: 0, chain: store.lastChain), terms)
        submit(store.append(added)) { $0.entries += added.map { Content($0) } }
    }

    func newEntries(after point: LogPoint, _ terms: [UInt64]) -> [LogEntry] {
        var chain = point.chain
        return terms.enumerated().map { offset, term in
            let index = point.index + 1 + UInt64(offset)
            let size = random.below(4) == 0 ? random.below(6000) : random.below(200)
            let bytes = payload(index: index, term: term, size: size, salt: random.next())
            let kind: EntryKind = random.below(9) == 0 ? .configuration : .command
            let entry = LogEntry.make(
                after: chain, index: index, term: term, kind: kind, timestamp: Int64(random.below(9999)),
                payload: [ByteSlice(bytes)])
            chain = entry.chain
            return entry
        }
    }

    func truncate() {
        let floor = max(now.snapshot, store.firstIndex - 1)
        guard store.lastIndex > floor else { return }
        let index = max(floor, store.lastIndex - UInt64(random.below(Int(min(store.lastIndex - floor, 12)) + 1)))
        submit(store.truncate(after: index)) { $0.truncate(after: index) }
    }

    func vote() {
        let term = now.term + UInt64(random.below(3))
        let vote: UInt32? = random.below(3) == 0 ? nil : UInt32(random.below(3))
        submit(store.saveHardState(term: term, vote: vote)) {
            $0.term = term
            $0.vote = vote
        }
    }

    /// Runs up to `count` batches; false once one has failed.
    @discardableResult func runBatches(_ count: Int) -> Bool {
        for _ in 0..<min(count, fixture.queue.pendingBatches) {
            fixture.queue.runNextBatch()
            if fixture.failed != nil { return false }
            states.removeFirst()
            // A truncation still waiting makes later indexes mean something else: only what all agree on is flushed.
            let agreed = states.map { $0.last }.min() ?? 0
            store.onFlushed(through: agreed)
        }
        return true
    }

    func maintain() {
        guard let job = store.takeMaintenanceJob() else { return }
        fixture.start(job.work) { [unowned self] failure in
            submit(store.onMaintenanceDone(job, failure: failure)) { _ in }
            store.retryMaintenance()
        }
        if random.below(4) > 0 { fixture.queue.runNextJob() }
    }

    func finishAll() {
        #expect(runBatches(.max))
        while fixture.queue.runNextJob() { #expect(runBatches(.max)) }
    }

    func snapshotAndDelete() throws {
        finishAll()
        guard store.lastIndex > now.snapshot else { return }
        let index = now.snapshot + 1 + UInt64(random.below(Int(store.lastIndex - now.snapshot)))
        let bytes = [ByteSlice(payload(index: index, term: 0, size: random.below(300)))]
        let job = store.snapshotWriteJob(index: index, membership: ByteSlice([1])) { bytes }
        #expect(fixture.run(job.work) == nil)
        // Durable from here on, whatever becomes of the batches.
        states[0].snapshot = index
        submit(store.onSnapshotWritten(try #require(job.result))) { _ in }
        let operations = store.deletePrefix(before: index + 1)
        let first = store.firstIndex
        submit(operations) {
            if let base = $0.entries.last(where: { $0.index < first }) {
                $0.base = LogPoint(index: base.index, term: base.term, chain: base.chain)
            }
            $0.first = first
            $0.entries.removeAll { $0.index < first }
        }
    }

    /// A snapshot from elsewhere, beyond the end of this log, which begins anew at or before it.
    func receiveSnapshot() throws {
        finishAll()
        let base = LogPoint(
            index: store.lastIndex + 1 + UInt64(random.below(20)), term: store.lastTerm + 1, chain: random.next())
        let coming = newEntries(after: base, Array(repeating: base.term, count: random.below(3) * random.below(12)))
        let point = coming.last.map { LogPoint(index: $0.index, term: $0.term, chain: $0.chain) } ?? base
        let bytes = try snapshotBytes(point, state: [5, 6, 7])
        let piece = store.snapshotReceiveJob(index: point.index, offset: 0, bytes: bytes)
        #expect(fixture.run(piece.work) == nil)
        let install = store.snapshotInstallJob(index: point.index, term: point.term)
        #expect(fixture.run(install.work) == nil)
        if random.below(5) == 0 { return try crash() }
        try reset(to: try #require(install.result), base: base, coming)
    }

    /// The log begins anew with the snapshot it has, its own or one whose entries were still to come.
    func restartWithPresentSnapshot() throws {
        finishAll()
        guard let present = store.newestSnapshot, random.below(2) == 0 else { return }
        var known: [LogEntry] = []
        for content in now.entries where content.index <= present.index { known.append(content.entry) }
        known += now.promised.filter { $0.index > store.lastIndex && $0.index <= present.index }
        let places = known.map { LogPoint(index: $0.index, term: $0.term, chain: $0.chain) }
        guard !places.isEmpty else { return }
        let base = places[random.below(places.count)]
        try reset(to: present, base: base, known.filter { $0.index > base.index })
    }

    private func reset(to snapshot: SnapshotMetadata, base: LogPoint, _ coming: [LogEntry]) throws {
        resets += 1
        if random.below(2) == 0 { fixture.disk.filesBeingSent = Set(store.segments.map { $0.file }) }
        guard let operations = store.reset(to: snapshot, base: base) else {
            #expect(store.spares.isEmpty && !fixture.disk.filesBeingSent.isEmpty)
            return fixture.disk.filesBeingSent = []
        }
        fixture.disk.filesBeingSent = []
        submit(operations) { $0.restart(after: base, with: snapshot, coming) }
    }

    func readBack() throws {
        finishAll()
        for content in now.entries {
            let location = try #require(store.location(of: content.index))
            let bytes = try fixture.disk.read(location.file, offset: location.headerOffset, count: location.byteCount)
            let entry = try #require(LogStore.decodeStored(bytes, at: location))
            #expect(Content(entry) == content)
            #expect(store.term(at: content.index) == content.term && store.chain(at: content.index) == content.chain)
        }
        guard let first = now.entries.first?.index else { return }
        let run = try #require(store.readableRun(from: first, through: now.last, maximumBytes: 4000))
        let bytes = try fixture.disk.read(run.start.file, offset: run.start.headerOffset, count: run.byteCount)
        let decoded = try #require(LogStore.decodeStoredRun(bytes, from: run.start, count: run.count))
        #expect(decoded.map { Content($0) } == Array(now.entries.prefix(run.count)))
    }

    func crash() throws {
        crashes += 1
        if random.below(4) > 0 {
            fixture.disk.callsUntilPowerLoss = 1 + random.below(12)
            var isAlive = true
            while isAlive && fixture.queue.pendingBatches > 0 { isAlive = runBatches(1) }
            while fixture.queue.runNextJob() {}
        }
        let isPowerLoss = random.below(3) > 0
        if isPowerLoss { fixture.disk.losePower() } else { fixture.disk.killProcess() }
        try reopen()
    }

    /// Opens again, with the power failing now and then during recovery.
    func reopen() throws {
        while random.below(3) == 0 {
            fixture.disk.callsUntilPowerLoss = 1 + random.below(10)
            var isDone = true
            do {
                _ = try fixture.open()
            } catch let error as LogStoreError {
                guard case .disk(let failure) = error, failure.reason == "no power" else { throw error }
                isDone = false
            }
            if random.below(2) == 0 { fixture.disk.losePower() } else { fixture.disk.killProcess() }
            if isDone { break }
        }
        let opened = try fixture.open()
        store = opened.store
        try check(opened.recovered)
    }

    /// The recovered log must lie between the durable state and the one the interrupted batch was leading to.
    func check(_ recovered: RecoveredLog) throws {
        #expect(recovered.damaged.isEmpty, "\(recovered.findings)")
        var found = Twin()
        found.first = recovered.firstIndex
        var replay = LogReplay(
            fixture.disk, directory: Fixture.directory, segments: store.segments, from: recovered.firstIndex,
            through: recovered.lastIndex)
        while let entry = try replay.next() { found.entries.append(Content(entry)) }
        found.term = recovered.term
        found.vote = recovered.vote
        found.base = LogPoint(
            index: recovered.firstIndex - 1, term: store.segments[0].header.previous.term,
            chain: store.segments[0].header.previousChain)
        found.snapshot = recovered.snapshot?.index ?? 0
        let before = states[0]
        let after = states.count > 1 ? states[1] : before
        found.resets = found.base == after.base ? after.resets : before.resets
        found.promised = found.base == after.base ? after.promised : before.promised
        let isPlausible = isBetween(found, before, after)
        #expect(isPlausible, "found \(found.first)...\(found.last), \(before.last) -> \(after.last)")
        #expect(recovered.last.index == found.last)
        #expect(recovered.lastChain == (found.entries.last?.chain ?? found.base.chain))
        let configurations = found.entries.filter { $0.kind == .configuration }
        #expect(recovered.configurations.map { $0.index } == configurations.map { $0.index })
        #expect(recovered.configurations.map { $0.payload.array } == configurations.map { $0.payload })
        for entry in found.entries { #expect(store.term(at: entry.index) == entry.term) }
        if let snapshot = recovered.snapshot, let chain = store.chain(at: snapshot.index) {
            #expect(chain == snapshot.chain)
        }
        #expect(found.last >= found.snapshot || found.promised.last?.index == found.snapshot)
        states = [found]
        let verdict = LogVerifier().verify(fixture.disk, directory: Fixture.directory)
        guard case .intact(let summary) = verdict else {
            Issue.record("verifier: \(verdict)")
            return
        }
        #expect(summary.chain == recovered.lastChain)
    }

    private func isBetween(_ found: Twin, _ before: Twin, _ after: Twin) -> Bool {
        let isHardState = (found.term == before.term && found.vote == before.vote)
            || (found.term == after.term && found.vote == after.vote)
        let isStart = (found.first == before.first && found.base == before.base)
            || (found.first == after.first && found.base == after.base)
        let isSnapshot = (found.snapshot == before.snapshot && found.base == before.base)
            || (found.snapshot == after.snapshot && found.base == after.base)
        guard isHardState && isStart && isSnapshot else { return false }
        if before.resets != after.resets {
            return found.entries == (found.base == before.base ? before : after).entries
        }
        // A deletion or a reset is all or nothing; so is a truncation. An append may leave any prefix of itself.
        if found.entries == before.entries.filter({ $0.index >= found.first }) { return true }
        guard found.last >= min(before.last, after.last) else { return false }
        return Array(after.entries.prefix(found.entries.count)) == found.entries
    }
}

/// The bytes of a snapshot file, as a leader would send them.
func snapshotBytes(_ point: LogPoint, state: [UInt8]) throws -> ByteSlice {
    let disk = SimulatedDisk(seed: 0)
    let file = try disk.open("snapshot", .createNew)
    let metadata = try SnapshotFile.write(
        disk, file, group: 0, point: point, baseEpoch: 9, membership: ByteSlice([4, 2]), state: [ByteSlice(state)])
    return try disk.read(file, offset: 0, count: Int(metadata.fileSize))
}

@Suite struct TwinTests {
    @Test(arguments: 0..<16) func randomOperationsWithCrashes(seed: UInt64) throws {
        let run = try TwinRun(seed: seed)
        for _ in 0..<250 { try run.step() }
        run.finishAll()
        try run.readBack()
        #expect(run.crashes > 3)
    }
}
