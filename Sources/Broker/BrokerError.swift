import Records

/// Why the broker refuses a command or a batch: a reply value, the same on every replica, never a failure of the
/// machine. Gateways map it to their protocol's codes; the number in brackets is Kafka's.
package enum BrokerError: Error, Equatable, Sendable {
    /// [3]
    case unknownTopic
    /// [3]
    case unknownPartition
    /// [36]
    case topicExists(name: String)
    /// [17]
    case invalidTopicName(String, TopicNameFault)
    /// [17] The names differ only in '.' and '_', which metrics cannot tell apart.
    case topicNameCollision(name: String, existing: String)
    /// [42] The id is reserved, or belongs to another topic.
    case invalidTopicID
    /// [37] Not positive, or above `limit` partitions.
    case invalidPartitionCount(Int, limit: Int)
    /// [37] Partitions are only ever added.
    case partitionCountNotLarger(current: Int, requested: Int)
    /// [44] The cluster's limit of topics or of partitions is reached.
    case tooManyTopics(limit: Int)
    case tooManyPartitions(limit: Int)
    /// [40]
    case unknownConfig(name: String)
    /// [40]
    case invalidConfig(name: String, value: String, expected: String)
    /// [40]
    case duplicateConfig(name: String)
    /// [2] for a checksum, [43] for the format, [87] for the rest
    case invalidBatch(RecordError)
    /// [10]
    case messageTooLarge(size: Int, limit: Int)
    /// [32]
    case timestampOutOfRange(timestamp: Int64, now: Int64)
    /// [87] Several batches in one field, and one of them is from an idempotent producer.
    case severalIdempotentBatches
    /// [87] A transactional batch without a producer, or a plain one of a producer amid a transaction.
    case transactionMismatch
    /// [87] Records without a key, in a topic that is compacted: their positions in the batch, from 0.
    case keyMissing(at: [Int32])
    /// [87] Records of such a topic are compressed in a way that cannot be read.
    case unreadableRecords
    /// [48] There is no open transaction, or the partition or group was not added to it.
    case invalidTransactionState
    /// [49] The transactional id is not known, or has another producer id.
    case unknownTransaction
    /// [90] Another incarnation has taken over the transactional id.
    case producerFenced
    /// [51] The transaction is open, or about to end; to be tried again.
    case concurrentTransactions
    /// [44] Too many partitions, groups or offsets in one transaction.
    case transactionTooLarge
    /// [44]
    case tooManyTransactions
    /// [47] A newer epoch of this producer exists.
    case invalidProducerEpoch(current: Int16)
    /// [45] Records before these are missing; `expected` is the next sequence, nil when the producer is new here.
    case outOfOrderSequence(expected: Int32?)
    /// [46] These records are stored, but too long ago to say at which offset.
    case duplicateSequence
    /// [1]
    case offsetOutOfRange(logStart: Int64, end: Int64)
    /// [69]
    case unknownGroup
    /// [68]
    case groupNotEmpty
    /// [56] The partition has used up all offsets.
    case offsetsExhausted
    /// [7] The open log entry is full; the shell seals it and tries again.
    case entryFull
    /// Not told to clients: the batches to be replaced are others by now.
    case replacedMeanwhile
    /// [56] `apply` found another end offset than the leader did. Never happens while our own invariants hold.
    case offsetMismatch(expected: Int64, found: Int64)
}
