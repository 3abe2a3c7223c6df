import Broker
import Bytes
import LogStore
import Planted
import Ports
import Raft

/// Snapshots of the broker's state: when the next one is due, and the one that is being received.
struct SnapshotState {
    var isWriting = false
    var transfer: SnapshotTransfer?
    /// How many transfers were begun: tells a completion for one that was given up.
    var transfers: UInt64 = 0
    /// The log is to be begun anew as soon as nothing is being written.
    var restart: LogRestart?
    /// Chain checksum that came with the newest offer.
    var offeredChain: UInt64 = 0
    /// Payload bytes applied since the newest snapshot was begun.
    var bytesSince = 0
    var lastIndex: UInt64
    /// Until this tick a peer may go on fetching the newest one.
    var servedUntil = 0

    init(newest: SnapshotMetadata?) {
        lastIndex = newest?.index ?? 0
    }
}

extension Replica {
    /// A peer that asks for nothing for so long fetches nothing; one that has only begun may not get on.
    private static let servingMilliseconds = 1_000
    private static let beginningMilliseconds = 200
    /// A peer that is slower than this many snapshots has to begin again.
    private static let servingIntervals = 10

    /// Begins a snapshot once enough was applied since the last. The state is copied by reference and encoded and
    /// written in the background; only entries that are durable here may be covered.
    func takeSnapshotIfDue() {
        guard canTakeSnapshot, !isServingSnapshot,
            snapshots.bytesSince >= settings.snapshotIntervalBytes
                || appliedIndex - snapshots.lastIndex >= UInt64(settings.snapshotIntervalEntries)
        else { return }
        takeSnapshot()
    }

    var canTakeSnapshot: Bool {
        !snapshots.isWriting && snapshots.restart == nil && appliedIndex <= raft.flushedIndex
    }

    /// A peer is fetching the newest snapshot, and would have to begin again with the next (seed 558 of the simulator:
    /// for ever, when they follow one another faster than one can be fetched).
    private var isServingSnapshot: Bool {
        guard ticks < snapshots.servedUntil else { return false }
        return snapshots.bytesSince / Self.servingIntervals < settings.snapshotIntervalBytes
            && (appliedIndex - snapshots.lastIndex) / UInt64(Self.servingIntervals)
                < UInt64(settings.snapshotIntervalEntries)
    }

    /// A piece from `offset` on was asked for. Whoever begins again and again keeps nothing waiting.
    func noteServing(from offset: UInt64) {
        if offset == 0, ticks < snapshots.servedUntil { return }
        let time = offset == 0 ? Self.beginningMilliseconds : Self.servingMilliseconds
        snapshots.servedUntil = ticks + time / settings.tickMilliseconds
    }

    func takeSnapshot() {
        snapshots.isWriting = true
        snapshots.bytesSince = 0
        snapshots.lastIndex = appliedIndex
        let state = broker
        let known = configurations.entries(from: log.base.index, through: appliedIndex)
        let job = log.snapshotWriteJob(index: appliedIndex, membership: SnapshotCodec.encode(known)) {
            state.encodeSnapshot()
        }
        start(.writeSnapshot(job)) { disk.run(job.work, token: $0) }
    }

    func snapshotWritten(_ metadata: SnapshotMetadata) {
        snapshots.isWriting = false
        metrics.snapshotsWritten += 1
        let cleanup = log.onSnapshotWritten(metadata)
        if !cleanup.isEmpty { submit(cleanup, .other) }
        // Otherwise the log was begun anew in the meantime, with a snapshot of the leader's.
        guard log.newestSnapshot == metadata else { return }
        onEvent?(.snapshotWritten(index: metadata.index, bytes: metadata.fileSize))
        deleteObsoleteSegments()
    }

    /// Whole segments go that hold nothing any partition, the newest snapshot or a follower within reach needs. Through
    /// `damaged` nothing can be given to a follower anyway: it gets the state instead. (Seed 3114 of the simulator.)
    func deleteObsoleteSegments(damaged: UInt64 = 0) {
        guard let snapshot = log.newestSnapshot else { return }
        var keep = min(broker.lowestLiveIndex ?? UInt64.max, snapshot.index + 1)
        if isLeader {
            for member in raft.membership.voters + raft.membership.learners {
                guard let matched = raft.progress(of: member)?.matched, matched >= damaged else { continue }
                if raft.lastPosition.index - matched <= settings.followerReachEntries { keep = min(keep, matched + 1) }
            }
        }
        #if DEBUG
        if Planted.has(.deletesLiveSegments) { keep = snapshot.index + 1 }
        #endif
        let first = log.firstIndex
        let operations = log.deletePrefix(before: keep)
        guard !operations.isEmpty else { return }
        let base = log.base
        // Of damaged entries that Raft was told of, the term may have been a guess.
        guard raft.term(at: base.index) == base.term else {
            return submit(operations, .passedDamage(through: base.index))
        }
        submit(operations, .other)
        raft.onSnapshotTaken(Position(index: base.index, term: base.term))
        onEvent?(.prefixDeleted(from: first, before: log.firstIndex))
    }
}
