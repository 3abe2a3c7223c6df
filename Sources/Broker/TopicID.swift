/// A topic's uuid on the Kafka wire (KIP-516), drawn by the leader and carried in the command. Zero stands for "none".
package struct TopicID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let zero = TopicID(high: 0, low: 0)
    /// Kafka's own metadata topic.
    package static let metadata = TopicID(high: 0, low: 1)
}
