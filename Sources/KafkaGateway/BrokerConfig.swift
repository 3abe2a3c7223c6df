import Broker
import Node

/// A setting of this node as Kafka's tools know it. Read-only: it is changed in the configuration file.
struct BrokerConfig {
    let name: String
    let value: String
    let type: ConfigType
    let source: ConfigSource
    let documentation: String

    /// By name.
    static func all(_ gateway: KafkaGateway) -> [BrokerConfig] {
        let settings = gateway.settings
        let own = gateway.node.identity.node
        let address = settings.endpoints[own].map { "PLAINTEXT://\($0.host):\($0.port)" } ?? ""
        let limits = gateway.broker.limits
        let nodes: [BrokerConfig] = [
            .init(
                "advertised.listeners", address, .list, .staticBroker, "Where clients find this node."),
            .init(
                "auto.create.topics.enable", "\(settings.autoCreateTopics)", .boolean, .staticBroker,
                "Whether a topic is created when a client asks for its metadata."),
            .init("broker.id", "\(own)", .int, .staticBroker, "This node's number."),
            .init(
                "default.replication.factor", "\(gateway.voters.count)", .int, .builtIn,
                "Every member holds every partition."),
            .init("delete.topic.enable", "true", .boolean, .builtIn, "Topics can be deleted."),
            .init(
                "group.initial.rebalance.delay.ms", "\(settings.groups.initialRebalanceDelayMilliseconds)", .int,
                .staticBroker, "How long the first members of a group wait for more."),
            .init(
                "group.min.session.timeout.ms", "\(settings.groups.minimumSessionMilliseconds)", .int,
                .staticBroker, "The shortest session a member of a group may ask for."),
            .init(
                "min.insync.replicas", "\(gateway.voters.count / 2 + 1)", .int, .builtIn,
                "Nodes on whose disks a record is before it is acknowledged: a majority."),
            .init("node.id", "\(own)", .int, .staticBroker, "This node's number."),
            .init(
                "num.partitions", "\(settings.defaultPartitions)", .int, .staticBroker,
                "Partitions of a topic that is created without a number."),
            .init(
                "producer.id.expiration.ms", "\(limits.producerExpirationMilliseconds)", .int, .builtIn,
                "How long an idle idempotent producer is remembered."),
            .init(
                "unclean.leader.election.enable", "false", .boolean, .builtIn,
                "A node that lacks acknowledged records cannot become leader."),
        ]
        return (nodes + topicDefaults).sorted { $0.name < $1.name }
    }

    /// The defaults that topics start from, by the names brokers give them.
    private static let topicDefaults = [
        "compression.type": "compression.type", "log.cleanup.policy": "cleanup.policy",
        "log.message.timestamp.type": "message.timestamp.type", "log.retention.bytes": "retention.bytes",
        "log.retention.ms": "retention.ms", "log.segment.bytes": "segment.bytes",
        "message.max.bytes": "max.message.bytes",
    ].sorted { $0.key < $1.key }.compactMap { name, topicName in
        ConfigCatalog.definition(of: topicName).map {
            BrokerConfig(name, $0.defaultValue, $0.type, .builtIn, $0.documentation)
        }
    }

    private init(
        _ name: String, _ value: String, _ type: ConfigType, _ source: ConfigSource, _ documentation: String
    ) {
        self.name = name
        self.value = value
        self.type = type
        self.source = source
        self.documentation = documentation
    }
}
