/// One partition: where its log starts and ends, and where its batches lie in the Raft log.
package struct PartitionState: Sendable {
    package internal(set) var logStartOffset: Int64 = 0
    /// The next offset; also the high watermark, for only committed entries are applied.
    package internal(set) var endOffset: Int64 = 0
    package internal(set) var leaderEpochs = LeaderEpochs()
    package internal(set) var producers = ProducerTable()
    package internal(set) var transactions = PartitionTransactions()
    /// A hash of every row ever appended. Which rows are still in memory is each node's own affair; this is not.
    var rowDigest = StateDigest()
    /// Of the batches as they were appended.
    var index = PartitionIndex()
    /// Of those before them that were replaced. Ascending; together they lead to the first offset in `index`.
    var moved: [MovedRun] = []
    /// How often batches were replaced.
    package internal(set) var generation: UInt64 = 0
    /// When records that were moved had been stored.
    var storedBefore = StorageMarks()
    package internal(set) var cleaning = CleaningState()
    /// The broker's list of partitions with rows in memory has this one.
    var isListed = false

    init() {}

    /// Bytes of all batches kept. Of a part that is sealed and partly deleted all of it counts, so replicas may differ.
    package var byteCount: Int64 { moved.reduce(index.byteCount) { $0 + $1.index.byteCount } }

    /// The smallest log index whose entry may hold batches still kept; nil when there are none.
    package var lowestLiveIndex: UInt64? {
        moved.reduce(index.lowestIndex) { lowest, run in
            run.index.lowestIndex.map { min($0, lowest ?? $0) } ?? lowest
        }
    }

    /// The smallest log index with a row in memory.
    var lowestRowIndex: UInt64? {
        moved.reduce(index.first?.index) { lowest, run in
            run.index.first.map { min($0.index, lowest ?? $0.index) } ?? lowest
        }
    }

    mutating func seal(through entry: UInt64) {
        for run in moved.indices { moved[run].index.seal(through: entry) }
        index.seal(through: entry)
    }

    /// The first range with records from `offset` on whose max timestamp is at least `timestamp` (ListOffsets by time).
    package func search(reaching timestamp: Int64, from offset: Int64) -> TimeSearch {
        let offset = max(offset, logStartOffset)
        for number in run(holding: offset)..<runCount {
            // A fence may begin before its run, with what has been replaced since.
            let start = max(offset, number == 0 ? logStartOffset : runEnd(number - 1))
            let found = run(number).search(reaching: timestamp, from: start, end: runEnd(number))
            if found != .none { return found }
        }
        return .none
    }

    /// The largest timestamp among the batches kept; nil when there are none. It may be that of a record that is gone
    /// from a part that is sealed; then the next one `below` that is to be asked for.
    package func maxTimestamp(below limit: Int64? = nil) -> Int64? {
        (0..<runCount).lazy.compactMap { run($0).maxTimestamp(below: limit) }.max()
    }

    /// See `LeaderEpochs.end(of:current:end:)`.
    package func endOffset(ofEpoch requested: Int32, currentEpoch: Int32) -> EpochEnd? {
        leaderEpochs.end(of: requested, current: currentEpoch, end: endOffset)
    }

    /// The offset of the first record of a transaction still open; the end offset when there is none. What lies before
    /// is committed or aborted for good.
    package var lastStableOffset: Int64 {
        transactions.open.first.map { max($0.firstOffset, logStartOffset) } ?? endOffset
    }

    /// `limit`: an end of what may be given, either the end offset or the last stable offset.
    func locate(
        from offset: Int64, before limit: Int64, maximumBytes: Int, into ranges: inout [StoredRange]
    ) -> LocateResult {
        if offset < logStartOffset || offset > endOffset {
            return .outOfRange(logStart: logStartOffset, end: endOffset)
        }
        if offset >= min(limit, endOffset) { return .atEnd }
        let number = run(holding: offset)
        let end = runEnd(number)
        let rows = run(number)
        if let place = rows.sealedPlace(of: offset) { return .sealed(place) }
        rows.locate(from: offset, before: limit, end: end, maximumBytes: maximumBytes, into: &ranges)
        return number < moved.count && end < limit && ranges.last?.nextOffset == end ? .foundPart : .found
    }

    /// DeleteRecords: nil when `offset` is beyond the end. A start that is already later stays.
    mutating func trim(before offset: Int64) -> Int64? {
        let target = offset == -1 ? endOffset : offset
        if target < 0 || target > endOffset { return nil }
        if target > logStartOffset {
            logStartOffset = target
            moved.removeFirst(run(holding: target))
            if !moved.isEmpty { moved[0].index.trim(before: target, end: moved[0].endOffset) }
            index.trim(before: target, end: endOffset)
            storedBefore.trim(before: target)
            cleaning.trim(before: target)
            leaderEpochs.trim(before: target)
            transactions.trim(before: target)
        }
        return logStartOffset
    }

    /// Takes a row of a produce entry. nil when it was taken.
    mutating func append(
        _ item: ProduceItem, index entryIndex: UInt64, epoch: Int32, now: Int64, expiration: Int64
    ) -> BrokerError? {
        if item.baseOffset != endOffset { return .offsetMismatch(expected: item.baseOffset, found: endOffset) }
        if item.isIdempotent, let refusal = noteProducer(of: item, now: now, expiration: expiration) { return refusal }
        if item.isTransactional { transactions.note(item.producerId, at: endOffset) }
        take(item, index: entryIndex, epoch: epoch)
        return nil
    }

    /// Takes the marker of a transaction that ends. At another offset than the leader gave it, which never happens
    /// while our own invariants hold, it is left out: readers then wait rather than see what was aborted.
    mutating func appendMarker(_ item: ProduceItem, index entryIndex: UInt64, epoch: Int32, commits: Bool) {
        guard item.baseOffset == endOffset else { return }
        transactions.end(item.producerId, commits: commits, at: endOffset)
        take(item, index: entryIndex, epoch: epoch)
    }

    private mutating func take(_ item: ProduceItem, index entryIndex: UInt64, epoch: Int32) {
        leaderEpochs.note(epoch, from: endOffset)
        let row = PartitionIndex.Item(item, index: entryIndex)
        rowDigest.add(row)
        index.append(row, joins: !item.isTransactional)
        endOffset += Int64(item.recordCount)
    }

    /// Checks the sequence again, and remembers the batch. A state swept away since the leader looked is begun anew.
    private mutating func noteProducer(of item: ProduceItem, now: Int64, expiration: Int64) -> BrokerError? {
        let count = Int32(truncatingIfNeeded: item.recordCount)
        let batch = ProducerState.Batch(item)
        let startsAnew = item.flags & ProduceItem.startsProducerFlag != 0
        guard !startsAnew, var state = producers.state(of: item.producerId) else {
            producers.sweep(now: now, expiration: expiration)
            producers.put(ProducerState(id: item.producerId, epoch: item.producerEpoch, batch: batch, at: now))
            return nil
        }
        let verdict = state.verdict(
            epoch: item.producerEpoch, firstSequence: item.baseSequence, recordCount: count)
        switch verdict {
        case .next: break
        case .duplicate: return .duplicateSequence
        case .refused(let error): return error
        }
        state.append(batch, epoch: item.producerEpoch, at: now)
        producers.put(state)
        return nil
    }
}

extension ProducerState.Batch {
    /// `item` is idempotent, so its record count fits.
    init(_ item: ProduceItem) {
        self.init(
            baseOffset: item.baseOffset,
            appendTime: item.flags & ProduceItem.logAppendTimeFlag != 0 ? item.maxTimestamp : -1,
            firstSequence: item.baseSequence, recordCount: Int32(truncatingIfNeeded: item.recordCount))
    }
}
