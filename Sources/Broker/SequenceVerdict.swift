/// What a batch's producer epoch and sequence mean against what is stored.
enum SequenceVerdict: Equatable, Sendable {
    /// The next batch of this producer.
    case next
    /// One of the last five, exactly: answered like the first time.
    case duplicate(ProducerState.Batch)
    case refused(BrokerError)
}
