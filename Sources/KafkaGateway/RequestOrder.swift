import KafkaWire

/// What of the replicated state a request may change or tell of.
struct StateParts: OptionSet {
    let rawValue: UInt8

    static let records = StateParts(rawValue: 1)
    /// With their partitions and settings.
    static let topics = StateParts(rawValue: 2)
    /// Members' offsets included.
    static let groups = StateParts(rawValue: 4)
    static let transactions = StateParts(rawValue: 8)
    static let quotas = StateParts(rawValue: 16)
}

/// Kafka carries out the requests of a connection one after the other ("Network" in its protocol guide); here the next
/// one begins while entries of those before it are on their way. A request that would show the difference waits.
extension ApiKey {
    /// What a request of this kind that is not answered yet may still change.
    var changes: StateParts {
        switch self {
        case .produce, .deleteRecords: .records
        case .createTopics, .deleteTopics, .createPartitions, .alterConfigs, .incrementalAlterConfigs: .topics
        case .offsetCommit, .offsetDelete, .deleteGroups, .leaveGroup: .groups
        case .initProducerId, .addPartitionsToTxn, .addOffsetsToTxn: .transactions
        case .txnOffsetCommit: [.groups, .transactions]
        case .endTxn: [.records, .groups, .transactions]
        case .alterClientQuotas: .quotas
        default: []
        }
    }

    /// What a request of this kind tells of, or goes by. Fetch polls, so it need not know what is not stored yet; what
    /// is only proposed is in the order in which it came.
    var reads: StateParts {
        switch self {
        case .produce: [.topics, .transactions]
        case .listOffsets, .deleteRecords, .describeLogDirs, .offsetForLeaderEpoch: [.records, .topics]
        case .fetch, .metadata, .describeTopicPartitions, .describeConfigs, .createTopics, .deleteTopics,
            .createPartitions, .alterConfigs, .incrementalAlterConfigs:
            .topics
        case .offsetFetch: [.groups, .transactions]
        case .listGroups, .describeGroups, .consumerGroupDescribe, .offsetDelete, .deleteGroups: .groups
        case .initProducerId, .addPartitionsToTxn, .addOffsetsToTxn, .txnOffsetCommit, .endTxn, .describeTransactions,
            .listTransactions:
            .transactions
        case .describeProducers: [.records, .transactions]
        case .describeClientQuotas: .quotas
        default: []
        }
    }
}

/// The changes that were asked for on a connection and are not answered yet, but for produce requests, which their
/// gates count.
struct PendingChanges {
    private var changes: [(ticket: ResponseQueue.Ticket, parts: StateParts)] = []

    mutating func add(_ parts: StateParts, _ ticket: ResponseQueue.Ticket) { changes.append((ticket, parts)) }

    /// What they may still change.
    mutating func parts(_ responses: ResponseQueue) -> StateParts {
        if !changes.isEmpty { changes.removeAll { responses.isAnswered($0.ticket) } }
        return changes.reduce(responses.gatedCount > 0 ? .records : []) { $0.union($1.parts) }
    }
}
