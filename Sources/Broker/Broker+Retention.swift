extension Broker {
    /// What lets go of the records of a topic that its settings do not keep any longer. `time` is milliseconds since
    /// 1970; nil if nobody knows it, then only sizes count.
    ///
    /// As in Kafka, what goes is a piece from the beginning: of size, one without which the rest still has
    /// `retention.bytes`; of time, one whose youngest record is older than `retention.ms`. A piece is the part of a
    /// sealed segment, or some batches. Otherwise than in Kafka, it must also have been *stored* for that long: records
    /// that come with old timestamps, copied from elsewhere or stamped by a wrong clock, are not gone before they are
    /// read. Nothing goes of a transaction that is still open, nor of what lies behind its beginning.
    package func retention(ofTopic number: UInt32, at time: Int64?) -> [Command] {
        guard let topic = topic(number: number), topic.settings.deletesOldRecords else { return [] }
        let limit = RetentionLimit(topic.settings, at: time, self)
        return topic.partitions.enumerated().compactMap { position, partition in
            let start = partition.retentionStart(limit)
            guard start > partition.logStartOffset else { return nil }
            return .deleteRecords(PartitionKey(topic: number, partition: UInt32(position)), before: start)
        }
    }
}

extension Broker {
    /// Every entry up to this one was stored at `time` or before, as far as is known.
    func lastIndex(storedBy time: Int64) -> UInt64 {
        let time = confirmed(time.saturatingAdding(1)) - 1
        return max(clock, storageTimes.last) <= time ? appliedIndex : storageTimes.lastIndex(storedBy: time)
    }
}

/// What a topic keeps.
private struct RetentionLimit {
    /// Older timestamps are too old.
    var oldest = Int64.min
    /// Entries up to this one have been stored for long enough.
    var lastIndex: UInt64 = 0
    var bytes = Int64.max

    init(_ settings: TopicSettings, at time: Int64?, _ broker: Broker) {
        if let time, settings.retentionMilliseconds >= 0, time > settings.retentionMilliseconds {
            oldest = time - settings.retentionMilliseconds
            lastIndex = broker.lastIndex(storedBy: oldest)
        }
        if settings.retentionBytes >= 0 { bytes = settings.retentionBytes }
    }

    func isTooOld(_ maxTimestamp: Int64, through index: UInt64) -> Bool {
        maxTimestamp < oldest && index <= lastIndex
    }
}

extension PartitionState {
    fileprivate func retentionStart(_ limit: RetentionLimit) -> Int64 {
        var kept = byteCount
        var start = endOffset
        forEachPiece { piece in
            // Moved records are as old as they were.
            let stored = storedBefore.index(before: piece.endOffset) ?? piece.lastIndex
            guard limit.isTooOld(piece.maxTimestamp, through: stored) || kept - piece.byteCount >= limit.bytes else {
                start = piece.baseOffset
                return false
            }
            kept -= piece.byteCount
            return true
        }
        return max(logStartOffset, min(start, lastStableOffset))
    }
}
