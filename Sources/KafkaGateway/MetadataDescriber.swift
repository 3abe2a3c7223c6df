import Broker
import KafkaWire
import Node
import Ports

/// Describes the cluster to one Metadata request, at the moment it is asked to.
struct MetadataDescriber {
    private let gateway: KafkaGateway
    private let version: Int16
    private let request: MetadataRequest

    init(gateway: KafkaGateway, version: Int16, request: MetadataRequest) {
        self.gateway = gateway
        self.version = version
        self.request = request
    }

    /// `missing` could not be created now, for the reason `code`.
    func response(missing: [String], as code: KafkaErrorCode) -> MetadataResponse {
        var errors: [String: KafkaErrorCode] = [:]
        for name in missing { errors[name] = code }
        return response(errors: errors)
    }

    /// `errors` says of topics that do not exist why.
    func response(errors: [String: KafkaErrorCode]) -> MetadataResponse {
        var response = MetadataResponse(
            brokers: gateway.sortedEndpoints.map {
                .init(nodeId: $0.node.kafkaID, host: $0.endpoint.host, port: $0.endpoint.port)
            },
            clusterId: gateway.node.identity.cluster.description, controllerId: gateway.controllerID,
            topics: topics(errors))
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = KafkaSession.clusterOperations
        }
        return response
    }

    private func topics(_ errors: [String: KafkaErrorCode]) -> [MetadataResponse.Topic] {
        let replicas = Replicas(gateway)
        guard let requested = request.topics else { return gateway.broker.topics.map { describe($0, replicas) } }
        // Each topic once, as Kafka does: a client must not be able to have a large topic described a million times.
        var named: Set<String> = []
        var identified: Set<TopicID> = []
        var topics: [MetadataResponse.Topic] = []
        for topic in requested {
            if let name = topic.name {
                if named.insert(name).inserted { topics.append(describe(named: name, errors[name], replicas)) }
            } else {
                let id = TopicID(topic.topicId)
                if identified.insert(id).inserted { topics.append(describe(id, replicas)) }
            }
        }
        return topics
    }

    private func describe(
        named name: String, _ error: KafkaErrorCode?, _ replicas: Replicas
    ) -> MetadataResponse.Topic {
        if let topic = gateway.broker.topic(named: name) { return describe(topic, replicas) }
        let isLegal = TopicName.fault(of: name) == nil
        return .init(
            errorCode: error ?? (isLegal ? .unknownTopicOrPartition : .invalidTopicException), name: name,
            partitions: [])
    }

    private func describe(_ id: TopicID, _ replicas: Replicas) -> MetadataResponse.Topic {
        if let topic = gateway.broker.topic(id: id) { return describe(topic, replicas) }
        return .init(errorCode: .unknownTopicId, name: nil, topicId: KafkaUUID(id), partitions: [])
    }

    private func describe(_ topic: Topic, _ replicas: Replicas) -> MetadataResponse.Topic {
        let partitions = (0..<Int32(clamping: topic.partitions.count)).map { index in
            MetadataResponse.Partition(
                errorCode: replicas.leader < 0 ? .leaderNotAvailable : .none, partitionIndex: index,
                leaderId: replicas.leader, leaderEpoch: replicas.leaderEpoch, replicaNodes: replicas.all,
                isrNodes: replicas.inSync, offlineReplicas: replicas.offline)
        }
        return .init(
            name: topic.name, topicId: KafkaUUID(topic.id), partitions: partitions,
            topicAuthorizedOperations: request.includeTopicAuthorizedOperations
                ? KafkaSession.topicOperations : Int32.min)
    }
}

/// Who holds the partitions: all voters hold all of them.
struct Replicas {
    /// -1 when unknown.
    let leader: Int32
    /// -1 without a leader: the term of a candidate that loses would make clients distrust the one that wins.
    let leaderEpoch: Int32
    let all: [Int32]
    let inSync: [Int32]
    let offline: [Int32]

    /// Only the leader knows who follows; elsewhere all voters are taken for in sync.
    init(_ gateway: KafkaGateway) {
        let voters = gateway.voters
        let live = gateway.replica.isLeader
            ? voters.filter { gateway.replica.raft.isInTouch($0.rawValue) } : voters
        leader = gateway.currentLeader?.leaderId ?? -1
        leaderEpoch = gateway.currentLeader?.leaderEpoch ?? -1
        all = voters.map(\.kafkaID)
        inSync = live.map(\.kafkaID)
        offline = voters.filter { !live.contains($0) }.map(\.kafkaID)
    }
}
