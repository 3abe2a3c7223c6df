/// A topic's dense number, given by the state machine and never reused, and a partition of it.
package struct PartitionKey: Hashable, Comparable, Sendable {
    package let topic: UInt32
    package let partition: UInt32

    package init(topic: UInt32, partition: UInt32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: PartitionKey, right: PartitionKey) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}
