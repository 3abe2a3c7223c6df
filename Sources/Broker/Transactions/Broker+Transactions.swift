import Planted

/// Transactional ids and their transactions, as commands change them.
extension Broker {
    mutating func initializeTransaction(
        _ name: String, timeoutMilliseconds: Int32, expected: ProducerIdentity?
    ) -> ApplyResult {
        guard let slot = transactions.slot(named: name) else {
            if transactions.transactions.count >= Transaction.Limits.transactions {
                return .refused(.tooManyTransactions)
            }
            let producer = allocateProducer(bumping: nil)
            transactions.insert(
                Transaction(
                    name: name, producer: producer, timeoutMilliseconds: timeoutMilliseconds, updatedAt: clock))
            return .transactionInitialized(producer)
        }
        if let refusal = transactions[slot].refusalToRenew(expected) { return .refused(refusal) }
        if transactions[slot].isOngoing { return .refused(.concurrentTransactions) }
        return .transactionInitialized(renew(slot, timeoutMilliseconds: timeoutMilliseconds, expected: expected))
    }

    /// A plain producer cannot bump the epoch of a transactional one.
    mutating func allocateProducer(bumping: ProducerIdentity?) -> ProducerIdentity {
        let isForeign = bumping.map { transactions.slot(producer: $0.id) != nil } ?? false
        return registry.allocate(
            bumping: isForeign ? nil : bumping, now: clock, expiration: limits.producerExpirationMilliseconds)
    }

    /// The next epoch, for the one that held `expected` or for a new incarnation.
    private mutating func renew(
        _ slot: Int, timeoutMilliseconds: Int32, expected: ProducerIdentity?
    ) -> ProducerIdentity {
        let isRepeated = expected.map { $0.epoch != transactions[slot].producer.epoch } ?? false
        if !isRepeated { bump(slot, isAskedFor: expected != nil) }
        transactions.update(slot) { transaction in
            transaction.timeoutMilliseconds = timeoutMilliseconds
            transaction.clear(.empty, at: clock)
        }
        return transactions[slot].producer
    }

    /// When the epochs of a producer id are used up there is a new id.
    private mutating func bump(_ slot: Int, isAskedFor: Bool) {
        #if DEBUG
        if Planted.has(.transactionsNotFenced) { return }
        #endif
        let old = transactions[slot].producer
        let isUsedUp = old.epoch >= Int16.max - 1
        let new = isUsedUp ? allocateProducer(bumping: nil) : ProducerIdentity(id: old.id, epoch: old.epoch + 1)
        registry.note(new)
        transactions.update(slot) { transaction in
            transaction.producer = new
            transaction.lastEpoch = isAskedFor && !isUsedUp ? old.epoch : -1
        }
    }

    mutating func addToTransaction(
        _ name: String, _ producer: ProducerIdentity, _ partitions: [PartitionKey], group: String?
    ) -> ApplyResult {
        change(name, producer) { transaction, index, clock in
            var begun = transaction
            if !begun.isOngoing {
                begun.clear(.ongoing, at: clock)
                begun.startIndex = index
                begun.startedAt = clock
            }
            if let refusal = begun.add(partitions, group: group) { return .refused(refusal) }
            begun.updatedAt = clock
            transaction = begun
            return .addedToTransaction
        }
    }

    mutating func addTransactionOffsets(
        _ name: String, _ producer: ProducerIdentity, group: String, _ offsets: [CommittedOffset]
    ) -> ApplyResult {
        // As for a plain commit: partitions that are not there are left out, and told.
        let known = offsets.filter { partition($0.key) != nil }
        let result = change(name, producer) { transaction, _, _ in
            transaction.add(known, group: group).map { .refused($0) } ?? .addedToTransaction
        }
        guard case .addedToTransaction = result else { return result }
        return .offsetsCommitted(unknown: offsets.filter { partition($0.key) == nil }.map(\.key))
    }

