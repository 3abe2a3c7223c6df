/// A transactional id and the newest transaction under it (KIP-98).
package struct Transaction: Equatable, Sendable {
    package enum Phase: UInt8, Sendable {
        /// Given out or fenced, and nothing begun since.
        case empty = 0
        case ongoing = 1
        case committed = 2
        case aborted = 3
    }

    /// What one transaction, and one cluster, may hold.
    package enum Limits {
        package static let partitions = 10_000
        package static let groups = 1_000
        package static let offsets = 10_000
        package static let transactions = 100_000
    }

    /// Offsets to be committed with the transaction.
    package struct GroupOffsets: Equatable, Sendable {
        package let group: String
        /// In order of their keys.
        package internal(set) var offsets: [CommittedOffset] = []
    }

    /// The transactional id.
    package let name: String
    package internal(set) var producer: ProducerIdentity
    /// The epoch before, if its owner asked for the next one: it may ask again when it did not hear the answer
    /// (KIP-360). -1 for none.
    package internal(set) var lastEpoch: Int16 = -1
    package internal(set) var timeoutMilliseconds: Int32
    package internal(set) var phase = Phase.empty
    /// Those that have been added, in order.
    package internal(set) var partitions: [PartitionKey] = []
    /// In order of the groups' names.
    package internal(set) var groups: [GroupOffsets] = []
    /// Log index of the entry that began it: tells one transaction of the id from the next.
    package internal(set) var startIndex: UInt64 = 0
    /// By the log's clock, milliseconds since 1970; -1 before the first.
    package internal(set) var startedAt: Int64 = -1
    /// When its state changed last, by the log's clock.
    package internal(set) var updatedAt: Int64

    package init(name: String, producer: ProducerIdentity, timeoutMilliseconds: Int32, updatedAt: Int64) {
        self.name = name
        self.producer = producer
        self.timeoutMilliseconds = timeoutMilliseconds
        self.updatedAt = updatedAt
    }

    package var isOngoing: Bool { phase == .ongoing }

    package func contains(_ key: PartitionKey) -> Bool {
        let position = partitions.lowerBound { $0 < key }
        return position < partitions.count && partitions[position] == key
    }

    func position(ofGroup name: String) -> Int? {
        let position = groups.lowerBound { $0.group < name }
        return position < groups.count && groups[position].group == name ? position : nil
    }

    /// Whoever speaks as `identity` may go on with this transaction; nil if so.
    package func refusal(of identity: ProducerIdentity) -> BrokerError? {
        if identity.id != producer.id { return .unknownTransaction }
        return identity.epoch == producer.epoch ? nil : .producerFenced
    }

    /// Partitions and a group join. Refused whole when there would be too many.
    mutating func add(_ keys: [PartitionKey], group: String?) -> BrokerError? {
        var joined = partitions
        for key in keys {
            let position = joined.lowerBound { $0 < key }
            if position == joined.count || joined[position] != key { joined.insert(key, at: position) }
        }
        if joined.count > Limits.partitions { return .transactionTooLarge }
        if let group, position(ofGroup: group) == nil {
            if groups.count >= Limits.groups { return .transactionTooLarge }
            groups.insert(GroupOffsets(group: group), at: groups.lowerBound { $0.group < group })
        }
        partitions = joined
        return nil
    }

    /// Keeps offsets until the end.
    mutating func add(_ offsets: [CommittedOffset], group: String) -> BrokerError? {
        guard isOngoing, let place = position(ofGroup: group) else { return .invalidTransactionState }
        if groups.reduce(offsets.count, { $0 + $1.offsets.count }) > Limits.offsets { return .transactionTooLarge }
        for offset in offsets {
            let position = groups[place].offsets.lowerBound { $0.key < offset.key }
            if position < groups[place].offsets.count, groups[place].offsets[position].key == offset.key {
                groups[place].offsets[position] = offset
            } else {
                groups[place].offsets.insert(offset, at: position)
            }
        }
        return nil
    }

    /// It has ended, or its id was given out anew.
    mutating func clear(_ phase: Phase, at now: Int64) {
        self.phase = phase
        partitions = []
        groups = []
        updatedAt = now
    }
}
