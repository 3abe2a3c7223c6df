/// What was written to a compacted topic and what looks at it have shown, and what that says about the broker: of each
/// key the last record stays, whatever goes never comes back, and nothing changes its offset.
package final class KeyHistory {
    /// A record as a reader was given it.
    package struct Seen: Equatable {
        let offset: Int64
        let number: Int
        let key: Int
        let isTombstone: Bool

        package init(offset: Int64, number: Int, key: Int, isTombstone: Bool) {
            self.offset = offset
            self.number = number
            self.key = key
            self.isTombstone = isTombstone
        }
    }

    /// One look through a partition, at one process that led at its start.
    package struct Pass {
        let partition: Int
        /// The last record of each key, and its offset, of what was committed before the look began.
        fileprivate let last: [(key: Int, number: Int, offset: Int64)]
        /// Everything before it was deleted before the look began.
        fileprivate let deletedBefore: Int64
        private(set) var first: Int64 = 0
        private(set) var start: Int64 = 0
        package private(set) var end: Int64 = 0
        package var records: [Seen] = []

        /// Everything from `first` up to `end` is to be looked at. The partition begins with `start`.
        package mutating func begin(at first: Int64, start: Int64, end: Int64) {
            self.first = first
            self.start = start
            self.end = end
        }
    }

    private enum Fate { case open, asked, committed, aborted }

    private struct Sent {
        let partition: Int
        let key: Int
        let isTombstone: Bool
        let transaction: Int?
        /// How many records had been sent when this one was acknowledged.
        var acknowledgedAt: Int?
        var offset: Int64?
    }

    private struct Partition {
        /// By offset: what is known to have been stored there, and what a look has missed.
        var stored: [Int?] = []
        var isGone: [Bool] = []
        /// By key: numbers of its records, and an offset before which a look has shown that none is left.
        var sent: [Int: [Int]] = [:]
        var cleanedBefore: [Int: Int64] = [:]
        var deletedBefore: Int64 = 0
        /// What somebody wanted to be deleted.
        var maybeDeletedBefore: Int64 = 0
    }

    private var sent: [Sent] = []
    private var transactions: [Fate] = []
    private var partitions: [Partition]
    private let keepsTombstones: Bool

    /// `keepsTombstones`: delete markers stay until another record of their key comes.
    package init(partitions: Int, keepsTombstones: Bool) {
        self.partitions = Array(repeating: Partition(), count: partitions)
        self.keepsTombstones = keepsTombstones
    }

    // MARK: What happened

    /// A record is about to be sent; its number.
    package func send(key: Int, to partition: Int, isTombstone: Bool, in transaction: Int? = nil) -> Int {
        sent.append(Sent(partition: partition, key: key, isTombstone: isTombstone, transaction: transaction))
        partitions[partition].sent[key, default: []].append(sent.count - 1)
        return sent.count - 1
    }

    package func record(_ number: Int) -> (key: Int, isTombstone: Bool) { (sent[number].key, sent[number].isTombstone) }

    package func begin() -> Int {
        transactions.append(.open)
        return transactions.count - 1
    }

    /// It may be committed from now on.
    package func asked(_ transaction: Int) { transactions[transaction] = .asked }

    package func ended(_ transaction: Int, commits: Bool) {
        transactions[transaction] = commits ? .committed : .aborted
    }

    /// Its producer will not end it any more.
    package func abandoned(_ transaction: Int) {
        if transactions[transaction] == .open { transactions[transaction] = .aborted }
    }

    /// Answers what is wrong with that, if anything.
    package func acknowledged(_ number: Int, at offset: Int64?) -> String? {
        sent[number].acknowledgedAt = sent[number].acknowledgedAt ?? sent.count
        return offset.flatMap { note(number, at: $0) }
    }

    package func deleting(_ partition: Int, before offset: Int64) {
        partitions[partition].maybeDeletedBefore = max(partitions[partition].maybeDeletedBefore, offset)
    }

    package func deleted(_ partition: Int, before offset: Int64) {
        partitions[partition].deletedBefore = max(partitions[partition].deletedBefore, offset)
    }

    package func mayBeDeleted(_ partition: Int, at offset: Int64) -> Bool {
        offset < partitions[partition].maybeDeletedBefore
    }

    private func note(_ number: Int, at offset: Int64) -> String? {
        guard offset >= 0, offset < 1 << 24 else { return "record \(number) is at offset \(offset)" }
        if let before = sent[number].offset, before != offset {
            return "moved: record \(number) was at \(before) and is at \(offset)"
        }
        sent[number].offset = offset
        let place = sent[number].partition
        let missing = Int(offset) + 1 - partitions[place].stored.count
        if missing > 0 { partitions[place].stored += repeatElement(nil, count: missing) }
        if let other = partitions[place].stored[Int(offset)], other != number {
            return "inconsistent offset: \(offset) of partition \(place) had record \(other) and has \(number)"
        }
        partitions[place].stored[Int(offset)] = number
        return nil
    }

    private func isCommitted(_ number: Int) -> Bool {
        sent[number].transaction.map { transactions[$0] == .committed } ?? (sent[number].acknowledgedAt != nil)
    }

    /// It was there before `number` was sent.
    private func precedes(_ other: Int, _ number: Int) -> Bool {
        sent[other].acknowledgedAt.map { $0 <= number } ?? false
    }

    private func isAborted(_ number: Int) -> Bool {
        sent[number].transaction.map { transactions[$0] == .aborted } ?? false
    }

    // MARK: A look

    /// To be called before the question where the partition ends.
    package func beginPass(_ partition: Int) -> Pass {
        let state = partitions[partition]
        let last = state.sent.keys.sorted().compactMap { key -> (key: Int, number: Int, offset: Int64)? in
            let committed = (state.sent[key] ?? []).compactMap { number -> (number: Int, offset: Int64)? in
                isCommitted(number) ? sent[number].offset.map { (number, $0) } : nil
            }
            return committed.max { $0.offset < $1.offset }.map { (key, $0.number, $0.offset) }
        }
        return Pass(partition: partition, last: last, deletedBefore: state.deletedBefore)
    }

    /// Everything up to its end was looked at. Answers what is wrong with what was seen, if anything.
    package func finish(_ pass: Pass) -> String? {
        let limit = partitions[pass.partition].maybeDeletedBefore
        if pass.start < pass.deletedBefore {
            return "back: partition \(pass.partition) begins at \(pass.start), \(pass.deletedBefore) was deleted up to"
        }
        if pass.start > limit { return "lost: partition \(pass.partition) begins at \(pass.start) instead of \(limit)" }
        var next = pass.first
        for record in pass.records {
            if record.offset < next || record.offset >= pass.end {
                return "reordered: \(record.offset) of partition \(pass.partition) where \(next) was to come"
            }
            next = record.offset + 1
            if let wrong = saw(record, in: pass.partition) { return wrong }
        }
        if let wrong = missed(pass) { return wrong }
        remember(pass)
        return nil
    }

    private func saw(_ record: Seen, in place: Int) -> String? {
        guard record.number >= 0, record.number < sent.count, sent[record.number].partition == place,
            record.key == sent[record.number].key, record.isTombstone == sent[record.number].isTombstone
        else { return "phantom: \(record) of partition \(place) was never sent" }
        if let transaction = sent[record.number].transaction, [.open, .aborted].contains(transactions[transaction]) {
            return "aborted read: record \(record.number) was not to be committed"
        }
        if let wrong = note(record.number, at: record.offset) { return wrong }
        let state = partitions[place]
        if Int(record.offset) < state.isGone.count, state.isGone[Int(record.offset)] {
            return "back: record \(record.number) at \(record.offset) of partition \(place) had been cleaned"
        }
        if let offset = state.cleanedBefore[record.key], record.offset < offset {
            return "kept: record \(record.number) of key \(record.key) at \(record.offset) of partition \(place), and "
                + "the later one at \(offset) was cleaned"
        }
        return nil
    }

    /// The last record of each key is there, or a later one.
    private func missed(_ pass: Pass) -> String? {
        let deleted = partitions[pass.partition].maybeDeletedBefore
        var latest: [Int: Int64] = [:]
        for record in pass.records { latest[record.key] = record.offset }
        for (key, number, offset) in pass.last {
            guard offset >= max(pass.first, deleted), offset < pass.end else { continue }
            if let found = latest[key], found >= offset { continue }
            if sent[number].isTombstone, !keepsTombstones { continue }
            // Or one that the look did not come to, or was too late for.
            let isReplaced = (partitions[pass.partition].sent[key] ?? []).contains { other in
                !isAborted(other) && !precedes(other, number) && sent[other].offset.map { $0 > offset } ?? true
            }
            if isReplaced { continue }
            return "lost: record \(number), the last of key \(key), is not at \(offset) of partition \(pass.partition)"
        }
        return nil
    }

    /// What was not seen is not to be seen by those who look later; nor is an older record of the same key.
    private func remember(_ pass: Pass) {
        var state = partitions[pass.partition]
        var seen = pass.records[...]
        let missing = Int(pass.end) - state.isGone.count
        if missing > 0 { state.isGone += repeatElement(false, count: missing) }
        for offset in Int(pass.first)..<max(Int(pass.end), Int(pass.first)) {
            if let next = seen.first, next.offset == Int64(offset) {
                seen.removeFirst()
                continue
            }
            state.isGone[offset] = true
            if offset < state.stored.count, let number = state.stored[offset], isCommitted(number) {
                let key = sent[number].key
                state.cleanedBefore[key] = max(state.cleanedBefore[key] ?? 0, Int64(offset))
            }
        }
        partitions[pass.partition] = state
    }
}