    private mutating func change(
        _ name: String, _ producer: ProducerIdentity,
        _ change: (inout Transaction, _ index: UInt64, _ clock: Int64) -> ApplyResult
    ) -> ApplyResult {
        guard let slot = transactions.slot(named: name) else { return .refused(.unknownTransaction) }
        if let refusal = transactions[slot].refusal(of: producer) { return .refused(refusal) }
        let (index, clock) = (appliedIndex, clock)
        return transactions.update(slot) { change(&$0, index, clock) }
    }

    /// Markers, offsets and visibility, together.
    mutating func endTransaction(_ end: TransactionEnd) -> ApplyResult {
        guard let slot = transactions.slot(named: end.name), transactions[slot].isOngoing,
            transactions[slot].producer == end.producer
        else { return .refused(.invalidTransactionState) }
        if case .initialize(_, let expected) = end.next, let refusal = transactions[slot].refusalToRenew(expected) {
            return .refused(refusal)
        }
        for item in end.table.items { mark(item, commits: end.commits) }
        if end.commits {
            for group in transactions[slot].groups { _ = commitOffsets(group.group, group.offsets) }
        }
        transactions.update(slot) { $0.clear(end.commits ? .committed : .aborted, at: clock) }
        switch end.next {
        case .keep: break
        case .fence: bump(slot, isAskedFor: false)
        case .initialize(let timeout, let expected):
            _ = renew(slot, timeoutMilliseconds: timeout, expected: expected)
        }
        return .transactionEnded(producer: transactions[slot].producer)
    }

    /// A partition that was deleted since gets no marker.
    private mutating func mark(_ item: ProduceItem, commits: Bool) {
        guard let slot = directory.slot(item.key.topic),
            Int(item.key.partition) < directory.topics[slot].partitions.count
        else { return }
        let partition = Int(item.key.partition)
        directory.topics[slot].partitions[partition].appendMarker(
            item, index: appliedIndex, epoch: LeaderEpochs.epoch(of: appliedTerm), commits: commits)
        if !directory.topics[slot].partitions[partition].isListed { list(item.key, slot: slot) }
    }

    /// Whether a transactional batch belongs to an open transaction; nil if so.
    func refusalOfTransactional(_ producer: ProducerIdentity, in key: PartitionKey) -> BrokerError? {
        #if DEBUG
        if Planted.has(.takesLateTransactional) { return nil }
        #endif
        guard let slot = transactions.slot(producer: producer.id) else { return .invalidTransactionState }
        let transaction = transactions[slot]
        if transaction.producer.epoch != producer.epoch {
            return .invalidProducerEpoch(current: transaction.producer.epoch)
        }
        return transaction.isOngoing && transaction.contains(key) ? nil : .invalidTransactionState
    }
}

extension Transaction {
    /// The owner of `expected` may have the next epoch if its own is the current one, or was before it had it bumped.
    package func refusalToRenew(_ expected: ProducerIdentity?) -> BrokerError? {
        guard let expected else { return nil }
        let isCurrent = expected.epoch == producer.epoch || (lastEpoch >= 0 && expected.epoch == lastEpoch)
        return expected.id == producer.id && isCurrent ? nil : .producerFenced
    }
}

/// Reading.
extension Broker {
    package func transaction(named name: String) -> Transaction? {
        transactions.slot(named: name).map { transactions[$0] }
    }

    package func transaction(ofProducer id: Int64) -> Transaction? {
        transactions.slot(producer: id).map { transactions[$0] }
    }

    /// In no meaningful order.
    package var allTransactions: [Transaction] { transactions.transactions }

    /// Names of the open ones, in order.
    package var ongoingTransactions: [String] { transactions.ongoing }

    /// `expireTransactions` would change something.
    package func hasExpiredTransactions(before time: Int64) -> Bool { transactions.hasExpired(before: confirmed(time)) }

    /// Partitions for which an open transaction holds offsets of the group, in no meaningful order (KIP-447).
    package func unstableOffsets(ofGroup name: String) -> [PartitionKey] {
        transactions.ongoing.flatMap { open -> [PartitionKey] in
            guard let slot = transactions.slot(named: open), let place = transactions[slot].position(ofGroup: name)
            else { return [] }
            return transactions[slot].groups[place].offsets.map(\.key)
        }
    }
}
