/// Which entries of a leader's term may be committed as soon as a majority has written them, before they are flushed.
///
/// An entry after one that is not relaxed is committed with it or later, and an entry that is not relaxed when it is
/// flushed, with everything before it. So what a crash of several machines can take is relaxed entries only.
struct RelaxedEntries: Hashable, Sendable {
    /// Above the commit index, ascending, with gaps between them.
    private var ranges: [ClosedRange<LogIndex>] = []

    /// Follows everything added before.
    mutating func add(_ range: ClosedRange<LogIndex>) {
        if let last = ranges.last, last.upperBound + 1 == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound...range.upperBound
        } else {
            ranges.append(range)
        }
    }

    /// The last of the relaxed entries that come right after `index`; `index` itself if there are none.
    func end(after index: LogIndex) -> LogIndex {
        ranges.first { $0.contains(index + 1) }?.upperBound ?? index
    }

    mutating func forget(through index: LogIndex) {
        guard let first = ranges.first, first.lowerBound <= index else { return }
        ranges.removeAll { $0.upperBound <= index }
    }
}
