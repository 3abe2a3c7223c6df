import Bytes

/// A closed batch, from then until its records are delivered.
final class ProducerBatch {
    /// Position of its partition in the producer's list.
    let partition: Int
    let bytes: ByteSlice
    /// Of its records, in order.
    let tickets: [UInt64]
    /// When its first record was accepted.
    let createdAt: UInt64
    /// Given with the first attempt, and kept for all others.
    var baseSequence: Int32?
    var attempts = 0
    /// An attempt was made of which it is not known whether it stored the records.
    var mayBeStored = false

    init(partition: Int, bytes: ByteSlice, tickets: [UInt64], createdAt: UInt64) {
        self.partition = partition
        self.bytes = bytes
        self.tickets = tickets
        self.createdAt = createdAt
    }
}
