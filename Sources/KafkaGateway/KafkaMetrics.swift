import Broker
import KafkaWire

/// Counters since start.
package struct KafkaMetrics: Sendable {
    /// Those with a header that decodes are in `requestsByAPI`, too.
    package var requests: UInt64 = 0
    private var counts = [UInt64](repeating: 0, count: Int(ApiKey.allCases.map(\.rawValue).max()!) + 1)
    package var malformedRequests: UInt64 = 0
    package var producedBytes: UInt64 = 0
    package var producedBatches: UInt64 = 0
    package var produceErrors: UInt64 = 0
    /// Fields refused because too few nodes were in touch, before and after they were stored.
    package var notEnoughReplicas: UInt64 = 0
    package var notEnoughReplicasAfterAppend: UInt64 = 0
    /// Fields refused because disks are low on space.
    package var refusedForSpace: UInt64 = 0
    /// Connections muted because of a quota, and for how long.
    package var throttledRequests: UInt64 = 0
    package var throttleMilliseconds: UInt64 = 0
    package var fetchedBytes: UInt64 = 0
    package var upgradedAcks: UInt64 = 0
    /// Requests answered when the leader's disk alone had their records.
    package var leaderAcks: UInt64 = 0
    /// Topics that a member's pattern (KIP-848) could not be compared with, and does not match.
    package var patternFailures: UInt64 = 0
    package var forwardedRequests: UInt64 = 0
    /// Ended by this node as the leader.
    package var committedTransactions: UInt64 = 0
    package var abortedTransactions: UInt64 = 0
    /// Of the aborted, those that took too long.
    package var timedOutTransactions: UInt64 = 0

    /// The APIs that were asked at least once, in the order of their keys.
    package var requestsByAPI: [(key: ApiKey, count: UInt64)] {
        ApiKey.allCases.map { ($0, counts[Int($0.rawValue)]) }.filter { $0.count > 0 }
    }

    mutating func count(_ key: ApiKey) {
        counts[Int(key.rawValue)] += 1
    }

    mutating func count(_ end: TransactionEnd) {
        if end.commits { return committedTransactions += 1 }
        abortedTransactions += 1
        if case .fence = end.next { timedOutTransactions += 1 }
    }
}
