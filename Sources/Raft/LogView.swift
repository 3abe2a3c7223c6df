import Planted

/// The log as the core sees it: no bytes, only which term each index has, and how far it is on disk.
///
/// Entries `base.index + 1 ... last` are known. `base` is the position just before them: its term is known too, so that
/// an append may start right after it.
package struct LogView: Hashable, Sendable {
    package private(set) var base: Position
    /// Runs of the known entries: strictly ascending in `first` and in `term`, the first one at `base.index + 1`.
    package private(set) var runs: [TermRun]
    /// The accepted cursor: the last entry this member has taken into its log, on disk or not.
    package private(set) var last: LogIndex
    /// Entries through here have been handed to the shell for writing.
    package private(set) var submitted: LogIndex
    /// Entries through here are with the operating system: they outlive this process, but not the machine.
    package private(set) var written: LogIndex
    /// Entries through here are on disk.
    package private(set) var flushed: LogIndex
    /// Counts the times a suffix was dropped. A completion that was submitted in another generation says nothing about
    /// the entries that are at its indexes now, not even when index and term are the same again.
    package private(set) var generation: UInt64 = 0

    /// A log read back from disk: all of it is flushed. Runs that lie at or below `base` are cut off.
    package init(base: Position, runs: [TermRun], last: LogIndex) {
        self.base = base
        self.runs = runs
        self.last = max(base.index, last)
        submitted = self.last
        written = self.last
        flushed = self.last
        dropRuns(through: base.index)
    }
}

extension LogView {
    package var lastPosition: Position {
        Position(index: last, term: runs.last?.term ?? base.term)
    }

    /// nil for an index the log does not know.
    package func term(at index: LogIndex) -> Term? {
        if index == base.index { return base.term }
        guard let run = runNumber(at: index) else { return nil }
        return runs[run].term
    }

    package func contains(_ position: Position) -> Bool {
        #if DEBUG
        if Planted.has(.matchesByIndexOnly) { return position.index <= last }
        #endif
        return term(at: position.index) == position.term
    }

    /// Runs of the known entries `first ... through`; empty when there are none.
    package func runs(from first: LogIndex, through end: LogIndex) -> [TermRun] {
        guard first <= end, let from = runNumber(at: first), let to = runNumber(at: end) else { return [] }
        var slice = Array(runs[from...to])
        slice[0].first = first
        return slice
    }

    /// The largest known position at or below `index` whose term is at most `term`; nil if that would be below `base`.
    /// Both ends of a conflict use it: it skips a whole term per round trip (paper §5.3, the last paragraphs).
    package func lastPosition(atOrBelow index: LogIndex, termAtMost term: Term) -> Position? {
        var index = min(index, last)
        while let number = runNumber(at: index) {
            if runs[number].term <= term { return Position(index: index, term: runs[number].term) }
            index = runs[number].first - 1
        }
        return index == base.index ? base : nil
    }

    /// Where entries `start ... end`, described by `other`, first differ from this log or go beyond it; nil when this
    /// log has them all. `start` is at most one above `last`.
    package func firstDifference(from start: LogIndex, through end: LogIndex, _ other: [TermRun]) -> LogIndex? {
        var index = start
        for (number, run) in other.enumerated() {
            let runEnd = number + 1 < other.count ? other[number + 1].first - 1 : end
            while index <= runEnd {
                guard let mine = runNumber(at: index), runs[mine].term == run.term else { return index }
                index = min(runEnd, endOfRun(mine)) + 1
            }
        }
        return nil
    }

    /// The number in `runs` of the run that holds `index`.
    private func runNumber(at index: LogIndex) -> Int? {
        guard index > base.index, index <= last else { return nil }
        var low = 0
        var high = runs.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle].first <= index { low = middle } else { high = middle }
        }
        return low
    }

    private func endOfRun(_ number: Int) -> LogIndex {
        number + 1 < runs.count ? runs[number + 1].first - 1 : last
    }
}

extension LogView {
    /// Adds `count` entries of `term`, which is at least the last one's.
    mutating func append(count: UInt64, term: Term) {
        if lastPosition.term != term || runs.isEmpty { runs.append(TermRun(term: term, first: last + 1)) }
        last += count
    }

    /// Takes over entries `last + 1 ... end` from `other`, which may begin earlier.
    mutating func append(_ other: [TermRun], through end: LogIndex) {
        for (number, run) in other.enumerated() {
            let runEnd = number + 1 < other.count ? other[number + 1].first - 1 : end
            if runEnd > last { append(count: runEnd - last, term: run.term) }
        }
    }

    mutating func truncate(after index: LogIndex) {
        while let run = runs.last, run.first > index { runs.removeLast() }
        last = index
        submitted = min(submitted, index)
        written = min(written, index)
        flushed = min(flushed, index)
        generation += 1
    }

    /// Everything accepted is now in the shell's hands.
    mutating func submit() { submitted = last }

    /// False when nothing new was learnt.
    mutating func flush(through index: LogIndex) -> Bool {
        guard index > flushed else { return false }
        flushed = index
        written = max(written, index)
        return true
    }

    /// False when nothing new was learnt.
    mutating func write(through index: LogIndex) -> Bool {
        guard index > written else { return false }
        written = index
        return true
    }

    /// Forgets the entries at or below `index`, which must be known.
    mutating func forget(through index: LogIndex) {
        guard index > base.index, let term = term(at: index) else { return }
        base = Position(index: index, term: term)
        dropRuns(through: index)
    }

    /// An empty log that starts after `position`.
    mutating func reset(to position: Position) {
        let generation = generation + 1
        self = LogView(base: position, runs: [], last: position.index)
        self.generation = generation
    }

    private mutating func dropRuns(through index: LogIndex) {
        while runs.count > 1, runs[1].first <= index + 1 { runs.removeFirst() }
        if last <= index { runs.removeAll() } else if !runs.isEmpty { runs[0].first = max(runs[0].first, index + 1) }
    }
}

extension LogView {
    /// What is wrong with the table, or nil.
    var violation: String? {
        if runs.isEmpty != (last == base.index) { return "runs do not cover the log" }
        if let first = runs.first, first.first != base.index + 1 { return "first run is not after the base" }
        if let first = runs.first, first.term < base.term { return "first run is older than the base" }
        if let end = runs.last, end.first > last { return "last run starts above the log" }
        for (earlier, later) in zip(runs, runs.dropFirst())
        where earlier.first >= later.first || earlier.term >= later.term {
            return "runs are not ascending"
        }
        return nil
    }
}
