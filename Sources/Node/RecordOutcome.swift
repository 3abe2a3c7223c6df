import Raft

/// What became of a record, by the name its producer gave it.
package enum RecordOutcome: Hashable, Sendable {
    /// A majority has it on disk.
    case committed(offset: Int64, entry: Position)
    /// The same, but where it is cannot be told any more, or not within the bounds of the search.
    case committedSomewhere(offset: Int64?, SearchEnd)
    /// Not committed, and nothing committed rules out that it will be. `entry`: the leader has it in its log there, on
    /// its way; nil: it has not got it, but would take it.
    case pending(entry: UInt64?)
    /// Not committed, and whatever comes it will not be.
    case never
    /// The state does not tell, and the log does not any more, or not within the bounds of the search.
    case unknown(SearchEnd)
}

/// Where a search of the log ended without an answer.
package enum SearchEnd: Hashable, Sendable {
    /// At the partition's first record: those before it are deleted.
    case deleted(logStart: Int64)
    /// At the bound; records below this offset were not looked at.
    case bound(offset: Int64)
    /// At an offset that cannot be read now: its entry is being repaired.
    case unreadable(offset: Int64)
}

/// Answer to `Replica.outcome(of:searchBytes:_:)`.
package enum OutcomeAnswer: Hashable, Sendable {
    /// `commit`: everything committed up to this entry, at least, was taken into account.
    case known(RecordOutcome, commit: UInt64)
    case unknownPartition
    case notLeading
}
