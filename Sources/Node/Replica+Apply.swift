import Broker
import Bytes
import LogStore
import Ports
import Raft

/// Applying entries that memory no longer holds (after a restart): one read at a time.
enum ColdApply {
    case idle
    case reading
}

extension Replica {
    /// Applies what is committed, in order, then tells those who wait.
    func applyCommitted() {
        guard case .idle = coldApply else { return }
        let before = appliedIndex
        while appliedIndex < raft.commitIndex {
            guard let entry = cache.entry(appliedIndex + 1) else {
                startColdApply()
                break
            }
            guard apply(entry) else { return }
        }
        if appliedIndex > before || raft.appliedIndex < min(appliedIndex, raft.commitIndex) { didApply() }
    }

    private func startColdApply() {
        let first = appliedIndex + 1
        guard let run = coldRun(from: first, through: raft.commitIndex, maximumBytes: settings.coldReadBytes) else {
            // Goes on after the repair.
            if log.damagedRanges.contains(where: { $0.first <= first && first <= $0.last }) { return }
            return stop(.unreadableEntry(index: first, "committed, but not readable in the log from \(log.firstIndex)"))
        }
        coldApply = .reading
        metrics.coldReads += 1
        start(.applyEntries(from: run.start, count: run.count)) {
            disk.read(run.start.file, offset: run.start.headerOffset, count: run.byteCount, token: $0)
        }
    }

    /// Entries that can be read back from the disk. What is not flushed may still be in the writer's queue, where a
    /// read would find the bytes of before; memory holds those entries.
    func coldRun(
        from first: UInt64, through last: UInt64, maximumBytes: Int
    ) -> (start: EntryLocation, count: Int, byteCount: Int)? {
        precondition(
            first <= log.flushedIndex || first > log.lastIndex,
            "entry \(first) is neither in memory nor flushed, the log is flushed to \(log.flushedIndex)")
        return log.readableRun(from: first, through: min(last, log.flushedIndex), maximumBytes: maximumBytes)
    }

    func applyEntriesRead(_ bytes: ByteSlice, from start: EntryLocation, count: Int) {
        guard let entries = LogStore.decodeStoredRun(bytes, from: start, count: count), log.holds(entries) else {
            return applyEntriesUnreadable(from: start, count: count)
        }
        coldApply = .idle
        for entry in entries where entry.index == appliedIndex + 1 {
            guard apply(entry) else { return }
        }
        didApply()
        applyCommitted()
    }

    /// Damage, unless the log was begun anew in the meantime, and has the entries elsewhere or has no need of them.
    /// Each is looked at alone; applying goes on when that is done, up to the damage, and after its repair.
    func applyEntriesUnreadable(from start: EntryLocation, count: Int) {
        guard log.location(of: start.index) == start else {
            coldApply = .idle
            return applyCommitted()
        }
        for offset in 0..<UInt64(count) { suspect(start.index + offset) }
        repair.resumesApply = true
    }

    /// False when the node has to stop.
    private func apply(_ entry: LogEntry) -> Bool {
        appliedIndex = entry.index
        metrics.appliedEntries += 1
        if let proposed = proposals.take(through: entry.index) {
            onOwnCommit?(clock.monotonicNanoseconds - proposed)
        }
        if entry.term == raft.term { uncommittedBytes = max(0, uncommittedBytes - entry.payloadLength) }
        snapshots.bytesSince += entry.payloadLength
        var result: ApplyResult?
        if entry.kind.isCommand {
            do throws(BrokerFault) {
                let answer = try broker.apply(
                    index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload[0])
                switch answer {
                case .produced, .replaced: break
                default: appliedMetadata = true
                }
                result = answer
            } catch {
                stop(.machine(error))
                return false
            }
        } else if entry.kind == .configuration {
            configurationApplied(at: entry.index)
        }
        while let waiter = waiters.next(through: entry.index) {
            waiter.target.proposalEnded(ticket: waiter.ticket, .applied(result ?? .produced(rejected: [])))
        }
        return true
    }

    private func didApply() {
        admission?.onApplied(through: appliedIndex)
        raft.onApplied(min(appliedIndex, raft.commitIndex))
        if appliedMetadata { raft.announceCommit() }
        appliedMetadata = false
        let releasable = min(appliedIndex, raft.flushedIndex)
        cache.evict(through: releasable == 0 ? 0 : releasable - 1, downTo: settings.cacheBytes)
        onApplied?()
        sealRows()
        takeSnapshotIfDue()
    }
}
