// Linearizable reads without a log entry: ReadIndex (thesis §6.4).

import Planted

/// Read barriers of one leadership, oldest first.
struct ReadQueue: Hashable, Sendable {
    struct Barrier: Hashable, Sendable {
        let id: UInt64
        let index: LogIndex
        /// A majority must confirm this heartbeat round or a later one.
        let round: UInt64
    }

    /// The newest heartbeat round; every heartbeat carries it.
    var round: UInt64 = 0
    /// The heartbeats of `round` are still among the outputs, so what asks now may ride on them.
    var isRoundUnsent = false
    /// Asked before the commit index of this term was known.
    var waiting: [UInt64] = []
    var barriers: [Barrier] = []

    var isEmpty: Bool { waiting.isEmpty && barriers.isEmpty }

    /// Empties the queue and tells all ids in order of arrival.
    mutating func removeAll() -> [UInt64] {
        defer { self = ReadQueue() }
        return barriers.map(\.id) + waiting
    }
}

extension Raft {
    /// Asks for a read barrier. `.readReady` comes once a majority has confirmed that this leader still was one after
    /// the call; the index is the commit index of now, or of the own-term no-op if that is not committed yet. `id` is
    /// the caller's, unique among those unanswered.
    package mutating func requestRead(id read: UInt64) -> ReadResult {
        defer { settle() }
        guard role == .leader else { return .notLeader(leader: leader) }
        if machine.committed < noop {
            reads.waiting.append(read)
        } else {
            beginRead(read)
            settleReads()
        }
        return .accepted
    }

    private mutating func beginRead(_ read: UInt64) {
        if !reads.isRoundUnsent {
            reads.round += 1
            reads.isRoundUnsent = true
            broadcastHeartbeat()
        }
        reads.barriers.append(ReadQueue.Barrier(id: read, index: machine.committed, round: reads.round))
    }

    /// Before the own-term no-op commits, the leader does not know how far its predecessors had committed.
    mutating func startWaitingReads() {
        let waiting = reads.waiting
        reads.waiting = []
        for read in waiting { beginRead(read) }
        settleReads()
    }

    mutating func settleReads() {
        guard let first = reads.barriers.first else { return }
        var confirmed = Quorum.reached(by: membership.voters) { voter in
            voter == id ? reads.round : peers.first { $0.id == voter }?.progress.confirmedRound ?? 0
        }
        #if DEBUG
        if Planted.has(.readsWithoutQuorum) { confirmed = reads.round }
        #endif
        guard first.round <= confirmed else { return }
        let count = reads.barriers.prefix { $0.round <= confirmed }.count
        for barrier in reads.barriers.prefix(count) {
            outbox.put(.readReady(id: barrier.id, index: barrier.index))
        }
        reads.barriers.removeFirst(count)
    }
}
