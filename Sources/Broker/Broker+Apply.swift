import Bytes

extension Broker {
    /// Applies one committed entry. `timestamp` is what the leader stamped on it, milliseconds since 1970. Of a
    /// produce entry `payload` may be just the prefix (`ProduceTable.prefixLength(of:)`). Refusals are results; a
    /// fault means that the log is not what this machine wrote, and the node must stop.
    package mutating func apply(
        index: UInt64, term: UInt64, timestamp: Int64, payload: ByteSlice
    ) throws(BrokerFault) -> ApplyResult {
        if index <= appliedIndex { throw .outOfOrder(index: index, applied: appliedIndex) }
        let command: Command
        do {
            command = try Command.decode(payload)
        } catch {
            throw .undecodable(index: index, error)
        }
        noteTerm(term)
        appliedIndex = index
        appliedTerm = term
        clock = max(clock, timestamp)
        storageTimes.note(index, at: clock)
        return perform(command)
    }

    /// What the command would be answered now, without doing it (CreateTopics with validate_only).
    package func preview(_ command: Command) -> ApplyResult {
        var copy = self
        return copy.perform(command)
    }

    private mutating func perform(_ command: Command) -> ApplyResult {
        switch command {
        case .createTopic(let name, let id, let partitionCount, let configs):
            createTopic(name: name, id: id, partitionCount: partitionCount, configs: configs)
        case .deleteTopic(let number): deleteTopic(number)
        case .createPartitions(let topic, let total): createPartitions(topic, total: total)
        case .setTopicConfigs(let topic, let changes, let replacesAll):
            setTopicConfigs(topic, changes, replacesAll: replacesAll)
        case .allocateProducer(let bumping):
            .producerAllocated(allocateProducer(bumping: bumping))
        case .produce(let table): .produced(rejected: produce(table))
        case .deleteRecords(let key, let before): deleteRecords(key, before: before)
        case .replaceBatches(let replacement): replaceBatches(replacement)
        case .setLimits(let limits): setLimits(limits)
        case .storeGroup(let generation): storeGroup(generation)
        case .changeMembership(let change): changeMembership(change)
        case .commitOffsets(let group, let offsets): commitOffsets(group, offsets)
        case .deleteGroup(let group): deleteGroup(group)
        case .deleteOffsets(let group, let keys): deleteOffsets(group, keys)
        case .expireOffsets(let time): expireOffsets(before: time)
        case .setQuotas(let entity, let changes): setQuotas(entity, changes)
        case .initializeTransaction(let name, let timeout, let expected):
            initializeTransaction(name, timeoutMilliseconds: timeout, expected: expected)
        case .addToTransaction(let name, let producer, let partitions, let group):
            addToTransaction(name, producer, partitions, group: group)
        case .addTransactionOffsets(let name, let producer, let group, let offsets):
            addTransactionOffsets(name, producer, group: group, offsets)
        case .endTransaction(let end): endTransaction(end)
        case .expireTransactions(let time): expireTransactions(before: time)
        case .confirmTime(let time): confirmTime(time)
        case .doubtTime(let time): doubtTime(since: time)
        }
    }

    private mutating func expireTransactions(before time: Int64) -> ApplyResult {
        transactions.expire(before: confirmed(time))
        return .transactionsExpired
    }

    private mutating func setLimits(_ limits: BrokerLimits) -> ApplyResult {
        self.limits = limits
        return .limitsSet
    }

    private mutating func setQuotas(_ entity: QuotaEntity, _ changes: [QuotaChange]) -> ApplyResult {
        quotas.set(entity, changes, index: appliedIndex)
        return .quotasSet
    }

    private mutating func produce(_ table: ProduceTable) -> [RejectedItem] {
        let epoch = LeaderEpochs.epoch(of: appliedTerm)
        let expiration = limits.producerExpirationMilliseconds
        var rejected: [RejectedItem] = []
        for item in table.items {
            var refusal: BrokerError?
            if let slot = directory.slot(item.key.topic),
                Int(item.key.partition) < directory.topics[slot].partitions.count
            {
                let producer = ProducerIdentity(id: item.producerId, epoch: item.producerEpoch)
                if item.isTransactional { refusal = refusalOfTransactional(producer, in: item.key) }
                let partition = Int(item.key.partition)
                refusal = refusal ?? directory.topics[slot].partitions[partition].append(
                    item, index: appliedIndex, epoch: epoch, now: clock, expiration: expiration)
                if !directory.topics[slot].partitions[partition].isListed { list(item.key, slot: slot) }
            } else {
                refusal = .unknownPartition
            }
            if let refusal {
                rejected.append(
                    RejectedItem(
                        key: item.key, baseOffset: item.baseOffset, recordCount: item.recordCount, error: refusal))
            }
        }
        return rejected
    }

    private mutating func deleteRecords(_ key: PartitionKey, before: Int64) -> ApplyResult {
        guard let slot = directory.slot(key.topic) else { return .refused(.unknownTopic) }
        let partition = Int(key.partition)
        guard partition < directory.topics[slot].partitions.count else { return .refused(.unknownPartition) }
        if let logStart = directory.topics[slot].partitions[partition].trim(before: before) {
            return .recordsDeleted(logStartOffset: logStart)
        }
        let state = directory.topics[slot].partitions[partition]
        return .refused(.offsetOutOfRange(logStart: state.logStartOffset, end: state.endOffset))
    }
}
