/// When a produced record counts as delivered.
public enum Acknowledgement: Sendable {
    /// Once it is sent: nothing is ever known about it.
    case none
    /// Once the leader has it. Holdfast answers only after a majority has it on disk all the same.
    case leader
    /// Once a majority of the nodes has it on disk, fsynced.
    case quorum

    var code: Int16 {
        switch self {
        case .none: 0
        case .leader: 1
        case .quorum: -1
        }
    }
}

/// What became of one record.
public struct Delivery: Sendable {
    public enum Outcome: Equatable, Sendable {
        /// Acknowledged, with its offset.
        case stored(offset: Int64)
        /// Acknowledged at an earlier attempt whose answer was lost; the cluster no longer knows the offset.
        case storedEarlier
        /// Sent without asking for an acknowledgement.
        case unconfirmed
        /// Not acknowledged. With `mayBeStored`, an attempt was made whose outcome is not known.
        case failed(HoldfastError, mayBeStored: Bool)
    }

    /// What `HoldfastProducer.send` returned for it.
    public let ticket: UInt64
    public let topic: String
    public let partition: Int32
    public let outcome: Outcome
}
