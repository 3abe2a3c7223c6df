/// What the shell must do, in this order. Messages come out only when what they promise is already durable: replies
/// that wait for a flush stay inside the core until the completion comes back.
package enum RaftOutput: Hashable, Sendable {
    /// Write and sync term and vote, then call `onHardStateSaved`.
    case saveHardState(term: Term, vote: MemberID?)
    /// Drop entries above `after` from the log. Always above commit.
    case truncateSuffix(after: LogIndex)
    /// Follower: write entries `first ... last` of the `AppendRequest` being stepped, then call `onFlushed` with the
    /// `logGeneration` of now.
    case acceptEntries(first: LogIndex, last: LogIndex)
    /// New leader: append an empty entry at `position` (paper §8), then call `onFlushed`.
    case appendNoop(Position)
    /// Leader: load entries from `first` on (at most through `last`, at most `maximumBytes` but at least one) for
    /// `peer`, then call `onEntriesLoaded`, or `onEntriesUnavailable` if the log no longer has them: one of them, once.
    case loadEntries(peer: MemberID, first: LogIndex, last: LogIndex, maximumBytes: Int)
    case send(RaftMessage, to: MemberID)
    /// Follower: the leader offers a snapshot; fetch the files, install them, then call `onSnapshotInstalled`
    /// or `onSnapshotFailed`.
    case receiveSnapshot(SnapshotOffer, from: MemberID)
    /// Entries through `index` are committed and may be applied, in order.
    case commit(LogIndex)
    /// A read barrier holds: answer after applying through `index`.
    case readReady(id: UInt64, index: LogIndex)
    /// A read barrier was lost with the leadership.
    case readFailed(id: UInt64)
    /// This member has again all it ever said it had: save that, so that it is one after a restart, too.
    case rejoined
    /// The role changed; for logs, metrics and admission.
    case role(RoleChange)
}

package enum Role: Hashable, Sendable {
    case follower
    case preCandidate
    case candidate
    case leader
}

package struct RoleChange: Hashable, Sendable {
    package var role: Role
    package var term: Term
    package var leader: MemberID?

    package init(role: Role, term: Term, leader: MemberID?) {
        self.role = role
        self.term = term
        self.leader = leader
    }
}
