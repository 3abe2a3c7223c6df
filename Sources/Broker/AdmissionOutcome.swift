/// The leader's answer to one produce field. An accepted batch is acknowledged when the entry it went into is
/// applied and does not list it as rejected.
package enum AdmissionOutcome: Equatable, Sendable {
    /// In the open entry. `logAppendTime` is -1 for create time.
    case accepted(baseOffset: Int64, logAppendTime: Int64, logStartOffset: Int64)
    /// Applied before: acknowledge now.
    case duplicate(baseOffset: Int64, logAppendTime: Int64, logStartOffset: Int64)
    /// Accepted before, not yet applied: acknowledge when entry `index` is, or, when nil, the entry still open.
    /// `baseOffset` is -1 when it is more than five batches ago (Kafka: duplicate sequence, 46, which is success).
    case pendingDuplicate(baseOffset: Int64, logAppendTime: Int64, logStartOffset: Int64, index: UInt64?)
    case rejected(BrokerError)
}
