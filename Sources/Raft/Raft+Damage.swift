// Entries that were durable and cannot be read any more (Alagappan et al., Protocol-Aware Recovery, FAST 2018).

extension Raft {
    /// Through here the disk has what we say it has.
    package var intact: LogIndex { readable(log.flushed) }

    /// `index`, or the last one before the damage.
    func readable(_ index: LogIndex) -> LogIndex { min(index, damagedFrom.map { $0 - 1 } ?? .max) }

    /// Whether the log may be cut before `index` at a leader's word.
    func mayReplace(from index: LogIndex) -> Bool {
        guard let damagedFrom, index <= log.last, index >= damagedFrom else { return true }
        return isDamageReplaceable
    }

    /// The entry at `index`, and perhaps later ones, cannot be read; nil: all can, again.
    ///
    /// Until then this member grants no vote and does not campaign: of a damaged entry the term may be unknown, and
    /// with it whether a candidate has what we had. It stays in its place as a follower or leader and takes entries,
    /// but acknowledges, and counts itself for, none from the damage on: a copy that cannot be read is no copy. Nothing
    /// is truncated, except by a leader, who was elected without us and has every committed entry.
    ///
    /// The terms of damaged entries may be guesses (`guessed`), so that a leader with the very same entries seems to
    /// have others, and one with others the same: they are not compared. An entry behind them that both logs have
    /// proves them equal (log matching). Where nothing does, they are replaced once the shell has heard from the
    /// leader that its history is another there (`isReplaceable`). Replaced too early, intact entries behind the
    /// damage, which we have acknowledged, would go, and after a crash we would vote as if we never had them.
    package mutating func onDamage(
        from index: LogIndex?, isReplaceable: Bool = false, guessed: ClosedRange<LogIndex>? = nil
    ) {
        defer { settle() }
        isDamageReplaceable = index != nil && isReplaceable
        guessedTerms = index == nil ? nil : guessed
        guard index != damagedFrom else { return }
        precondition(index.map { $0 > 0 && $0 <= log.last } ?? true, "damage at \(index ?? 0): \(description)")
        let before = intact
        damagedFrom = index
        switch role {
        case .preCandidate, .candidate: if index != nil { becomeFollower(term: term, leader: nil) }
        case .leader: advanceCommit()
        case .follower: if intact > before, verified > before { acknowledge() }
        }
        finishRejoining()
    }

    func isGuess(_ index: LogIndex) -> Bool { guessedTerms?.contains(index) ?? false }

    /// Where the entries that `request` has from `start` on first differ from ours, or may differ.
    func firstDoubt(from start: LogIndex, _ request: AppendRequest) -> LogIndex? {
        let difference = log.firstDifference(from: start, through: request.last, request.runs)
        guard let guessedTerms, start <= guessedTerms.upperBound, request.last >= guessedTerms.lowerBound else {
            return difference
        }
        let firstUnequal = difference ?? request.last + 1
        if firstUnequal > guessedTerms.upperBound + 1 { return difference }
        return min(firstUnequal, max(start, guessedTerms.lowerBound))
    }
}
