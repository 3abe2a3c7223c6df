/// How a record of an idempotent producer is known before it has an offset (KIP-98): whose it is, and its number among
/// that producer's records in a partition.
package struct RecordName: Hashable, Sendable {
    package let key: PartitionKey
    package let producer: ProducerIdentity
    package let sequence: Int32

    package init(key: PartitionKey, producer: ProducerIdentity, sequence: Int32) {
        self.key = key
        self.producer = producer
        self.sequence = sequence
    }
}
