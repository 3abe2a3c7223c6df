/// What messages differ in that are laid out alike.
package protocol KafkaMessageKind: KafkaFlexible, Sendable {
    static var apiKey: ApiKey { get }
    /// First version whose response has a throttle time.
    static var firstThrottled: Int16 { get }
}

extension KafkaMessageKind {
    package static var firstThrottled: Int16 { 0 }
}

package enum HeartbeatKind: KafkaMessageKind {
    package static let apiKey = ApiKey.heartbeat
    package static let firstFlexible: Int16 = 4
    package static let firstThrottled: Int16 = 1
}

package enum AddOffsetsToTxnKind: KafkaMessageKind {
    package static let apiKey = ApiKey.addOffsetsToTxn
    package static let firstFlexible: Int16 = 3
}

package enum EndTxnKind: KafkaMessageKind {
    package static let apiKey = ApiKey.endTxn
    package static let firstFlexible: Int16 = 3
}

package enum AddPartitionsToTxnKind: KafkaMessageKind {
    package static let apiKey = ApiKey.addPartitionsToTxn
    package static let firstFlexible: Int16 = 3
}

package enum AlterReplicaLogDirsKind: KafkaMessageKind {
    package static let apiKey = ApiKey.alterReplicaLogDirs
    package static let firstFlexible: Int16 = 2
}

package enum OffsetCommitKind: KafkaOffsetCommitKind {
    package static let apiKey = ApiKey.offsetCommit
    package static let firstFlexible: Int16 = 8
    package static let firstThrottled: Int16 = 3
    package static let firstLeaderEpoch: Int16 = 6
}

package enum TxnOffsetCommitKind: KafkaOffsetCommitKind {
    package static let apiKey = ApiKey.txnOffsetCommit
    package static let firstFlexible: Int16 = 3
    package static let firstLeaderEpoch: Int16 = 2
}
