import Broker

extension Replica {
    /// "Did it commit?", linearizable: the answer was true at some moment between question and answer. Only the leader
    /// answers, after it has made sure that it leads. What the state does not tell is looked for in the log, backwards,
    /// through at most `searchBytes` of it.
    package func outcome(
        topic: String, partition: UInt32, producer: ProducerIdentity, sequence: Int32, searchBytes: Int,
        _ answer: @escaping (OutcomeAnswer) -> Void
    ) {
        metrics.outcomeQueries += 1
        readBarrier { [unowned self] isCurrent in
            guard isCurrent, let admission else { return answer(.notLeading) }
            guard let number = broker.topicNumber(named: topic) else { return answer(.unknownPartition) }
            let name = RecordName(
                key: PartitionKey(topic: number, partition: partition), producer: producer, sequence: sequence)
            let now = max(lastTimestamp, clock.wallMilliseconds)
            guard let trace = broker.trace(name, admission: admission, now: now) else {
                return answer(.unknownPartition)
            }
            let commit = appliedIndex
            let done = { answer(.known($0, commit: commit)) }
            switch trace {
            case .stored(let offset):
                OutcomeSearch(self, name, below: offset + 1, bytes: searchBytes, known: offset) {
                    done(.stored($0, at: offset))
                }.run()
            case .storedBefore(let offset):
                OutcomeSearch(self, name, below: offset, bytes: searchBytes) { done(.stored($0, at: nil)) }.run()
            case .inFlight(let index): done(.pending(entry: index ?? openEntryIndex))
            case .absent(let isExcluded): done(.absent(isExcluded))
            case .forgotten(let offset, let isExcluded):
                OutcomeSearch(self, name, below: offset, bytes: searchBytes) {
                    done(.forgotten($0, isExcluded))
                }.run()
            }
        }
    }
}

extension RecordOutcome {
    fileprivate static func stored(_ result: OutcomeSearch.Result, at offset: Int64?) -> RecordOutcome {
        switch result {
        case .found(let offset, let entry): .committed(offset: offset, entry: entry)
        case .absent(let end): .committedSomewhere(offset: offset, .bound(offset: end))
        case .open(let end): .committedSomewhere(offset: offset, end)
        }
    }

    fileprivate static func absent(_ isExcluded: Bool) -> RecordOutcome { isExcluded ? .never : .pending(entry: nil) }

    fileprivate static func forgotten(_ result: OutcomeSearch.Result, _ isExcluded: Bool) -> RecordOutcome {
        switch result {
        case .found(let offset, let entry): .committed(offset: offset, entry: entry)
        case .absent: .absent(isExcluded)
        case .open(let end): .unknown(end)
        }
    }
}
