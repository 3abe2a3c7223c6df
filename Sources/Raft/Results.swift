package enum ProposeResult: Hashable, Sendable {
    /// The log now ends with these entries; the shell writes them and reports them with `onFlushed`.
    case accepted(first: Position, last: Position)
    /// Not the leader, or one whose own no-op is not applied yet (`leader` is nil then): ask again, here or there.
    case notLeader(leader: MemberID?)
    /// Leadership is being handed over; nothing is taken until that has succeeded or failed.
    case transferring
}

package enum ReadResult: Hashable, Sendable {
    /// `.readReady` or `.readFailed` with this id will follow.
    case accepted
    case notLeader(leader: MemberID?)
}

package enum TransferResult: Hashable, Sendable {
    case started
    case notLeader(leader: MemberID?)
    /// Another one is under way, to this member.
    case alreadyTransferring(to: MemberID)
    /// The target is not a voter, or is this member itself.
    case notEligible
}

/// One step from a membership to the next (thesis §4.1). Everyone begins as a learner: a new voter with an empty log
/// would count towards majorities and have nothing to bring to them (thesis §4.2.1).
package enum MembershipChange: Hashable, Sendable {
    case addLearner(MemberID)
    case promote(MemberID)
    /// A voter or a learner, also the leader itself.
    case remove(MemberID)
    /// The same members once more: for what the shell writes into the entry beside them.
    case restate
}

package enum ChangeResult: Hashable, Sendable {
    /// The log now ends with this entry; the shell writes it and reports it with `onFlushed`.
    case accepted(Position, Membership)
    case refused(ChangeRefusal)
}

package enum ChangeRefusal: Hashable, Sendable {
    case notLeader(leader: MemberID?)
    /// The leader's own no-op is not applied yet: ask again.
    case notReady
    case transferring
    /// The entry at `index`, not committed yet, changes the membership already.
    case pending(index: LogIndex)
    /// To be added and there already, or to be promoted and a voter already.
    case alreadyMember
    case unknownMember
    /// Nobody would be left to elect a leader.
    case lastVoter
    /// The learner's log does not yet end near ours, or is not known to continue it.
    case notCaughtUp(matched: LogIndex, last: LogIndex)
    /// Of the voters there would be then, too few answer now to commit anything.
    case noQuorum(reachable: Int, needed: Int)
}
