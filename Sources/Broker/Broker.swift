import Bytes

/// The replicated state machine. A value: no clock, no I/O, no randomness; the same commands give the same state and
/// the same answers everywhere. A copy shares memory and may be encoded on another thread.
package struct Broker: Sendable {
    /// The last entry applied; 0 before the first.
    package internal(set) var appliedIndex: UInt64 = 0
    package internal(set) var appliedTerm: UInt64 = 0
    /// The largest timestamp of an entry so far, milliseconds since 1970: the only time the machine knows.
    package internal(set) var clock: Int64 = 0
    /// Stamps from here on, by the log's clock, may be too early; see `confirmTime`.
    package internal(set) var doubtedSince: Int64?
    var storageTimes = StorageTimes()
    package internal(set) var limits = BrokerLimits()
    var directory = TopicDirectory()
    var registry = ProducerRegistry()
    var groups = GroupDirectory()
    package internal(set) var quotas = QuotaTable()
    var transactions = TransactionDirectory()
    /// Partitions that may have rows in memory, each once. Node-local, like the division of the indexes itself.
    var unsealed: [PartitionKey] = []

    /// The state before the first command. Limits are at their defaults until a `setLimits` command.
    package init() {}
}
