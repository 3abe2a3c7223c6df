/// Numbers of the core. Times are in ticks; the shell chooses how long a tick is (10 ms in production).
package struct RaftSettings: Hashable, Sendable {
    /// An election starts after a random number of ticks in `electionTicks ..< 2 * electionTicks` without a leader.
    package var electionTicks: Int
    package var heartbeatTicks: Int
    /// Bytes of entries one append may carry, and one follower may have in flight.
    package var maximumAppendBytes: Int
    package var maximumInflightBytes: Int
    package var maximumInflightAppends: Int
    /// A learner may become a voter when its disk lacks at most so many entries of the leader's log.
    package var promotionLag: LogIndex
    /// When followers hear of a commit that no append carries.
    package var commitUpdate: CommitUpdate

    package enum CommitUpdate: Hashable, Sendable {
        case atOnce
        /// With one request at a time, telling every follower of every commit wakes two processes, twice, just when the
        /// client and the next request need the processor: measured, a tenth of the latency.
        case atNextTick
    }

    package init(
        electionTicks: Int = 30, heartbeatTicks: Int = 5, maximumAppendBytes: Int = 1 << 20,
        maximumInflightBytes: Int = 16 << 20, maximumInflightAppends: Int = 64,
        promotionLag: LogIndex = 1_000, commitUpdate: CommitUpdate = .atNextTick
    ) {
        self.electionTicks = electionTicks
        self.heartbeatTicks = heartbeatTicks
        self.maximumAppendBytes = maximumAppendBytes
        self.maximumInflightBytes = maximumInflightBytes
        self.maximumInflightAppends = maximumInflightAppends
        self.promotionLag = promotionLag
        self.commitUpdate = commitUpdate
    }
}

/// What a restarted member knows from its disk.
package struct RestoredState: Hashable, Sendable {
    package var term: Term
    package var vote: MemberID?
    /// The last entry covered by the newest snapshot; `.zero` if there is none.
    package var snapshot: Position
    /// Runs of the entries after the snapshot, ascending, and the last index (the snapshot's index if there are none).
    package var runs: [TermRun]
    package var lastIndex: LogIndex
    /// The membership as of the snapshot, then each configuration entry in the log.
    package var baseMembership: Membership
    package var memberships: [MembershipEntry]
    /// What is known to be committed: the state the shell has restored reaches at least this far. At most `lastIndex`.
    package var commit: LogIndex
    /// Entries that were written, and said to be, may be missing: the operating system has crashed since.
    package var isRejoining: Bool
    /// How often that has happened so far.
    package var rejoins: UInt64

    package init(
        term: Term, vote: MemberID?, snapshot: Position, runs: [TermRun], lastIndex: LogIndex,
        baseMembership: Membership, memberships: [MembershipEntry], commit: LogIndex = 0,
        isRejoining: Bool = false, rejoins: UInt64 = 0
    ) {
        self.term = term
        self.vote = vote
        self.snapshot = snapshot
        self.runs = runs
        self.lastIndex = lastIndex
        self.baseMembership = baseMembership
        self.memberships = memberships
        self.commit = commit
        self.isRejoining = isRejoining
        self.rejoins = rejoins
    }
}
