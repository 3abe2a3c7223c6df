/// A topic's configuration, worked out once from its overrides and the defaults.
package struct TopicSettings: Hashable, Sendable {
    package private(set) var maximumMessageBytes = 1_048_588
    package private(set) var usesLogAppendTime = false
    package private(set) var timestampAfterMaximum = Int64.max
    package private(set) var timestampBeforeMaximum = Int64.max
    /// Milliseconds and bytes; -1 for no limit.
    package private(set) var retentionMilliseconds: Int64 = 604_800_000
    package private(set) var retentionBytes: Int64 = -1
    package private(set) var minimumInsyncReplicas = 1
    /// acks=1 is answered by the leader alone.
    package private(set) var allowsLeaderAcks = false
    /// `cleanup.policy` has "delete".
    package private(set) var deletesOldRecords = true

    /// `overrides` have been checked against the catalog.
    init(_ overrides: [ConfigEntry]) {
        for entry in overrides { set(entry) }
    }

    private mutating func set(_ entry: ConfigEntry) {
        let value = entry.value
        switch entry.name {
        case "max.message.bytes": maximumMessageBytes = Int(value) ?? maximumMessageBytes
        case "message.timestamp.type": usesLogAppendTime = value == "LogAppendTime"
        case "message.timestamp.after.max.ms": timestampAfterMaximum = Int64(value) ?? timestampAfterMaximum
        case "message.timestamp.before.max.ms": timestampBeforeMaximum = Int64(value) ?? timestampBeforeMaximum
        case "retention.ms": retentionMilliseconds = Int64(value) ?? retentionMilliseconds
        case "retention.bytes": retentionBytes = Int64(value) ?? retentionBytes
        case "cleanup.policy":
            deletesOldRecords = value.split(separator: ",").contains { word in word.drop { $0 == " " } == "delete" }
        case "min.insync.replicas": minimumInsyncReplicas = Int(value) ?? minimumInsyncReplicas
        case "holdfast.acks.leader": allowsLeaderAcks = value == "allow"
        default: break
        }
    }
}
