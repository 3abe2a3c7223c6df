/// Batches that were replaced: the part of a partition before the one that is being appended to. Log indexes ascend
/// within a run, not from run to run: a run lies behind, in the log, what it took the place of.
struct MovedRun: Sendable {
    /// Runs that a partition may have at most: more come about only when cleanings are given up half way.
    static let maximum = 8

    var index = PartitionIndex()
    /// Where the next run begins.
    var endOffset: Int64
}

/// What is left of the time when records were stored, once they lie elsewhere: those before an offset were in entries
/// up to a log index.
struct StorageMarks: Equatable, Sendable {
    struct Mark: Equatable, Sendable {
        var endOffset: Int64
        var index: UInt64
    }

    private static let maximum = 64

    /// Ascending in both.
    private(set) var marks: [Mark] = []

    mutating func note(before offset: Int64, storedBy index: UInt64) {
        if let last = marks.last, offset <= last.endOffset { return }
        marks.append(Mark(endOffset: offset, index: max(index, marks.last?.index ?? 0)))
        guard marks.count > Self.maximum else { return }
        // The later one of each two is true of both.
        marks = marks.indices.filter { ($0 ^ marks.count) & 1 == 1 }.map { marks[$0] }
    }

    /// Records before `offset` were stored by this entry; nil if it is not known of all of them.
    func index(before offset: Int64) -> UInt64? {
        let position = marks.lowerBound { $0.endOffset < offset }
        return position < marks.count ? marks[position].index : nil
    }

    mutating func trim(before offset: Int64) {
        marks.removeFirst(marks.lowerBound { $0.endOffset <= offset })
    }
}

/// How far a partition is compacted.
package struct CleaningState: Equatable, Sendable {
    /// Of records before this offset each key has one left. 0 if it was never cleaned.
    package var through: Int64 = 0
    /// Some record before this offset may have been removed: a cleaning has come this far, if not to its end.
    package var begun: Int64 = 0
    /// Delete markers before `markOffset` have been seen by a cleaning that was over at `markTime`, milliseconds since
    /// 1970; -1 when there is no such mark. They may go `delete.retention.ms` later.
    package var markOffset: Int64 = -1
    package var markTime: Int64 = -1

    /// Records before `offset` are gone, and what is known of delete markers with them.
    mutating func trim(before offset: Int64) {
        if markOffset > offset { return }
        markOffset = -1
        markTime = -1
    }

    mutating func note(_ part: Replacement.Part) {
        if part.purpose != .move { begun = max(begun, part.nextOffset) }
        guard case .endOfCleaning(let cleaning) = part.purpose else { return }
        through = max(through, cleaning.through)
        guard cleaning.usedMark || markOffset < 0 else { return }
        markOffset = cleaning.hasTombstones ? cleaning.through : -1
        markTime = cleaning.hasTombstones ? cleaning.time : -1
    }
}
