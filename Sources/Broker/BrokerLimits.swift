/// Limits that `apply` enforces. They are replicated state, changed by a command: if each node took them from its own
/// configuration, replicas with different files would answer one command differently.
package struct BrokerLimits: Hashable, Sendable {
    package var maximumTopics: UInt32
    package var maximumPartitionsPerTopic: UInt32
    package var maximumPartitions: UInt32
    /// Kafka's `producer.id.expiration.ms`: an idle idempotent producer is forgotten after this long. At least 1.
    package let producerExpirationMilliseconds: Int64

    package init(
        maximumTopics: UInt32 = 100_000, maximumPartitionsPerTopic: UInt32 = 10_000,
        maximumPartitions: UInt32 = 200_000, producerExpirationMilliseconds: Int64 = 86_400_000
    ) {
        self.maximumTopics = maximumTopics
        self.maximumPartitionsPerTopic = maximumPartitionsPerTopic
        self.maximumPartitions = maximumPartitions
        self.producerExpirationMilliseconds = max(producerExpirationMilliseconds, 1)
    }
}
