import Ports
import SystemIO

/// A setting that cannot be used; names the setting and where it came from.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Everything `holdfast serve` can be told.
package struct Configuration: Sendable {
    package var data: String
    package var node: NodeID
    package var kafkaListen: Address
    package var kafkaNodes: [NodeID: Address]
    package var peerListen: Address
    package var peers: [NodeID: Address]
    package var adminListen: Address
    package var autoCreateTopics: Bool
    package var defaultPartitions: Int
    package var groupRebalanceDelayMilliseconds: Int
    package var groupMinimumSessionMilliseconds: Int
    package var offsetRetentionMinutes: Int
    package var retentionCheckMilliseconds: Int
    package var rewriteCheckMilliseconds: Int
    package var maximumRequestBytes: Int
    package var maximumConnections: Int
    package var segmentBytes: Int
    package var minimumFreeBytes: Int
    package var cacheBytes: Int
    package var snapshotBytes: Int
    package var electionMilliseconds: Int
    package var heartbeatMilliseconds: Int
    package var logLevel: LogLevel

    /// `values` by setting name, already merged.
    package init(_ values: SettingValues) throws(ConfigurationError) {
        data = try values.text("data")
        node = NodeID(UInt32(try values.integer("node-id", in: 1...Int(Int32.max))))
        kafkaListen = try values.address("kafka-listen")
        peerListen = try values.address("peer-listen")
        adminListen = try values.address("admin-listen")
        peers = try values.addresses("peers")
        kafkaNodes = try values.addresses("kafka-nodes", default: [:])
        if let advertised = try values.optionalAddress("kafka-advertise") {
            if let listed = kafkaNodes[node], listed != advertised {
                throw ConfigurationError(
                    "kafka-advertise \(advertised) contradicts kafka-nodes, which lists \(listed) for node \(node)")
            }
            kafkaNodes[node] = advertised
        }
        if kafkaNodes[node] == nil { kafkaNodes[node] = kafkaListen }
        autoCreateTopics = try values.boolean("auto-create-topics")
        defaultPartitions = try values.integer("default-partitions", in: 1...10_000)
        groupRebalanceDelayMilliseconds = try values.integer("group-rebalance-delay-ms", in: 0...300_000)
        groupMinimumSessionMilliseconds = try values.integer("group-min-session-ms", in: 100...1_800_000)
        retentionCheckMilliseconds = try values.integer("retention-check-ms", in: 100...86_400_000)
        rewriteCheckMilliseconds = try values.integer("rewrite-check-ms", in: 100...86_400_000)
        offsetRetentionMinutes = try values.integer("offset-retention-minutes", in: 1...52_560_000)
        maximumRequestBytes = try values.integer("max-request-bytes", in: 1024...(1 << 30))
        maximumConnections = try values.integer("max-connections", in: 1...1_000_000)
        segmentBytes = try values.integer("segment-bytes", in: (1 << 20)...(1 << 31))
        minimumFreeBytes = try values.integer("min-free-bytes", in: 0...(1 << 60), default: 2 * segmentBytes)
        cacheBytes = try values.integer("cache-bytes", in: 0...(1 << 40))
        snapshotBytes = try values.integer("snapshot-bytes", in: (1 << 20)...(1 << 40))
        electionMilliseconds = try values.integer("election-ms", in: 50...60_000)
        heartbeatMilliseconds = try values.integer("heartbeat-ms", in: 10...10_000)
        let level = try values.text("log-level")
        guard let parsed = LogLevel(named: level) else {
            throw ConfigurationError("log-level '\(level)' is not debug, info, warn or error")
        }
        logLevel = parsed
        try checkAgainstEachOther()
    }

    private func checkAgainstEachOther() throws(ConfigurationError) {
        guard heartbeatMilliseconds * 3 <= electionMilliseconds else {
            throw ConfigurationError(
                "heartbeat-ms \(heartbeatMilliseconds) must be at most a third of election-ms \(electionMilliseconds)")
        }
        guard peers[node] != nil else {
            throw ConfigurationError("peers does not list this node, \(node)")
        }
        for other in kafkaNodes.keys.sorted() where peers[other] == nil {
            throw ConfigurationError("kafka-nodes lists node \(other), which peers does not")
        }
        guard maximumRequestBytes <= segmentBytes else {
            throw ConfigurationError(
                "max-request-bytes \(maximumRequestBytes) must not exceed segment-bytes \(segmentBytes)")
        }
    }
}
