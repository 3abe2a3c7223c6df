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
    /// `holdfast.flush`: acknowledged when a majority has a record in memory; synced soon after.
    package private(set) var flushesLater = false
    /// `cleanup.policy` has "delete".
    package private(set) var deletesOldRecords = true
    /// `cleanup.policy` has "compact".
    package private(set) var compacts = false
    /// Milliseconds.
    package private(set) var minimumCompactionLag: Int64 = 0
    package private(set) var maximumCompactionLag = Int64.max
    package private(set) var deleteRetention: Int64 = 86_400_000
    /// `min.cleanable.dirty.ratio`; there is no floating point in replicated state.
    package private(set) var minimumDirtyMillionths = 500_000

    /// `overrides` have been checked against the catalog.
    init(_ overrides: [ConfigEntry]) {
        for entry in overrides { set(entry) }
    }

    /// Of a decimal fraction from 0 to 1; digits after the sixth do not count.
    private static func millionths(_ ratio: String) -> Int {
        let digits = ratio.utf8.compactMap { $0 == UInt8(ascii: ".") ? nil : Int($0) - Int(UInt8(ascii: "0")) }
        return (0..<7).reduce(0) { value, place in value * 10 + (place < digits.count ? digits[place] : 0) }
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
            let policies = value.split(separator: ",").map { word in word.drop { $0 == " " } }
            deletesOldRecords = policies.contains("delete")
            compacts = policies.contains("compact")
        case "min.compaction.lag.ms": minimumCompactionLag = Int64(value) ?? minimumCompactionLag
        case "max.compaction.lag.ms": maximumCompactionLag = Int64(value) ?? maximumCompactionLag
        case "delete.retention.ms": deleteRetention = Int64(value) ?? deleteRetention
        case "min.cleanable.dirty.ratio": minimumDirtyMillionths = Self.millionths(value)
        case "min.insync.replicas": minimumInsyncReplicas = Int(value) ?? minimumInsyncReplicas
        case "holdfast.acks.leader": allowsLeaderAcks = value == "allow"
        case "holdfast.flush": flushesLater = value == "async"
        default: break
        }
    }
}
