import Bytes
import Planted
import Ports

/// The durable log of one group. Owned by the event loop; after opening it never touches the disk itself: every
/// change is computed here and returned as operations, which the owner submits in the order they were returned.
///
/// Invariant: the operations returned so far, run in order, leave on disk exactly the log described by the fields here;
/// run up to any point and then cut short by a crash, they leave a log that `open` recovers to a state that contains
/// everything `onFlushed` was told of.
package final class LogStore {
    let disk: any Disk
    let directory: String
    let settings: LogStoreSettings
    let entropy: () -> UInt64
    let stateFile: DiskFile

    var state: LogState
    /// Ascending and contiguous; never empty. The last one is written to.
    var segments: [Segment] = []
    var runs: [LogTermRun] = []
    var damage: [DamagedRange] = []
    var spares: [SpareSegment] = []
    var snapshot: SnapshotMetadata?
    var maintenance = MaintenanceState()

    /// The last entry, written or submitted.
    package internal(set) var last: LogPoint = .zero
    var lastIdentity: EntryIdentity = .none
    /// Everything up to here is durable.
    package internal(set) var flushedIndex: UInt64 = 0
    /// Something was written to the last segment, and no sync of it was submitted since.
    var isSyncDue = false
    /// After a truncation: once this entry is durable, no write from before it is under way any more.
    var firstAfterCut: UInt64?

    init(
        disk: any Disk, directory: String, settings: LogStoreSettings, entropy: @escaping () -> UInt64,
        stateFile: DiskFile, state: LogState
    ) {
        self.disk = disk
        self.directory = directory
        self.settings = settings
        self.entropy = entropy
        self.stateFile = stateFile
        self.state = state
    }

    package var lastIndex: UInt64 { last.index }
    package var lastTerm: UInt64 { last.term }
    package var lastChain: UInt64 { last.chain }
    /// The lowest index still in a segment; `lastIndex + 1` when there is none.
    package var firstIndex: UInt64 { max(segments[0].first, state.begin.index + 1) }
    package var term: UInt64 { state.term }
    package var vote: UInt32? { state.vote }
    package var isRejoining: Bool { state.isRejoining }
    package var rejoins: UInt64 { state.rejoins }
    /// The newest snapshot on disk.
    package var newestSnapshot: SnapshotMetadata? { snapshot }
    /// Damaged entries found at opening and neither truncated nor deleted since.
    package var damagedRanges: [DamagedRange] { damage }

    func path(_ name: String) -> String { directory + "/" + name }

    /// Tells that every entry through `index` is durable, as of the completion of the batch that wrote it. Headers
    /// written from now on carry the mark. After a truncation the completion of an earlier batch must not be passed on
    /// with its old, higher index: that index now means an entry that is not durable yet.
    package func onFlushed(through index: UInt64) {
        flushedIndex = max(flushedIndex, min(index, last.index))
        if let first = firstAfterCut, flushedIndex >= first { firstAfterCut = nil }
    }

    /// Saves term and vote; durable when the batch is finished. `term` never goes back.
    package func saveHardState(term: UInt64, vote: UInt32?) -> [DiskOperation] {
        precondition(term >= state.term, "LogStore: term \(term) after \(state.term)")
        state.term = term
        state.vote = vote
        return saveState()
    }

    /// Saves how far the log is known to be durable. Worth submitting when the log has been idle for a moment: a later
    /// header does this for its predecessors, but the last entries have no later header, and without the mark damage to
    /// them cannot be told from a torn tail. Empty when there is nothing new to save.
    package func saveFlushedMark() -> [DiskOperation] {
        if state.unsyncedIn != 0, flushedIndex == last.index {
            state.unsyncedIn = 0
            return saveState()
        }
        return flushedPoint().index > state.flushed.index ? saveState() : []
    }

    /// Entries may have been written and not synced by a process on this boot of the machine. Once per boot, and again
    /// after `saveFlushedMark` found everything synced.
    func markUnsynced() -> [DiskOperation] {
        guard state.unsyncedIn != disk.cacheIdentity else { return [] }
        state.unsyncedIn = disk.cacheIdentity
        #if DEBUG
        if Planted.has(.losesUnmarked) { return [] }
        #endif
        return saveState()
    }

    /// What was lost has come again.
    package func endRejoining() -> [DiskOperation] {
        state.isRejoining = false
        return saveState()
    }

    /// Both slots, one durable before the other is touched.
    func saveState() -> [DiskOperation] {
        state.sequence += 1
        state.flushed = flushedPoint()
        return writeState()
    }

    func writeState() -> [DiskOperation] {
        let slot = state.encode()
        var operations: [DiskOperation] = []
        for offset in LogState.slotOffsets {
            operations.append(.write(stateFile, offset: offset, [slot]))
            #if DEBUG
            if Planted.has(.stateNotSynced) { continue }
            #endif
            operations.append(.sync(stateFile))
        }
        return operations
    }

    /// The highest durable index with its term and chain value.
    private func flushedPoint() -> LogPoint {
        if flushedIndex == last.index { return last }
        guard flushedIndex > state.flushed.index, let term = term(at: flushedIndex), let chain = chain(at: flushedIndex)
        else { return state.flushed.index > last.index ? last : state.flushed }
        return LogPoint(index: flushedIndex, term: term, chain: chain)
    }
}
