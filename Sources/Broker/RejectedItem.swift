/// A row of a produce entry that was not taken: the topic was deleted in between.
package struct RejectedItem: Equatable, Sendable {
    package var key: PartitionKey
    /// Offsets the leader had given out, `baseOffset ..< baseOffset + recordCount`; they belong to nothing.
    package var baseOffset: Int64
    package var recordCount: UInt32
    package var error: BrokerError
}
