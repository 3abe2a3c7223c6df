import Broker
import Bytes
import KafkaWire
import Node
import Ports

extension KafkaSession {
    /// Metadata (key 3), from what this node has applied. Topics that do not exist are created first if the client and the
    /// configuration allow it, which is the leader's business.
    func metadata(_ header: KafkaRequestHeader, _ request: MetadataRequest, frame: ByteSlice) {
        let missing = topicsToCreate(request)
        let describer = MetadataDescriber(gateway: gateway, version: header.apiVersion, request: request)
        // While there is no leader clients learn about everything else at once; they ask again soon.
        guard !missing.isEmpty, replica.leader != nil else {
            return respond(header, describer.response(missing: missing, as: .leaderNotAvailable))
        }
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [unowned self] call in
                self.createMissing(missing, for: call, describer)
            },
            refusal: { $0.answer(describer.response(missing: missing, as: .leaderNotAvailable)) })
    }

    private func createMissing(_ names: [String], for call: LeaderCall, _ describer: MetadataDescriber) {
        let partitions = UInt32(clamping: max(gateway.settings.defaultPartitions, 1))
        let commands = names.map {
            Command.createTopic(name: $0, id: gateway.newTopicID(), partitionCount: partitions, configs: [])
        }
        propose(commands, for: call) { outcomes in
            var refused: [String: KafkaErrorCode] = [:]
            for (name, outcome) in zip(names, outcomes) {
                switch outcome {
                case .applied(.refused(.topicExists)): break
                case .applied(.refused(let error)): refused[name] = KafkaErrorCode(error)
                case .applied: break
                case .notLeading, .timedOut: refused[name] = .leaderNotAvailable
                }
            }
            call.answer(describer.response(errors: refused))
        }
    }

    /// Legal names of topics that do not exist, each once, up to the bound.
    private func topicsToCreate(_ request: MetadataRequest) -> [String] {
        guard gateway.settings.autoCreateTopics, request.allowAutoTopicCreation, let topics = request.topics else {
            return []
        }
        var seen: Set<String> = []
        var missing: [String] = []
        for topic in topics {
            guard let name = topic.name, gateway.broker.topicNumber(named: name) == nil else { continue }
            guard TopicName.fault(of: name) == nil, seen.insert(name).inserted else { continue }
            missing.append(name)
            if missing.count == gateway.settings.maximumItemsPerRequest { break }
        }
        return missing
    }
}

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
private struct Replicas {
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
            ? voters.filter { $0 == gateway.node.identity.node || gateway.node.connectedPeers.contains($0) } : voters
        leader = gateway.currentLeader?.leaderId ?? -1
        leaderEpoch = gateway.currentLeader?.leaderEpoch ?? -1
        all = voters.map(\.kafkaID)
        inSync = live.map(\.kafkaID)
        offline = voters.filter { !live.contains($0) }.map(\.kafkaID)
    }
}

extension TopicID {
    init(_ id: KafkaUUID) { self.init(high: id.high, low: id.low) }
}

extension KafkaUUID {
    init(_ id: TopicID) { self.init(high: id.high, low: id.low) }
}
