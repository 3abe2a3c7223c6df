/// Everything that changes the broker's state, as it is written to the log. Commands are proposed by the leader only.
package enum Command: Equatable, Sendable {
    /// `partitionCount` is at least 1 (the gateway has put in the default). `configs` has each name once.
    case createTopic(name: String, id: TopicID, partitionCount: UInt32, configs: [ConfigEntry])
    case deleteTopic(number: UInt32)
    /// `total` partitions altogether, more than now.
    case createPartitions(topic: UInt32, total: UInt32)
    /// With `replacesAll`, configurations not named return to their defaults (Kafka's AlterConfigs); without, they stay
    /// (IncrementalAlterConfigs).
    case setTopicConfigs(topic: UInt32, changes: [ConfigChange], replacesAll: Bool)
    /// InitProducerId without a transactional id. With `bumping`, the same id with the next epoch if the id is
    /// known, not bumped since and not used up; otherwise a new id.
    case allocateProducer(bumping: ProducerIdentity?)
    case produce(ProduceTable)
    /// DeleteRecords and retention: records before `offset` go (-1: all there are). Never moves backwards.
    case deleteRecords(PartitionKey, before: Int64)
    /// Made by the leader's upkeep, with the batches behind it.
    case replaceBatches(Replacement)
    /// Proposed by a leader whose configuration differs from the replicated limits.
    case setLimits(BrokerLimits)
    /// The members of a group have agreed, or the last one has left.
    case storeGroup(GroupGeneration)
    /// A group of the consumer protocol (KIP-848) has taken a step.
    case changeMembership(ConsumerMembershipChange)
    case commitOffsets(group: String, offsets: [CommittedOffset])
    case deleteGroup(String)
    case deleteOffsets(group: String, keys: [PartitionKey])
    /// Proposed by the leader when its clock says so.
    case expireOffsets(before: Int64)
    /// `changes` has each kind once. An entity without quotas is forgotten.
    case setQuotas(QuotaEntity, changes: [QuotaChange])
    /// InitProducerId with a transactional id that has no open transaction. `expected`: it is asked for by the one that
    /// held this identity (KIP-360).
    case initializeTransaction(name: String, timeoutMilliseconds: Int32, expected: ProducerIdentity?)
    /// Partitions and a group join the producer's transaction, which begins with the first.
    case addToTransaction(name: String, producer: ProducerIdentity, partitions: [PartitionKey], group: String?)
    /// Offsets that are committed with the transaction.
    case addTransactionOffsets(
        name: String, producer: ProducerIdentity, group: String, offsets: [CommittedOffset])
    /// Made by `Admission.endTransaction`, with the markers behind it.
    case endTransaction(TransactionEnd)
    /// Transactional ids without an open transaction and idle since before this time. Proposed by the leader when its
    /// clock says so.
    case expireTransactions(before: Int64)
    /// Proposed by a leader whose clock is not behind the others'; it is not later than this.
    case confirmTime(Int64)
    /// Proposed by one whose clock is behind; since the log's clock stood here at the earliest.
    case doubtTime(since: Int64)
}
