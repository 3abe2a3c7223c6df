import Broker
import Bytes
import Compaction
import Records

/// Cleans a compacted partition: first notes the last offset of each key in what was written since the cleaning before,
/// then replaces everything from the partition's beginning to there by what is left of it. All in steps; the work on
/// records is done on the reader thread.
final class Cleaning: RewriteTask {
    private unowned let rewriter: Rewriter
    private unowned let replica: Replica
    private let plan: Broker.CleaningPlan
    private let keys = KeyMap()
    /// Of what is noted or replaced at the moment.
    private var reader: RangeReader
    private var isNoting = true
    private var generation: UInt64
    private var step = ReplacementStep()
    private var part: ReplacementStep.OpenPart?
    /// The last batch read.
    private var lastBatch: CleanedStretch.Batch?
    private var hasTombstones = false
    private var hasUnreadable = false
    private var isOver = false

    init(_ rewriter: Rewriter, _ replica: Replica, _ plan: Broker.CleaningPlan) {
        self.rewriter = rewriter
        self.replica = replica
        self.plan = plan
        generation = plan.generation
        reader = RangeReader(replica, plan.key, from: max(plan.dirtyFrom, plan.from), to: plan.end)
    }

    func goOn() {
        if isNoting && reader.offset >= reader.end { beginReplacing(to: reader.offset) }
        if rewriter.mayRead() { read() }
    }

    /// Through where the keys were noted.
    private func beginReplacing(to end: Int64) {
        isNoting = false
        reader = RangeReader(replica, plan.key, from: plan.from, to: end)
    }

    private func read() {
        let epoch = rewriter.epoch
        let start = reader.offset
        reader.next(maximumBytes: replica.settings.rewriteStepBytes) { [self] stretch in
            guard rewriter.epoch == epoch else { return }
            guard let stretch else { return rewriter.finish() }
            rewriter.charge(stretch.byteCount)
            let rules = rules(for: stretch, from: start)
            isNoting ? note(stretch, rules, from: start, epoch) : clean(stretch, rules, from: start, epoch)
        }
    }

    private func rules(for stretch: RangeReader.Stretch, from start: Int64) -> CleaningRules {
        let aborted = replica.broker.partition(plan.key)?.transactions.aborted(from: start, before: stretch.nextOffset)
        return CleaningRules(
            tombstonesBefore: plan.tombstonesBefore,
            aborted: (aborted ?? []).map { .init(producer: $0.producer, first: $0.firstOffset, last: $0.lastOffset) })
    }

    private func note(_ stretch: RangeReader.Stretch, _ rules: CleaningRules, from start: Int64, _ epoch: UInt64) {
        let keys = keys
        let limit = replica.settings.cleaningKeyBytes
        replica.compute({ stretch.note(from: start, in: keys, limit: limit, rules) }) { [self] noted in
            guard rewriter.epoch == epoch else { return }
            guard let noted, noted > start else { return rewriter.finish() }
            // What is noted so far is what can be cleaned with now.
            if noted < stretch.nextOffset || keys.byteCount > limit { beginReplacing(to: noted) }
            goOn()
        }
    }

    private func clean(_ stretch: RangeReader.Stretch, _ rules: CleaningRules, from start: Int64, _ epoch: UInt64) {
        let (keys, limit) = (keys, replica.settings.rewriteStepBytes)
        let cleaner = BatchCleaner(keys, rules, hasUnreadable: hasUnreadable)
        replica.compute({ CleanedStretch(stretch, from: start, limit: limit, cleaner) }) { [self] cleaned in
            guard rewriter.epoch == epoch else { return }
            guard let cleaned else { return rewriter.finish() }
            take(cleaned, stretch, from: start)
        }
    }

    private func take(_ cleaned: CleanedStretch, _ stretch: RangeReader.Stretch, from start: Int64) {
        var part = self.part ?? .init(key: plan.key, generation: generation, baseOffset: start)
        for row in cleaned.rows { part.append(row) }
        part.nextOffset = cleaned.nextOffset
        part.storedIndex = max(part.storedIndex, stretch.lastIndex)
        reader.goBack(to: cleaned.nextOffset)
        hasTombstones = hasTombstones || cleaned.hasTombstones
        hasUnreadable = cleaned.hasUnreadable
        lastBatch = cleaned.lastBatch ?? lastBatch
        self.part = part
        isOver = reader.offset >= reader.end
        if part.isTooWide { return rewriter.finish() }
        if isOver || part.isWide || part.byteCount >= replica.settings.rewriteStepBytes { return propose(part) }
        goOn()
    }

