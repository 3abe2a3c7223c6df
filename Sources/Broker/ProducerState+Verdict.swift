extension ProducerState {
    /// Kafka's rules (`ProducerAppendInfo`), with one addition: a batch older than the window whose records are
    /// certainly stored is a duplicate sequence, which clients take as success, instead of out of order, which is
    /// fatal to them.
    func verdict(epoch batchEpoch: Int16, firstSequence: Int32, recordCount: Int32) -> SequenceVerdict {
        if batchEpoch < epoch { return .refused(.invalidProducerEpoch(current: epoch)) }
        if batchEpoch > epoch {
            return firstSequence == 0 ? .next : .refused(.outOfOrderSequence(expected: 0))
        }
        for position in 0..<count {
            let known = batch(position)
            if known.firstSequence == firstSequence && known.recordCount == recordCount { return .duplicate(known) }
        }
        if firstSequence == nextSequence { return .next }
        return .refused(
            isOlderThanWindow(firstSequence, recordCount)
                ? .duplicateSequence : .outOfOrderSequence(expected: nextSequence))
    }

    /// True only if every record is known to be stored: claiming a duplicate wrongly would lose an acknowledged
    /// message.
    private func isOlderThanWindow(_ firstSequence: Int32, _ recordCount: Int32) -> Bool {
        let last = Sequence.advance(firstSequence, by: recordCount - 1)
        if last < firstSequence || firstSequence < firstStored || last > lastSequence { return false }
        // Numbers come round again: what looks old by more than half the circle is a gap ahead, near the wrap.
        if (nextSequence &- firstSequence) & Int32.max > Int32.max / 2 { return false }
        for position in 0..<count {
            let known = batch(position)
            let wraps = known.lastSequence < known.firstSequence
            let overlaps =
                wraps
                ? last >= known.firstSequence || firstSequence <= known.lastSequence
                : last >= known.firstSequence && firstSequence <= known.lastSequence
            if overlaps { return false }
        }
        return true
    }
}
