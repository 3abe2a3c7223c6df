// Commit (paper §5.3, §5.4.2).

import Planted

extension Raft {
    /// What a majority of the voters has: on disk, or written where its shell is content with that. We count with what
    /// is readable here, like everyone else; if the newest membership leaves us out, not at all.
    private var quorumWritten: LogIndex {
        #if DEBUG
        if Planted.has(.learnersCount) { return writtenWithLearners }
        #endif
        return Quorum.reached(by: membership.voters) { voter in
            voter == id ? ownWritten : progress(of: voter)?.written ?? 0
        }
    }

    private func flushed(by voter: MemberID) -> LogIndex {
        voter == id ? intact : progress(of: voter)?.matched ?? 0
    }

    /// What at least `copies` voters have on disk, as far as this leader knows; zero when it does not lead. What is
    /// above `commitIndex` is not committed, however many have it.
    package func flushedIndex(copies: Int) -> LogIndex {
        role == .leader ? Quorum.reached(by: copies, of: membership.voters) { flushed(by: $0) } : 0
    }

    /// Whether `voter` is this leader, or has answered it within the last one to two election timeouts over a link that
    /// is up.
    package func isInTouch(_ voter: MemberID) -> Bool {
        guard role == .leader else { return false }
        if voter == id { return true }
        guard !disconnected.contains(voter), let progress = progress(of: voter) else { return false }
        return progress.isActive || progress.wasActive
    }

    #if DEBUG
    /// Planted: a copy on a learner counts like one on a voter.
    private var writtenWithLearners: LogIndex {
        let copies = (peers.map(\.progress.written) + [ownWritten]).sorted(by: >)
        return copies[min(Quorum.size(voters: membership.voters.count), copies.count) - 1]
    }
    #endif

    private var ownWritten: LogIndex {
        #if DEBUG
        if Planted.has(.leaderCountsUnflushed) { return log.last }
        #endif
        return readable(log.written)
    }

    /// Only an entry of our own term is committed by counting; older ones below it come with it (§5.4.2, Figure 8).
    mutating func advanceCommit() {
        guard role == .leader, machine.committed < log.last else { return }
        let index = quorumWritten
        guard index > machine.committed, mayCount(index) else { return }
        let isFirst = machine.committed < noop
        commit(through: index)
        if isFirst { startWaitingReads() }
        // Followers apply by commit and should not wait for the next heartbeat. Where entries go out, these carry it.
        replicateToAll()
        leaveIfRemoved()
    }

    private func mayCount(_ index: LogIndex) -> Bool {
        #if DEBUG
        if Planted.has(.commitsOldTerms) { return true }
        #endif
        return log.term(at: index) == term
    }

    /// Never backwards.
    mutating func commit(through index: LogIndex) {
        guard index > machine.committed else { return }
        precondition(index <= log.last, "commit \(index) above the log: \(description)")
        machine.commit(through: index)
        outbox.put(.commit(index))
        finishRejoining()
    }
}
