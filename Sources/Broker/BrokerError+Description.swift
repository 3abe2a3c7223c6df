import Records

extension BrokerError: CustomStringConvertible {
    /// For people: gateways pass it on as the error message where their protocol has room for one.
    package var description: String {
        switch self {
        case .unknownTopic: "there is no such topic"
        case .unknownPartition: "there is no such partition"
        case .topicExists(let name): "topic '\(name)' exists already"
        case .invalidTopicName(let name, let fault): "topic name '\(name)' is not allowed: \(fault)"
        case .topicNameCollision(let name, let existing):
            "topic name '\(name)' differs from '\(existing)' only in '.' and '_'"
        case .invalidTopicID: "the topic id is reserved or belongs to another topic"
        case .invalidPartitionCount(let count, let limit): "\(count) partitions: a topic may have 1 to \(limit)"
        case .partitionCountNotLarger(let current, let requested):
            "the topic has \(current) partitions and cannot be changed to \(requested): partitions are only added"
        case .tooManyTopics(let limit): "the cluster's limit of \(limit) topics is reached"
        case .tooManyPartitions(let limit): "the cluster's limit of \(limit) partitions is reached"
        case .unknownConfig(let name): "unknown topic configuration '\(name)'"
        case .invalidConfig(let name, let value, let expected): "\(name) cannot be '\(value)': expected \(expected)"
        case .duplicateConfig(let name): "topic configuration '\(name)' is given twice"
        case .invalidBatch(let reason): "\(reason)"
        case .messageTooLarge(let size, let limit): "a batch of \(size) bytes, the topic allows \(limit)"
        case .timestampOutOfRange(let timestamp, let now): "timestamp \(timestamp) is too far from now, \(now)"
        case .severalIdempotentBatches: "several batches in one request for a partition, from an idempotent producer"
        case .transactionMismatch: "a batch that does not say rightly whether it belongs to a transaction"
        case .keyMissing(let positions):
            "a compacted topic takes no record without a key, and \(positions.count) of the batch have none"
        case .unreadableRecords: "compressed records that cannot be read, in a compacted topic"
        case .invalidTransactionState: "there is no open transaction that this belongs to"
        case .unknownTransaction: "the transactional id is not known with this producer id"
        case .producerFenced: "another producer has taken over this transactional id"
        case .concurrentTransactions: "the transaction before has not ended yet"
        case .transactionTooLarge: "too many partitions, groups or offsets in one transaction"
        case .tooManyTransactions: "the limit of \(Transaction.Limits.transactions) transactional ids is reached"
        case .invalidProducerEpoch(let current): "a newer epoch of this producer exists: \(current)"
        case .outOfOrderSequence(let expected):
            expected.map { "records before these are missing: sequence \($0) is expected" }
                ?? "records before these are missing: this producer is not known here"
        case .duplicateSequence: "these records are stored, too long ago to say where"
        case .offsetOutOfRange(let start, let end): "the partition has offsets \(start) to \(end)"
        case .unknownGroup: "there is no such group"
        case .groupNotEmpty: "the group has members"
        case .offsetsExhausted: "the partition has used up all offsets"
        case .entryFull: "the node is busy with a full entry; try again"
        case .replacedMeanwhile: "the batches have been replaced in the meantime"
        case .offsetMismatch(let expected, let found): "end offset \(found) where the leader had \(expected)"
        }
    }
}
