import Bytes
import Ports
import Simulator
import Testing

@testable import LogStore

/// Files whose bytes consumers may still be reading are not written over.
@Suite struct FileReuseTests {
    private func filled(_ fixture: Fixture) throws -> LogStore {
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 5000, count: 8))
        try fixture.snapshot(store, at: 8)
        store.spares.removeAll()
        return store
    }

    @Test func aRecycledFileIsOutOfReachUnderItsOldNumber() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let location = try #require(store.location(of: 1))
        fixture.complete(store.deletePrefix(before: 8), of: store)
        #expect(store.spares.count == 1 && store.spares[0].file != location.file)
        #expect(throws: DiskFailure.self) { try fixture.disk.read(location.file, offset: 0, count: 1) }
    }

    @Test func aFileBeingSentIsRemovedInsteadOfRecycled() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let files = try fixture.disk.list(Fixture.directory).count
        let dropped = store.segments.count - 1
        fixture.disk.filesBeingSent = Set(store.segments.map { $0.file })
        fixture.complete(store.deletePrefix(before: 8), of: store)
        #expect(store.segments.count == 1 && store.spares.isEmpty)
        #expect(try fixture.disk.list(Fixture.directory).count == files - 2 * dropped, "segments and sidecars are gone")
        fixture.maintain(store)
        #expect(store.spares.count == 1)
    }

    /// With every file being sent and no spare, the log cannot begin anew until a spare is ready.
    @Test func aResetWaitsForAFile() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let snapshot = try #require(store.newestSnapshot)
        let base = LogPoint(index: 6, term: 1, chain: try #require(store.chain(at: 6)))
        let old = store.segments.map { $0.file }
        fixture.disk.filesBeingSent = Set(old)
        #expect(store.reset(to: snapshot, base: base) == nil)
        #expect(store.lastIndex == 8 && store.firstIndex == 1, "nothing has changed")
        fixture.maintain(store)
        fixture.complete(try #require(store.reset(to: snapshot, base: base)), of: store)
        #expect(store.firstIndex == 7 && store.lastIndex == 6)
        #expect(!old.contains(store.segments[0].file))
        let (again, recovered) = try fixture.open()
        #expect(again.firstIndex == 7 && recovered.lastIndex == 6 && recovered.snapshot == snapshot)
        #expect(recovered.damaged.isEmpty, "a snapshot taken before says nothing about the new log")
    }

    @Test func aResetWithoutASpareTakesAFileNobodyReads() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let snapshot = try #require(store.newestSnapshot)
        let base = LogPoint(index: 6, term: 1, chain: try #require(store.chain(at: 6)))
        fixture.disk.filesBeingSent = Set(store.segments.dropFirst().map { $0.file })
        fixture.complete(try #require(store.reset(to: snapshot, base: base)), of: store)
        fixture.disk.losePower()
        let (again, recovered) = try fixture.open()
        #expect(again.firstIndex == 7 && recovered.lastIndex == 6 && recovered.snapshot == snapshot)
    }

    /// A read that was begun before its entries were replaced brings bytes that are intact and no longer the log's.
    @Test func aRunThatWasReplacedIsNotTheLogs() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: [10, 20, 30])
        let run = try #require(store.readableRun(from: 1, through: 3, maximumBytes: 10_000))
        let bytes = try fixture.disk.read(run.start.file, offset: run.start.headerOffset, count: run.byteCount)
        let entries = try #require(LogStore.decodeStoredRun(bytes, from: run.start, count: run.count))
        #expect(store.holds(entries))
        fixture.complete(store.truncate(after: 2), of: store)
        #expect(!store.holds(entries))
        fixture.complete(store.append([store.entry(term: 2, size: 30)]), of: store)
        #expect(!store.holds(entries) && store.location(of: 1) == run.start)
        #expect(store.holds(Array(entries.prefix(2))))
    }

    /// A write from before the truncation may still be under way to a segment that now looks durable.
    @Test func nothingIsDeletedUntilATruncationHasSettled() throws {
        let fixture = Fixture()
        let store = try filled(fixture)
        let pending = store.append([store.entry(term: 1, size: 10)])
        let cut = store.truncate(after: 8)
        #expect(store.deletePrefix(before: 8).isEmpty)
        fixture.submit(pending)
        fixture.complete(cut, of: store)
        fixture.complete(store.append([store.entry(term: 2, size: 10)]), of: store)
        #expect(!store.deletePrefix(before: 8).isEmpty)
    }
}

/// Snapshots that are not of the log they lie beside.
@Suite struct ForeignSnapshotTests {
    /// A snapshot that was being written while the log was begun anew is removed when it is there, and at the next
    /// opening if the process ends first.
    @Test(arguments: [false, true]) func oneTakenBeforeTheResetIsDropped(_ crashes: Bool) throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 100, count: 10))
        try fixture.snapshot(store, at: 4)
        let late = store.snapshotWriteJob(index: 9, membership: .empty) { [ByteSlice([1])] }
        let snapshot = try #require(store.newestSnapshot)
        let base = LogPoint(index: 2, term: 1, chain: try #require(store.chain(at: 2)))
        fixture.complete(try #require(store.reset(to: snapshot, base: base)), of: store)
        #expect(fixture.run(late.work) == nil)
        if !crashes {
            fixture.complete(store.onSnapshotWritten(try #require(late.result)), of: store)
            #expect(store.newestSnapshot == snapshot)
            #expect(fixture.disk.contents(fixture.path(FileNames.snapshot(9))) == nil)
        }
        fixture.disk.losePower()
        let recovered = try fixture.open().recovered
        #expect(recovered.snapshot == snapshot && recovered.lastIndex == 2 && recovered.damaged.isEmpty)
        #expect(fixture.disk.contents(fixture.path(FileNames.snapshot(9))) == nil)
    }

    /// What came after the reset does not lead up to the snapshot: the history is not the leader's.
    @Test func aLogThatContradictsItsSnapshotIsNotOpened() throws {
        let fixture = Fixture()
        let store = try fixture.created()
        fixture.fill(store, sizes: Array(repeating: 100, count: 4))
        try fixture.snapshot(store, at: 4)
        let snapshot = try #require(store.newestSnapshot)
        let base = LogPoint(index: 2, term: 1, chain: try #require(store.chain(at: 2)))
        fixture.complete(try #require(store.reset(to: snapshot, base: base)), of: store)
        fixture.fill(store, sizes: [7, 8, 9])
        guard case .damaged(let problem) = LogVerifier().verify(fixture.disk, directory: Fixture.directory) else {
            Issue.record("the verifier saw nothing")
            return
        }
        #expect(problem.index == 4)
        #expect(throws: LogStoreError.self) { try fixture.open() }
    }
}
