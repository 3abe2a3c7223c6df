/// The broker's answer to a command: the same on every replica.
package enum ApplyResult: Equatable, Sendable {
    case topicCreated(number: UInt32)
    case topicDeleted
    case partitionsCreated
    case configsSet
    case producerAllocated(ProducerIdentity)
    /// Everything was taken but `rejected`, which is normally empty.
    case produced(rejected: [RejectedItem])
    case recordsDeleted(logStartOffset: Int64)
    case limitsSet
    /// Everything was taken but parts in these partitions, which have changed in between.
    case replaced(refused: [PartitionKey])
    case groupStored
    case membershipChanged
    /// Everything was taken but offsets of partitions that do not exist.
    case offsetsCommitted(unknown: [PartitionKey])
    case groupDeleted
    case offsetsDeleted
    case offsetsExpired
    case quotasSet
    case transactionInitialized(ProducerIdentity)
    case addedToTransaction
    /// `producer`: what the transactional id has now.
    case transactionEnded(producer: ProducerIdentity)
    case transactionsExpired
    case timeConfirmed
    case timeDoubted
    case refused(BrokerError)
}
