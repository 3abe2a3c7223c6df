import Planted

/// Which partitions are to be compacted, and how far.
extension Broker {
    /// A cleaning that is due.
    package struct CleaningPlan: Equatable, Sendable {
        package let key: PartitionKey
        package let generation: UInt64
        /// The partition's beginning.
        package let from: Int64
        /// Where what was written since the last cleaning begins.
        package let dirtyFrom: Int64
        package let end: Int64
        /// Delete markers before this offset have been there for long enough; 0 if none have.
        package let tombstonesBefore: Int64
        /// Milliseconds since 1970.
        package let time: Int64
        package let dirtyBytes: Int64
    }

    /// What is to be cleaned of some partitions of a topic at `time`, milliseconds since 1970 as a majority of the
    /// nodes has it. As in Kafka, a partition is due when the part that was not cleaned yet has more than
    /// `min.cleanable.dirty.ratio` of the bytes, or has waited for `max.compaction.lag.ms`; moreover when delete
    /// markers may go. What is younger than `min.compaction.lag.ms`, or may belong to an open transaction, is left
    /// alone.
    package func cleanings(ofTopic number: UInt32, _ partitions: Range<Int>, at time: Int64) -> [CleaningPlan] {
        guard let topic = topic(number: number), topic.settings.compacts else { return [] }
        let limits = cleaningLimits(topic.settings, at: time)
        return topic.partitions.indices.clamped(to: partitions).compactMap { position in
            topic.partitions[position].cleaning(PartitionKey(topic: number, partition: UInt32(position)), limits)
        }
    }

    /// Of one partition.
    package func cleaning(of key: PartitionKey, at time: Int64) -> CleaningPlan? {
        let position = Int(key.partition)
        return cleanings(ofTopic: key.topic, position..<position + 1, at: time).first
    }

    private func cleaningLimits(_ settings: TopicSettings, at time: Int64) -> CleaningLimits {
        let oldest = time - min(settings.minimumCompactionLag, time)
        let lag = settings.maximumCompactionLag
        return CleaningLimits(
            settings: settings, time: time, oldest: oldest, oldIndex: lastIndex(storedBy: oldest),
            lateIndex: lag < time ? lastIndex(storedBy: time - lag) : 0)
    }
}

private struct CleaningLimits {
    let settings: TopicSettings
    let time: Int64
    /// Records that are younger are not cleaned yet.
    let oldest: Int64
    let oldIndex: UInt64
    /// Records in entries up to this one have waited for long enough.
    let lateIndex: UInt64
}

extension PartitionState {
    /// nil while there is no room for another run either: then it is merged first.
    fileprivate func cleaning(_ key: PartitionKey, _ limits: CleaningLimits) -> Broker.CleaningPlan? {
        guard canBegin else { return nil }
        var end = logStartOffset
        var bytes: Int64 = 0
        var dirtyBytes: Int64 = 0
        var isLate = false
        var stable = lastStableOffset
        #if DEBUG
        if Planted.has(.cleansOpenTransactions) { stable = endOffset }
        #endif
        let waits = limits.settings.minimumCompactionLag > 0
        forEachPiece { piece in
            let stored = storedBefore.index(before: piece.endOffset) ?? piece.lastIndex
            if waits && (piece.maxTimestamp > limits.oldest || stored > limits.oldIndex) { return false }
            if piece.baseOffset >= stable { return false }
            let dirty = piece.bytes(from: cleaning.through, before: stable)
            isLate = isLate || dirty > 0 && min(stored, piece.firstIndex) <= limits.lateIndex
            bytes += piece.byteCount
            dirtyBytes += dirty
            end = min(piece.endOffset, stable)
            return true
        }
        let retention = limits.settings.deleteRetention
        let mayForget =
            cleaning.markOffset >= 0 && limits.time >= cleaning.markTime.saturatingAdding(retention)
        let isDirty = dirtyBytes > 0
            && UInt64(dirtyBytes).multipliedFullWidth(by: 1_000_000)
                > UInt64(bytes).multipliedFullWidth(by: UInt64(limits.settings.minimumDirtyMillionths))
        // Never less than the cleaning before: its end may lie in a gap by now, if one after it was given up.
        let isDue = (isDirty || isLate) && end > cleaning.through || mayForget && end >= cleaning.through
        guard end > logStartOffset, isDue else { return nil }
        return Broker.CleaningPlan(
            key: key, generation: generation, from: logStartOffset, dirtyFrom: cleaning.through, end: end,
            tombstonesBefore: mayForget ? cleaning.markOffset : 0, time: limits.time, dirtyBytes: dirtyBytes)
    }
}

extension PartitionState.Piece {
    /// About the share of its bytes that lies from `offset` to `limit`.
    fileprivate func bytes(from offset: Int64, before limit: Int64) -> Int64 {
        let (start, end) = (max(offset, baseOffset), min(limit, endOffset))
        if start >= end { return 0 }
        if start == baseOffset, end == endOffset { return byteCount }
        let product = UInt64(byteCount).multipliedFullWidth(by: UInt64(end - start))
        return max(Int64(UInt64(endOffset - baseOffset).dividingFullWidth(product).quotient), 1)
    }
}
