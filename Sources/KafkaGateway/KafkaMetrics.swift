/// Counters since start.
package struct KafkaMetrics: Sendable {
    package var requests: UInt64 = 0
    package var malformedRequests: UInt64 = 0
    package var producedBytes: UInt64 = 0
    package var producedBatches: UInt64 = 0
    package var produceErrors: UInt64 = 0
    package var fetchedBytes: UInt64 = 0
    package var upgradedAcks: UInt64 = 0
    package var forwardedRequests: UInt64 = 0
}
