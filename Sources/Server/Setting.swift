/// One setting of `holdfast serve`: a flag `--name`, a line `name = value` in the configuration file, and an
/// environment variable HOLDFAST_NAME. A flag wins over the environment, the environment over the file.
package struct Setting: Sendable {
    package let name: String
    package let placeholder: String
    package let help: String
    package let defaultValue: String?

    package var flag: String { "--\(name)" }
    package var environmentName: String {
        "HOLDFAST_" + name.uppercased().replacing("-", with: "_")
    }

    package static let all: [Setting] = [
        Setting("data", "DIR", "data directory, made by `holdfast format`"),
        Setting("node-id", "N", "this node's number; must be the one the directory was formatted with"),
        Setting("kafka-listen", "HOST:PORT", "address for Kafka clients", "127.0.0.1:9092"),
        Setting("kafka-advertise", "HOST:PORT", "address told to Kafka clients (default: kafka-listen)"),
        Setting("kafka-nodes", "1=HOST:PORT,...", "advertised Kafka address of every node"),
        Setting("peer-listen", "HOST:PORT", "address for the other nodes", "127.0.0.1:7001"),
        Setting("peers", "1=HOST:PORT,...", "peer address of the nodes known from the start, this one included"),
        Setting("admin-listen", "HOST:PORT", "address for /metrics, /health and /status", "127.0.0.1:8081"),
        Setting("auto-create-topics", "true|false", "create a topic when a client first asks for it", "true"),
        Setting("default-partitions", "N", "partitions of a topic created without a count", "1"),
        Setting("group-rebalance-delay-ms", "MS", "how long the first members of a group wait for more", "3000"),
        Setting("group-min-session-ms", "MS", "shortest session a member of a group may ask for", "6000"),
        Setting("offset-retention-minutes", "N", "committed offsets of a group without members are kept", "10080"),
        Setting("rewrite-check-ms", "MS", "how often topics to compact and sparse log files are looked for", "15000"),
        Setting("retention-check-ms", "MS", "how often records that are too old are looked for", "300000"),
        Setting("max-request-bytes", "BYTES", "largest Kafka request", "104857600"),
        Setting("max-connections", "N", "Kafka connections accepted at once", "10000"),
        Setting("segment-bytes", "BYTES", "size of one log file", "134217728"),
        Setting(
            "min-free-bytes", "BYTES",
            "free disk space below which no records are taken, 0 for no limit (default: twice segment-bytes)"),
        Setting("cache-bytes", "BYTES", "newest log entries kept in memory", "67108864"),
        Setting("snapshot-bytes", "BYTES", "log bytes between two snapshots of the state", "268435456"),
        Setting("election-ms", "MS", "silence after which a follower asks for votes (up to twice this)", "300"),
        Setting("heartbeat-ms", "MS", "interval of the leader's heartbeats", "50"),
        Setting("log-level", "debug|info|warn|error", "least severe log line that is printed", "info"),
    ]

    init(_ name: String, _ placeholder: String, _ help: String, _ defaultValue: String? = nil) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.defaultValue = defaultValue
    }

    package static var help: String {
        let width = all.map { $0.flag.count + $0.placeholder.count + 1 }.max() ?? 0
        return all.map { setting in
            let left = "\(setting.flag) \(setting.placeholder)"
            let padding = String(repeating: " ", count: width - left.count + 2)
            let suffix = setting.defaultValue.map { " [\($0)]" } ?? ""
            return "  \(left)\(padding)\(setting.help)\(suffix)"
        }.joined(separator: "\n")
    }
}
