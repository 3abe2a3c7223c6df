/// What members say to each other: one type per kind. Every message carries its sender's term. Positions only: the
/// shell attaches the entries' bytes to an `AppendRequest` and the files to a snapshot transfer.
package enum RaftMessage: Hashable, Sendable {
    case preVoteRequest(VoteRequest)
    case preVoteReply(VoteReply)
    case voteRequest(VoteRequest)
    case voteReply(VoteReply)
    case append(AppendRequest)
    case appendReply(AppendReply)
    case heartbeat(Heartbeat)
    case heartbeatReply(HeartbeatReply)
    case snapshot(SnapshotOffer)
    case snapshotReply(SnapshotReply)
    case timeoutNow(TimeoutNow)
}

/// RequestVote (paper §5.2) and its PreVote form (thesis §9.6), in which `term` is the term the sender would campaign
/// in.
package struct VoteRequest: Hashable, Sendable {
    package var term: Term
    package var last: Position
    /// The old leader handed over (thesis §3.10): the receiver does not hold to leader stickiness.
    package var isTransfer: Bool

    package init(term: Term, last: Position, isTransfer: Bool) {
        self.term = term
        self.last = last
        self.isTransfer = isTransfer
    }
}

package struct VoteReply: Hashable, Sendable {
    package var term: Term
    package var isGranted: Bool
    /// The sender may lack what it once had: see `VoteTally`.
    package var isRejoining: Bool

    package init(term: Term, isGranted: Bool, isRejoining: Bool = false) {
        self.term = term
        self.isGranted = isGranted
        self.isRejoining = isRejoining
    }
}

/// AppendEntries (paper §5.3): entries `previous.index + 1 ... last`, described by `runs` (empty when there are none).
package struct AppendRequest: Hashable, Sendable {
    package var term: Term
    package var previous: Position
    package var last: LogIndex
    package var runs: [TermRun]
    package var commit: LogIndex
    /// Configuration entries among those sent, decoded by the shell: (index, membership), ascending.
    package var memberships: [MembershipEntry]

    package init(
        term: Term, previous: Position, last: LogIndex, runs: [TermRun], commit: LogIndex,
        memberships: [MembershipEntry] = []
    ) {
        self.term = term
        self.previous = previous
        self.last = last
        self.runs = runs
        self.commit = commit
        self.memberships = memberships
    }
}

package struct MembershipEntry: Hashable, Sendable {
    package var index: LogIndex
    package var membership: Membership

    package init(index: LogIndex, membership: Membership) {
        self.index = index
        self.membership = membership
    }
}

/// Sent only after the entries it speaks of are flushed, or written.
package struct AppendReply: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// The follower's log equals the leader's up to here, on disk.
        case flushed(LogIndex)
        /// `previous` did not match; `hint` is the largest position at which the two logs may still agree, chosen so
        /// that one round trip skips a whole term; `lastIndex` is the follower's last.
        case mismatch(rejected: LogIndex, hint: Position, lastIndex: LogIndex)
    }

    package var term: Term
    package var outcome: Outcome
    /// With `.flushed`: the follower's log equals the leader's up to here, and its operating system has it. At least
    /// what is flushed.
    package var written: LogIndex
    /// With `.flushed`: the same, damaged entries included, which count for nothing else. It only says that more may be
    /// sent: a follower with damage is not to fall behind because of it.
    package var taken: LogIndex
    /// How often the follower has rejoined after a loss (`RestoredState.rejoins`). What it said was written before
    /// that may be gone.
    package var rejoins: UInt64

    /// `written`: what is flushed, if it is not given; `taken`: what is written.
    package init(
        term: Term, outcome: Outcome, written: LogIndex? = nil, taken: LogIndex? = nil, rejoins: UInt64 = 0
    ) {
        self.term = term
        self.outcome = outcome
        if case .flushed(let index) = outcome { self.written = written ?? index } else { self.written = 0 }
        self.taken = max(taken ?? self.written, self.written)
        self.rejoins = rejoins
    }
}

/// Keeps leadership and carries the commit index; `round` lets the leader confirm it still leads (ReadIndex, thesis
/// §6.4).
package struct Heartbeat: Hashable, Sendable {
    package var term: Term
    /// Never above what the receiver is known to hold.
    package var commit: LogIndex
    package var round: UInt64
    package var rejoin: RejoinGoal?

    package init(term: Term, commit: LogIndex, round: UInt64, rejoin: RejoinGoal? = nil) {
        self.term = term
        self.commit = commit
        self.round = round
        self.rejoin = rejoin
    }
}

/// Through `commit` reaches all that may have been committed with the help of what the receiver had before its
/// `rejoins`-th loss.
package struct RejoinGoal: Hashable, Sendable {
    package var rejoins: UInt64
    package var commit: LogIndex

    package init(rejoins: UInt64, commit: LogIndex) {
        self.rejoins = rejoins
        self.commit = commit
    }
}

package struct HeartbeatReply: Hashable, Sendable {
    package var term: Term
    package var round: UInt64

    package init(term: Term, round: UInt64) {
        self.term = term
        self.round = round
    }
}

/// InstallSnapshot (paper §7): the state up to `position`; the shells move the files.
package struct SnapshotOffer: Hashable, Sendable {
    package var term: Term
    package var position: Position
    package var membership: Membership

    package init(term: Term, position: Position, membership: Membership) {
        self.term = term
        self.position = position
        self.membership = membership
    }
}

package struct SnapshotReply: Hashable, Sendable {
    package var term: Term
    /// The follower's log now starts after this index, on disk; 0 when the offer was refused.
    package var installed: LogIndex

    package init(term: Term, installed: LogIndex) {
        self.term = term
        self.installed = installed
    }
}

/// Leadership transfer (thesis §3.10): campaign at once.
package struct TimeoutNow: Hashable, Sendable {
    package var term: Term
    package init(term: Term) { self.term = term }
}
