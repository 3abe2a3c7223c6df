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
