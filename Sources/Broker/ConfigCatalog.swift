/// The topic configurations that exist, sorted by name. Names and defaults are Kafka's.
package enum ConfigCatalog {
    /// The definition of `name`, nil when there is none.
    package static func definition(of name: String) -> ConfigDefinition? {
        let position = all.lowerBound { $0.name < name }
        return position < all.count && all[position].name == name ? all[position] : nil
    }

    /// Why `name` may not be set to `value`; nil when it may.
    package static func refusal(of name: String, value: String) -> BrokerError? {
        guard let definition = definition(of: name) else { return .unknownConfig(name: name) }
        if definition.rule.accepts(value) { return nil }
        return .invalidConfig(name: name, value: value, expected: definition.rule.expected)
    }

    package static let all: [ConfigDefinition] = [
        ConfigDefinition(
            name: "cleanup.policy", type: .list, defaultValue: "delete",
            rule: .listOf(["delete", "compact"]),
            documentation: "What happens to old records: deleted by retention, the last of each key kept, both, or "
                + "nothing, if it is empty."),
        ConfigDefinition(
            name: "compression.type", type: .string, defaultValue: "producer",
            rule: .oneOf(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
            documentation: "Kept for tools. Batches are stored as the producer compressed them, whatever is set here."),
        ConfigDefinition(
            name: "delete.retention.ms", type: .long, defaultValue: "86400000",
            rule: .integer(0...Int64.max),
            documentation: "How long delete markers of a compacted topic are kept."),
        ConfigDefinition(
            name: "file.delete.delay.ms", type: .long, defaultValue: "60000",
            rule: .integer(0...Int64.max),
            documentation: "Kept for tools. Files belong to the shared log and are removed by its own rules."),
        ConfigDefinition(
            name: "flush.messages", type: .long, defaultValue: "9223372036854775807",
            rule: .integer(1...Int64.max),
            documentation: "Kept for tools. When a record is flushed, holdfast.flush says."),
        ConfigDefinition(
            name: "flush.ms", type: .long, defaultValue: "9223372036854775807",
            rule: .integer(0...Int64.max),
            documentation: "Kept for tools. When a record is flushed, holdfast.flush says."),
        ConfigDefinition(
            name: "holdfast.acks.leader", type: .string, defaultValue: "deny",
            rule: .oneOf(["deny", "allow"]),
            documentation: "Whether acks=1 is answered once the leader alone has a record on disk, which a change of "
                + "leader may lose; without it, acks=1 waits for the majority."),
        ConfigDefinition(
            name: "holdfast.flush", type: .string, defaultValue: "sync",
            rule: .oneOf(["sync", "async"]),
            documentation: "Whether a record is acknowledged once a majority has it on disk, or in memory and up to "
                + "10 ms later on disk; async loses records if a majority of the machines crashes at once."),
        ConfigDefinition(
            name: "index.interval.bytes", type: .int, defaultValue: "4096",
            rule: .integer(0...2_147_483_647),
            documentation: "Kept for tools. The index has an entry for each run of batches in the log."),
        ConfigDefinition(
            name: "max.compaction.lag.ms", type: .long, defaultValue: "9223372036854775807",
            rule: .integer(1...Int64.max),
            documentation: "The longest a record of a compacted topic stays uncompacted."),
        ConfigDefinition(
            name: "max.message.bytes", type: .int, defaultValue: "1048588",
            rule: .integer(0...2_147_483_647),
            documentation: "Largest record batch accepted, in bytes, after compression."),
        ConfigDefinition(
            name: "message.timestamp.after.max.ms", type: .long, defaultValue: "9223372036854775807",
            rule: .integer(0...Int64.max),
            documentation: "How far a create-time timestamp may lie ahead of the leader's clock."),
        ConfigDefinition(
            name: "message.timestamp.before.max.ms", type: .long, defaultValue: "9223372036854775807",
            rule: .integer(0...Int64.max),
            documentation: "How far a create-time timestamp may lie behind the leader's clock."),
        ConfigDefinition(
            name: "message.timestamp.type", type: .string, defaultValue: "CreateTime",
            rule: .oneOf(["CreateTime", "LogAppendTime"]),
            documentation: "Whether records carry the producer's time or the time the leader took them."),
        ConfigDefinition(
            name: "min.cleanable.dirty.ratio", type: .double, defaultValue: "0.5",
            rule: .ratio,
            documentation: "Share of uncompacted records at which a compacted topic is cleaned."),
        ConfigDefinition(
            name: "min.compaction.lag.ms", type: .long, defaultValue: "0",
            rule: .integer(0...Int64.max),
            documentation: "The shortest a record of a compacted topic stays uncompacted."),
        ConfigDefinition(
            name: "min.insync.replicas", type: .int, defaultValue: "1",
            rule: .integer(1...2_147_483_647),
            documentation: "Nodes that have a record on disk before acks=all is answered; the majority is the floor."),
        ConfigDefinition(
            name: "preallocate", type: .boolean, defaultValue: "false",
            rule: .boolean,
            documentation: "Kept for tools. Log files are always preallocated."),
        ConfigDefinition(
            name: "retention.bytes", type: .long, defaultValue: "-1",
            rule: .integer(-1...Int64.max),
            documentation: "Bytes of a partition above which its oldest records go; -1 for no limit."),
        ConfigDefinition(
            name: "retention.ms", type: .long, defaultValue: "604800000",
            rule: .integer(-1...Int64.max),
            documentation: "Age in milliseconds above which records go; -1 for no limit."),
        ConfigDefinition(
            name: "segment.bytes", type: .int, defaultValue: "1073741824",
            rule: .integer(14...2_147_483_647),
            documentation: "Kept for tools. Segments belong to the log that all topics share."),
        ConfigDefinition(
            name: "segment.index.bytes", type: .int, defaultValue: "10485760",
            rule: .integer(4...2_147_483_647),
            documentation: "Kept for tools. Segments belong to the log that all topics share."),
        ConfigDefinition(
            name: "segment.jitter.ms", type: .long, defaultValue: "0",
            rule: .integer(0...Int64.max),
            documentation: "Kept for tools. Segments belong to the log that all topics share."),
        ConfigDefinition(
            name: "segment.ms", type: .long, defaultValue: "604800000",
            rule: .integer(1...Int64.max),
            documentation: "Kept for tools. Segments belong to the log that all topics share."),
        ConfigDefinition(
            name: "unclean.leader.election.enable", type: .boolean, defaultValue: "false",
            rule: .oneOf(["false"]),
            documentation: "Always false: a node that lacks acknowledged records cannot become leader."),
    ]
}
