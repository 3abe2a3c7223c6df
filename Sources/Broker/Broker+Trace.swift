/// "Did it commit?", as far as the producers' state tells.
extension Broker {
    /// `now` is the leader's wall clock in milliseconds, `admission` its view of the log's tail. nil: there is no such
    /// partition.
    ///
    /// What may be said rests on this: as long as a producer is remembered, its epochs in a partition only go up, and
    /// its sequences within an epoch go up by one; `apply` sees to both. It is remembered from when its id was given
    /// out, and from each of its batches, for the expiration time at least.
    package func trace(_ name: RecordName, admission: Admission, now: Int64) -> RecordTrace? {
        guard let partition = partition(name.key) else { return nil }
        let known = trace(name, in: partition, clock: max(now, clock))
        switch known {
        case .stored, .storedBefore: return known
        case .inFlight, .absent, .forgotten: return admission.inFlight(name) ?? known
        }
    }

    private func trace(_ name: RecordName, in partition: PartitionState, clock: Int64) -> RecordTrace {
        let isFresh = { (time: Int64) in
            time.saturatingAdding(limits.producerExpirationMilliseconds) > clock
        }
        let registered = registry.entry(of: name.producer.id).flatMap { isFresh($0.allocatedAt) ? $0 : nil }
        let isFenced = registered.map { name.producer.epoch < $0.epoch } ?? false
        // A producer whose id was given out within the expiration time cannot have been forgotten.
        let absent: (Bool) -> RecordTrace = { isComplete in
            isComplete ? .absent(isExcluded: isFenced) : .forgotten(before: partition.endOffset, isExcluded: isFenced)
        }
        guard let state = partition.producers.state(of: name.producer.id), state.epoch >= name.producer.epoch else {
            return absent(registered != nil)
        }
        let isRemembered = isFresh(state.lastTimestamp)
        if state.epoch > name.producer.epoch {
            return .forgotten(before: state.firstOffset, isExcluded: isRemembered || isFenced)
        }
        switch state.place(of: name.sequence) {
        case .at(let offset): return .stored(at: offset)
        case .before(let offset): return .storedBefore(offset)
        // One that was forgotten and did not begin anew at 0 may have stored later ones before.
        case .ahead: return absent(registered != nil || state.firstStored == 0)
        case .unseen: return .forgotten(before: state.firstOffset, isExcluded: isRemembered || isFenced)
        }
    }
}

extension Admission {
    /// Whether the record is accepted and not yet applied. A newer epoch that is itself in flight rules nothing out,
    /// and hides what came before it: the answer is then the entry after which more will be known.
    func inFlight(_ name: RecordName) -> RecordTrace? {
        guard let tail = tail(of: name.key), let state = tail.producer(name.producer.id) else { return nil }
        if state.epoch > name.producer.epoch { return .inFlight(index: tail.lastEntry) }
        guard state.epoch == name.producer.epoch else { return nil }
        switch state.place(of: name.sequence) {
        case .at(let offset): return .inFlight(index: tail.entry(holding: offset))
        case .before: return .inFlight(index: tail.lastEntry)
        case .ahead, .unseen: return nil
        }
    }
}
