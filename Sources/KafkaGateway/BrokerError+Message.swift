import Broker

extension BrokerError {
    /// For the user of a client.
    var message: String {
        switch self {
        case .unknownTopic: "the topic does not exist"
        case .unknownPartition: "the partition does not exist"
        case .topicExists(let name): "topic '\(name)' already exists"
        case .invalidTopicName(_, let fault): Self.message(fault)
        case .topicNameCollision(let name, let existing):
            "topic '\(name)' and the existing '\(existing)' differ in '.' and '_' only"
        case .invalidTopicID: "the topic id is taken"
        case .invalidPartitionCount(let count, let limit): "\(count) partitions; 1 to \(limit) are allowed"
        case .partitionCountNotLarger(let current, let requested):
            "the topic has \(current) partitions; \(requested) is not more"
        case .tooManyTopics(let limit): "the cluster's limit of \(limit) topics is reached"
        case .tooManyPartitions(let limit): "the cluster's limit of \(limit) partitions is reached"
        case .unknownConfig(let name): "unknown topic configuration '\(name)'"
        case .invalidConfig(let name, let value, let expected): "'\(value)' is no value for \(name): \(expected)"
        case .duplicateConfig(let name): "'\(name)' is set twice"
        default: batchMessage
        }
    }

    private var batchMessage: String {
        switch self {
        case .invalidBatch(let reason): "\(reason)"
        case .messageTooLarge(let size, let limit): "a batch of \(size) bytes; max.message.bytes is \(limit)"
        case .timestampOutOfRange(let timestamp, let now): "timestamp \(timestamp) is too far from the time, \(now)"
        case .severalIdempotentBatches: "an idempotent producer sends one batch for each partition"
        case .transactionalBatch: "transactions are not supported"
        case .invalidProducerEpoch(let current): "the producer's epoch is \(current) now"
        case .outOfOrderSequence(let expected): "out of order; expected sequence \(expected.map { "\($0)" } ?? "0")"
        case .duplicateSequence: "these records are stored already"
        case .offsetOutOfRange(let start, let end): "the log reaches from \(start) to \(end)"
        case .offsetsExhausted: "the partition has used up all offsets"
        case .entryFull: "the log entry is full"
        case .offsetMismatch(let expected, let found): "offset \(found) instead of \(expected)"
        default: "\(self)"
        }
    }

    private static func message(_ fault: TopicNameFault) -> String {
        switch fault {
        case .empty: "the topic name is empty"
        case .tooLong: "the topic name is longer than \(TopicName.maximumLength) characters"
        case .dots: "a topic cannot be named '.' or '..'"
        case .character: "a topic name consists of letters, digits, '.', '_' and '-'"
        }
    }
}
