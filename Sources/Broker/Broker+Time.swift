/// Which stamps may be too early. A leader stamps entries by its own clock, and one that is behind would make what it
/// stores look older than it is: once another leads, it would expire early. So stamps count for expiry only when they
/// are confirmed: a leader whose clock is not behind the others' says so, and what was stamped since somebody last did
/// counts as stored then.
extension Broker {
    /// A leader's clock is right, and it is not later than `time` now.
    mutating func confirmTime(_ time: Int64) -> ApplyResult {
        if let since = doubtedSince {
            groups.raise(from: since, to: time)
            transactions.raise(from: since, to: time)
            storageTimes.raise(from: since, to: time, through: appliedIndex)
            doubtedSince = nil
        }
        return .timeConfirmed
    }

    /// The leader's clock is behind the others', and was not yet when the log's stood at `time`.
    mutating func doubtTime(since time: Int64) -> ApplyResult {
        doubtedSince = min(doubtedSince ?? .max, time)
        return .timeDoubted
    }

    /// An entry of another leader, whose clock nobody knows yet, is to be applied.
    mutating func noteTerm(_ term: UInt64) {
        if term != appliedTerm, doubtedSince == nil { doubtedSince = clock }
    }

    /// What was stamped before this is older than `time`.
    func confirmed(_ time: Int64) -> Int64 { min(time, doubtedSince ?? .max) }
}
