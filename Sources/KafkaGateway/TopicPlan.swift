import Broker
import KafkaWire
import Node
import Ports

/// A topic to be created, checked as far as this can be done before its command is in the log.
struct TopicPlan {
    let name: String
    let id: TopicID
    let partitionCount: UInt32
    let configs: [ConfigEntry]

    var command: Command {
        .createTopic(name: name, id: id, partitionCount: partitionCount, configs: configs)
    }

    static func make(_ topic: CreateTopicsRequest.Topic, _ gateway: KafkaGateway) -> Result<TopicPlan, Refusal> {
        if let fault = TopicName.fault(of: topic.name) {
            return .failure(Refusal(.invalidTopicName(topic.name, fault)))
        }
        // Answered from what is applied already, so that asking again and again does not fill the log.
        if gateway.broker.topicNumber(named: topic.name) != nil {
            return .failure(Refusal(.topicExists(name: topic.name)))
        }
        if let refusal = refusalOfConfigs(topic) ?? refusalOfPlacement(topic, gateway) {
            return .failure(refusal)
        }
        let count = topic.assignments.isEmpty
            ? (topic.numPartitions == -1 ? gateway.settings.defaultPartitions : Int(topic.numPartitions))
            : topic.assignments.count
        return .success(TopicPlan(
            name: topic.name, id: gateway.newTopicID(), partitionCount: UInt32(clamping: count),
            configs: topic.configs.compactMap { config in
                config.value.map { ConfigEntry(name: config.name, value: $0) }
            }))
    }

    private static func refusalOfConfigs(_ topic: CreateTopicsRequest.Topic) -> Refusal? {
        var seen: Set<String> = []
        for config in topic.configs {
            if !seen.insert(config.name).inserted { return Refusal(.duplicateConfig(name: config.name)) }
            if let value = config.value {
                if let error = ConfigCatalog.refusal(of: config.name, value: value) { return Refusal(error) }
            } else if ConfigCatalog.definition(of: config.name) == nil {
                return Refusal(.unknownConfig(name: config.name))
            }
        }
        return nil
    }

    /// Every voter holds every partition, whatever is asked for. What clients usually write is taken: no wish (-1), 1,
    /// 3, and the number that is true.
    private static func refusalOfPlacement(_ topic: CreateTopicsRequest.Topic, _ gateway: KafkaGateway) -> Refusal? {
        guard topic.assignments.isEmpty else { return refusalOfAssignments(topic, gateway) }
        if topic.numPartitions != -1, topic.numPartitions < 1 {
            return Refusal(.invalidPartitions, "the number of partitions must be positive, or -1 for the default")
        }
        let factor = Int(topic.replicationFactor)
        if ![-1, 1, 3, gateway.voters.count].contains(factor) {
            let words = "every partition has \(gateway.voters.count) replicas; \(factor) was asked for"
            return Refusal(.invalidReplicationFactor, words)
        }
        return nil
    }

    private static func refusalOfAssignments(_ topic: CreateTopicsRequest.Topic, _ gateway: KafkaGateway) -> Refusal? {
        if topic.numPartitions != -1 || topic.replicationFactor != -1 {
            return Refusal(.invalidRequest, "with replica assignments the counts must be -1")
        }
        let indexes = topic.assignments.map(\.partitionIndex).sorted()
        if indexes != Array(0..<Int32(clamping: indexes.count)) {
            return Refusal(.invalidReplicaAssignment, "partitions must be numbered from 0 without gaps")
        }
        return refusal(ofReplicas: topic.assignments.map(\.brokerIds), gateway)
    }

    /// Each list must name members of the cluster, each once, and as many as the others.
    static func refusal(ofReplicas lists: [[Int32]], _ gateway: KafkaGateway) -> Refusal? {
        let known = Set(gateway.voters.map(\.kafkaID))
        for list in lists where list.isEmpty || Set(list).count != list.count || !known.isSuperset(of: list) {
            return Refusal(.invalidReplicaAssignment, "an assignment must name members of the cluster, each once")
        }
        if lists.contains(where: { $0.count != lists[0].count }) {
            return Refusal(.invalidReplicaAssignment, "all partitions must have the same number of replicas")
        }
        return nil
    }

    /// The answer once the command has been carried out, or found good.
    func created(validated: Bool, replicas: Int) -> CreateTopicsResponse.Topic {
        .init(
            name: name, topicId: validated ? .zero : KafkaUUID(id), errorMessage: nil,
            numPartitions: Int32(clamping: partitionCount), replicationFactor: Int16(clamping: replicas),
            configs: TopicConfig.all(overrides: configs).map {
                .init(
                    name: $0.definition.name, value: $0.value, readOnly: false, configSource: $0.source.rawValue,
                    isSensitive: false)
            })
    }
}

extension KafkaGateway {
    /// Drawn by the leader and carried in the command; neither of the two reserved ids.
    func newTopicID() -> TopicID {
        while true {
            let id = TopicID(high: node.entropy.next(), low: node.entropy.next())
            if id.high != 0 { return id }
        }
    }
}
