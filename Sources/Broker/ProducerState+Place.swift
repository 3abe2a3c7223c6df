extension ProducerState {
    /// Where a sequence of this epoch is, as far as the state tells.
    enum Place: Hashable {
        case at(Int64)
        /// Stored, before the batches that are remembered.
        case before(Int64)
        /// Behind the newest record.
        case ahead
        /// Neither behind the newest record nor certainly stored.
        case unseen
    }

    /// Sequences come round again after 2^31 records: one that is up to half the circle ahead is yet to come.
    func place(of sequence: Int32) -> Place {
        for position in 0..<count {
            let known = batch(position)
            let distance = Sequence.distance(from: known.firstSequence, to: sequence)
            if distance < known.recordCount { return .at(known.baseOffset + Int64(distance)) }
        }
        if Sequence.isAhead(sequence, of: nextSequence) { return .ahead }
        return sequence >= firstStored && sequence <= lastSequence ? .before(firstOffset) : .unseen
    }

    /// Of the batches that are remembered.
    var firstOffset: Int64 { batch(0).baseOffset }
}
