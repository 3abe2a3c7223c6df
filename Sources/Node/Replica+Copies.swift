import Raft

/// Copies beyond the majority, for topics that ask for more (`min.insync.replicas`). Raft commits by majority alone;
/// who wants more asks here, after the commit.
extension Replica {
    /// How many nodes must have a record before it is acknowledged, given the topic's `minimum`; 0 when that it is
    /// committed is enough.
    package func copiesBeyondMajority(_ minimum: Int) -> Int {
        minimum > Quorum.size(voters: raft.membership.voters.count) ? minimum : 0
    }

    /// The voters that answer, this leader included; none when it does not lead.
    package var votersInTouch: Int { raft.membership.voters.count { raft.isInTouch($0) } }

    /// Whether this leader's own disk has everything through `index`: what a leader promises that answers alone. It is
    /// not committed for that.
    package func hasOwnCopy(of index: UInt64) -> Bool { isLeader && raft.intact >= index }

    /// Whether `copies` voters have everything through `index` on disk, as this leader knows.
    package func hasCopies(_ copies: Int, of index: UInt64) -> Bool { raft.flushedIndex(copies: copies) >= index }
}
