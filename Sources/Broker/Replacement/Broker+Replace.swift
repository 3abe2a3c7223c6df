import Planted

extension Broker {
    /// Each part is taken or refused for itself; the answer lists those that were refused.
    mutating func replaceBatches(_ replacement: Replacement) -> ApplyResult {
        var refused: [PartitionKey] = []
        for (part, rows) in replacement.replaced where replace(part, rows) != nil { refused.append(part.key) }
        return .replaced(refused: refused)
    }

    private mutating func replace(_ part: Replacement.Part, _ rows: ArraySlice<ProduceItem>) -> BrokerError? {
        guard let slot = directory.slot(part.key.topic) else { return .unknownTopic }
        let partition = Int(part.key.partition)
        guard partition < directory.topics[slot].partitions.count else { return .unknownPartition }
        let refusal = directory.topics[slot].partitions[partition].replace(part, rows, index: appliedIndex)
        if !directory.topics[slot].partitions[partition].isListed { list(part.key, slot: slot) }
        return refusal
    }
}

extension PartitionState {
    /// Takes batches in place of others: those from the beginning of a run on, of several perhaps, which become the end
    /// of the run before, or, at the beginning of the partition, of a new one. So log indexes ascend in each run, and
    /// runs do not multiply. nil when they were taken.
    mutating func replace(
        _ part: Replacement.Part, _ rows: ArraySlice<ProduceItem>, index entryIndex: UInt64
    ) -> BrokerError? {
        if part.generation != generation, !mustTake { return .replacedMeanwhile }
        // Refused or not: of two parts of one generation the first is the one that counts, also for those who have
        // nothing but the entries (`SegmentRows`).
        generation += 1
        if part.nextOffset <= logStartOffset || part.nextOffset > lastStableOffset, !mustTake {
            return .offsetOutOfRange(logStart: logStartOffset, end: lastStableOffset)
        }
        let first = run(holding: max(part.baseOffset, logStartOffset))
        let last = run(holding: part.nextOffset - 1)
        let isBeginning =
            part.baseOffset <= logStartOffset || first > 0 && part.baseOffset == moved[first - 1].endOffset
        let runs = moved.count - (last - first) + (first == 0 ? 1 : 0)
        if !isBeginning || runs > MovedRun.maximum { return .replacedMeanwhile }
        if last == moved.count { storedBefore.note(before: part.nextOffset, storedBy: part.storedIndex) }
        var target = first == 0 ? MovedRun(endOffset: part.nextOffset) : moved[first - 1]
        for row in rows {
            let item = PartitionIndex.Item(row, index: entryIndex)
            rowDigest.add(item)
            target.index.append(item)
        }
        target.endOffset = part.nextOffset
        if first == 0 { target.index.trim(before: logStartOffset, end: part.nextOffset) }
        put(target, inPlaceOf: first...last)
        cleaning.note(part)
        return nil
    }

    /// Whatever has changed: for the simulator to find.
    private var mustTake: Bool {
        #if DEBUG
        Planted.has(.cleansOpenTransactions)
        #else
        false
        #endif
    }

    /// Of the last of these runs `target` may have taken a part only.
    private mutating func put(_ target: MovedRun, inPlaceOf runs: ClosedRange<Int>) {
        let last = runs.upperBound
        let end = runEnd(last)
        let isWhole = target.endOffset == end
        let isNewest = last == moved.count
        var after = Array(moved.dropFirst(isWhole ? last + 1 : last))
        if !isWhole && isNewest {
            index.trim(before: target.endOffset, end: end)
        } else if !isWhole {
            after[0].index.trim(before: target.endOffset, end: end)
        }
        moved = moved.prefix(max(runs.lowerBound - 1, 0)) + [target] + after
        // Nothing was appended since: the next batches go to the run that took them.
        if isWhole && isNewest { index = moved.removeLast().index }
    }
}

/// The runs of a partition, by number: those that were moved, then the one that is appended to.
extension PartitionState {
    var runCount: Int { moved.count + 1 }

    func run(_ number: Int) -> PartitionIndex { number < moved.count ? moved[number].index : index }

    func runEnd(_ number: Int) -> Int64 { number < moved.count ? moved[number].endOffset : endOffset }

    /// Offset `offset` is kept, or the end offset.
    func run(holding offset: Int64) -> Int { moved.lowerBound { $0.endOffset <= offset } }

    /// A part of a sealed segment, or some batches.
    struct Piece {
        var baseOffset: Int64
        var endOffset: Int64
        /// Log indexes of its first and last batch.
        var firstIndex: UInt64
        var lastIndex: UInt64
        var maxTimestamp: Int64
        var byteCount: Int64
    }

    /// In order of offsets, until `body` says false.
    func forEachPiece(_ body: (Piece) -> Bool) {
        for number in 0..<runCount where !run(number).forEachPiece(end: runEnd(number), body) { return }
    }
}

extension PartitionIndex {
    fileprivate func forEachPiece(end: Int64, _ body: (PartitionState.Piece) -> Bool) -> Bool {
        let firstRow = first?.baseOffset ?? end
        for (number, fence) in fences.enumerated() {
            let next = number + 1 < fences.count ? fences[number + 1].baseOffset : firstRow
            let piece = PartitionState.Piece(
                baseOffset: fence.baseOffset, endOffset: next, firstIndex: fence.index, lastIndex: fence.lastIndex,
                maxTimestamp: fence.maxTimestamp, byteCount: fence.byteCount)
            if !body(piece) { return false }
        }
        var before: Item?
        for chunk in chunks {
            for item in chunk.items {
                if let before, !body(.init(before, endOffset: item.baseOffset)) { return false }
                before = item
            }
        }
        return before.map { body(.init($0, endOffset: end)) } ?? true
    }
}

extension PartitionState.Piece {
    fileprivate init(_ item: PartitionIndex.Item, endOffset: Int64) {
        self.init(
            baseOffset: item.baseOffset, endOffset: endOffset, firstIndex: item.index, lastIndex: item.index,
            maxTimestamp: item.maxTimestamp, byteCount: Int64(item.length))
    }
}