    /// The last batch of a part stays, without records perhaps: whoever asks for an offset of the part finds a batch
    /// from there on.
    private func propose(_ part: ReplacementStep.OpenPart) {
        var part = part
        if part.rows.last?.nextOffset != part.nextOffset, let lastBatch, lastBatch.nextOffset == part.nextOffset {
            let empty = RecordBatch.emptied(lastBatch.bytes)
            part.append(
                RewrittenRow(
                    pieces: [empty], byteCount: empty.count, nextOffset: part.nextOffset, maxTimestamp: -1))
        }
        guard part.rows.last?.nextOffset == part.nextOffset else { return rewriter.finish() }
        guard let time = replica.agreedMilliseconds else { return rewriter.finish() }
        let summary = Replacement.Cleaning(
            through: reader.end, time: time, hasTombstones: hasTombstones, usedMark: plan.tombstonesBefore > 0)
        step.close(part, by: isOver ? .endOfCleaning(summary) : .cleaning)
        self.part = nil
        rewriter.propose(&step)
    }

    func replaced(refused: [PartitionKey]) {
        if isOver, refused.isEmpty { replica.onEvent?(.cleaned(plan.key, through: reader.end)) }
        // The topic may have other settings by now.
        if isOver || !refused.isEmpty || !replica.broker.isCompacted(topic: plan.key.topic) { return rewriter.finish() }
        generation += 1
        goOn()
    }
}

/// What a cleaning leaves of a stretch.
struct CleanedStretch: Sendable {
    struct Batch: Sendable {
        let bytes: ByteSlice
        let nextOffset: Int64
    }

    private(set) var rows: [RewrittenRow] = []
    private(set) var hasTombstones = false
    private(set) var hasUnreadable = false
    private(set) var lastBatch: Batch?
    /// What lies before it is done: the stretch, or `limit` bytes of what is left.
    private(set) var nextOffset: Int64

    /// Batches that end before `start` are left out. nil if these are no batches.
    init?(_ stretch: RangeReader.Stretch, from start: Int64, limit: Int, _ cleaner: BatchCleaner) {
        var cleaner = cleaner
        var rows: [RewrittenRow] = []
        var last: Batch?
        var bytes = 0
        var nextOffset = stretch.nextOffset
        let isReadable = stretch.forEachBatch { batch, header in
            if header.lastOffset < start || nextOffset < stretch.nextOffset { return }
            defer { if bytes >= limit { nextOffset = header.lastOffset + 1 } }
            last = Batch(bytes: batch, nextOffset: header.lastOffset + 1)
            var kept = batch
            switch cleaner.clean(batch) {
            case .kept: break
            case .replaced(let smaller): kept = smaller
            case .removed: return
            }
            // As its header says.
            let row = RewrittenRow(
                pieces: [kept], byteCount: kept.count, nextOffset: header.lastOffset + 1,
                maxTimestamp: kept.int64(at: 35))
            bytes += kept.count
            rows.add(row)
        }
        if !isReadable { return nil }
        self.rows = rows
        self.nextOffset = nextOffset
        lastBatch = last
        hasTombstones = cleaner.hasTombstones
        hasUnreadable = cleaner.hasUnreadable
    }
}

extension RangeReader.Stretch {
    /// Notes keys until they take more than `limit` bytes; answers through where, nil if these are no batches. Batches
    /// that end before `start` are left out.
    fileprivate func note(from start: Int64, in keys: KeyMap, limit: Int, _ rules: CleaningRules) -> Int64? {
        var noted = start
        var isFull = false
        let isReadable = forEachBatch { batch, header in
            if isFull || header.lastOffset < start { return }
            isFull = !BatchCleaner.note(batch, in: keys, rules)
            if isFull { return }
            noted = header.lastOffset + 1
            isFull = keys.byteCount > limit
        }
        return isReadable ? (isFull ? noted : nextOffset) : nil
    }
}
