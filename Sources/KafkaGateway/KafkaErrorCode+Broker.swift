import Broker
import KafkaWire
import Records

extension KafkaErrorCode {
    /// The code by which Kafka says the same.
    init(_ error: BrokerError) {
        switch error {
        case .unknownTopic, .unknownPartition: self = .unknownTopicOrPartition
        case .topicExists: self = .topicAlreadyExists
        case .invalidTopicName, .topicNameCollision: self = .invalidTopicException
        case .invalidTopicID: self = .invalidRequest
        case .invalidPartitionCount, .partitionCountNotLarger: self = .invalidPartitions
        case .tooManyTopics, .tooManyPartitions: self = .policyViolation
        case .unknownConfig, .invalidConfig, .duplicateConfig: self = .invalidConfig
        case .invalidBatch(let reason): self = KafkaErrorCode(reason)
        case .messageTooLarge: self = .messageTooLarge
        case .timestampOutOfRange: self = .invalidTimestamp
        case .severalIdempotentBatches: self = .invalidRecord
        case .transactionMismatch, .keyMissing, .unreadableRecords: self = .invalidRecord
        case .invalidTransactionState: self = .invalidTxnState
        case .unknownTransaction: self = .invalidProducerIdMapping
        case .producerFenced: self = .producerFenced
        case .concurrentTransactions: self = .concurrentTransactions
        case .transactionTooLarge, .tooManyTransactions: self = .policyViolation
        case .invalidProducerEpoch: self = .invalidProducerEpoch
        case .outOfOrderSequence: self = .outOfOrderSequenceNumber
        case .duplicateSequence: self = .duplicateSequenceNumber
        case .offsetOutOfRange: self = .offsetOutOfRange
        case .unknownGroup: self = .groupIdNotFound
        case .groupNotEmpty: self = .nonEmptyGroup
        case .entryFull: self = .requestTimedOut
        case .offsetsExhausted, .offsetMismatch, .replacedMeanwhile: self = .kafkaStorageError
        }
    }
}
