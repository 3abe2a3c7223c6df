import Broker

/// Moves batches to the end of the log as they are.
final class Relocation: RewriteTask {
    private unowned let rewriter: Rewriter
    private unowned let replica: Replica
    /// What is to be moved next of a partition.
    private let next: (Broker, PartitionKey) -> Broker.Movable?
    private var keys: ArraySlice<PartitionKey>
    /// Of which there may be more when what was proposed is applied.
    private var later: [PartitionKey] = []
    private var step = ReplacementStep()
    private var reader: RangeReader?
    private var generation: UInt64 = 0
    private var part: ReplacementStep.OpenPart?
    /// Proposed until now.
    private var movedBytes = 0

    /// What lies in entries up to `end`, so that their segments can go.
    static func outOfEntries(through end: UInt64, _ rewriter: Rewriter, _ replica: Replica) -> Relocation {
        let broker = replica.broker
        let keys = broker.topicNumbers.flatMap { broker.partitions(ofTopic: $0, within: end) }
        return Relocation(rewriter, replica, keys) { $0.movable($1, within: end) }
    }

    /// Of partitions that lie in too many runs.
    static func merging(_ keys: [PartitionKey], _ rewriter: Rewriter, _ replica: Replica) -> Relocation {
        Relocation(rewriter, replica, keys) { $0.mergeable($1) }
    }

    private init(
        _ rewriter: Rewriter, _ replica: Replica, _ keys: [PartitionKey],
        _ next: @escaping (Broker, PartitionKey) -> Broker.Movable?
    ) {
        self.rewriter = rewriter
        self.replica = replica
        self.keys = keys[...]
        self.next = next
    }

    func goOn() {
        while reader == nil {
            if isFull { return propose() }
            if keys.isEmpty, !step.isEmpty { return propose() }
            if keys.isEmpty { (keys, later) = (later[...], []) }
            guard let key = keys.first else { return finish() }
            guard let movable = next(replica.broker, key) else {
                keys.removeFirst()
                continue
            }
            generation = movable.generation
            reader = RangeReader(replica, key, from: movable.from, to: movable.end)
        }
        if rewriter.mayRead() { read() }
    }

    private var isFull: Bool { step.isFull || step.byteCount >= replica.settings.rewriteStepBytes }

    private func read() {
        guard let reader else { return }
        let epoch = rewriter.epoch
        let start = reader.offset
        reader.next(maximumBytes: replica.settings.rewriteStepBytes) { [self] stretch in
            guard rewriter.epoch == epoch else { return }
            guard let stretch else { return giveUp() }
            rewriter.charge(stretch.byteCount)
            replica.compute({ stretch.rows(from: start) }) { [self] rows in
                guard rewriter.epoch == epoch else { return }
                guard let rows, !rows.isEmpty else { return giveUp() }
                take(rows, stretch, from: start)
            }
        }
    }

    private func take(_ rows: [RewrittenRow], _ stretch: RangeReader.Stretch, from start: Int64) {
        guard let reader else { return }
        var part = self.part ?? .init(key: reader.key, generation: generation, baseOffset: start)
        for row in rows { part.append(row) }
        part.nextOffset = stretch.nextOffset
        part.storedIndex = max(part.storedIndex, stretch.lastIndex)
        self.part = part
        if part.isTooWide || part.rows.last?.nextOffset != part.nextOffset { return giveUp() }
        let isEnd = reader.offset >= reader.end
        if isEnd || part.isWide || step.byteCount + part.byteCount >= replica.settings.rewriteStepBytes {
            step.close(part)
            self.part = nil
            self.reader = nil
            later.append(reader.key)
            keys = keys.dropFirst()
        }
        goOn()
    }

    /// It is gone, or cannot be read: another round may have more luck.
    private func giveUp() {
        part = nil
        reader = nil
        keys = keys.dropFirst()
        goOn()
    }

    private func propose() {
        movedBytes += step.byteCount
        rewriter.propose(&step)
    }

    private func finish() {
        if movedBytes > 0 { replica.onEvent?(.rewritten(bytes: movedBytes)) }
        rewriter.finish()
    }

    func replaced(refused: [PartitionKey]) {
        let gone = Set(refused)
        later.removeAll { gone.contains($0) }
        goOn()
    }
}

extension RangeReader.Stretch {
    /// Its batches as they are, without those that end before `start`; nil if these are no batches.
    fileprivate func rows(from start: Int64) -> [RewrittenRow]? {
        var rows: [RewrittenRow] = []
        let isReadable = forEachBatch { batch, header in
            if header.lastOffset < start { return }
            rows.add(
                RewrittenRow(
                    pieces: [batch], byteCount: batch.count, nextOffset: header.lastOffset + 1,
                    maxTimestamp: header.maxTimestamp))
        }
        return isReadable ? rows : nil
    }
}
