import LogStore

/// What is done for the log's sake now and then.
struct Upkeep {
    fileprivate var idleTicks = 0
    fileprivate var lastIndex: UInt64 = 0
}

extension Replica {
    private static let idleMilliseconds = 1_000
    private static let retryMilliseconds = 10_000

    /// Once per idle period the flushed mark is saved: the last entries have no later header to carry it, and without a
    /// mark damage to them could not be told from a torn tail. Background jobs that failed, most likely on a full disk,
    /// are allowed again from time to time.
    func tickUpkeep() {
        if isDue(every: Self.retryMilliseconds) {
            log.retryMaintenance()
            rows.forgetFailures()
        }
        if isDue(every: settings.rewriteCheckMilliseconds) { freeFirstSegment() }
        if !diskWork.isIdle || log.lastIndex != upkeep.lastIndex {
            upkeep.idleTicks = 0
            upkeep.lastIndex = log.lastIndex
            return
        }
        upkeep.idleTicks += 1
        guard upkeep.idleTicks == Self.idleMilliseconds / settings.tickMilliseconds else { return }
        saveFlushedMark()
    }

    /// The first segment goes soon after nothing in it is live any more: not only when the next snapshot is due, which
    /// on an idle node is never.
    private func freeFirstSegment() {
        guard let end = log.sealedSegments(through: appliedIndex).first?.last,
            broker.lowestLiveIndex.map({ $0 > end }) ?? true
        else { return }
        if let snapshot = log.newestSnapshot, snapshot.index >= end { return deleteObsoleteSegments() }
        snapshots.bytesSince = max(snapshots.bytesSince, settings.snapshotIntervalBytes)
        takeSnapshotIfDue()
    }

    /// An entry's header tells that its predecessors were durable; of the last entries only this mark does. Without
    /// it, a later start would take damage to them for a torn tail, cut off what was committed, and vote as if it had
    /// never been there.
    package func saveFlushedMark() {
        guard fault == nil else { return }
        let operations = log.saveFlushedMark()
        if !operations.isEmpty { submit(operations, .other) }
    }
}
