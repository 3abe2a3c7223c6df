import KafkaWire

/// Creates, describes, configures and deletes topics, describes the cluster, looks after consumer groups. Every call
/// blocks, and tries again until `ClientSettings.operationTimeoutMilliseconds` have passed. To be used by one thread at
/// a time.
public final class HoldfastAdmin {
    let cluster: ClusterClient
    /// Attempts after which a topic that no broker knows is taken not to exist, rather than to be too new.
    private static let unknownTopicAttempts = 3

    /// Connects with the first question.
    public convenience init(
        bootstrap: [BrokerAddress], settings: ClientSettings = ClientSettings()
    ) throws(HoldfastError) {
        try self.init(bootstrap: bootstrap, settings: settings, network: SystemNetwork())
    }

    package init(
        bootstrap: [BrokerAddress], settings: ClientSettings, network: any ClientNetwork
    ) throws(HoldfastError) {
        cluster = try ClusterClient(bootstrap: bootstrap, settings: settings, network: network)
    }

    // MARK: Topics

    /// - Parameters:
    ///   - partitions: nil takes the cluster's default.
    ///   - configs: names and values, as Kafka's topic settings.
    ///
    /// After an attempt whose outcome is unknown, finding the topic there counts as success.
    public func createTopic(
        _ name: String, partitions: Int32? = nil, configs: [(name: String, value: String)] = []
    ) throws(HoldfastError) {
        let topic = CreateTopicsRequest.Topic(
            name: name, numPartitions: partitions ?? -1, replicationFactor: -1, assignments: [],
            configs: configs.map { .init(name: $0.name, value: $0.value) })
        let request = CreateTopicsRequest(topics: [topic], timeoutMs: requestTimeout)
        var mayBeDone = false
        try cluster.retrying("creating topic '\(name)'") { attempt throws(ExchangeFailure) in
            let answer = try self.tell(request, CreateTopicsResponse.self, attempt, &mayBeDone)
            guard let result = answer.topics.first(where: { $0.name == name }) else {
                throw .failed(.malformed("no outcome for topic '\(name)'"))
            }
            if result.errorCode == .topicAlreadyExists && mayBeDone { return }
            try Self.check(result.errorCode, "topic '\(name)'", result.errorMessage, &mayBeDone)
        }
    }

    /// After an attempt whose outcome is unknown, not finding the topic counts as success.
    public func deleteTopic(_ name: String) throws(HoldfastError) {
        let request = DeleteTopicsRequest(topics: [.init(name: name)], timeoutMs: requestTimeout)
        var mayBeDone = false
        try cluster.retrying("deleting topic '\(name)'") { attempt throws(ExchangeFailure) in
            let answer = try self.tell(request, DeleteTopicsResponse.self, attempt, &mayBeDone)
            guard let result = answer.responses.first(where: { $0.name == name }) else {
                throw .failed(.malformed("no outcome for topic '\(name)'"))
            }
            if result.errorCode == .unknownTopicOrPartition {
                if mayBeDone { return }
                throw Self.unknown(name)
            }
            try Self.check(result.errorCode, "topic '\(name)'", result.errorMessage, &mayBeDone)
        }
    }

    /// All topics, by name.
    public func listTopics() throws(HoldfastError) -> [TopicDescription] {
        try cluster.retrying("listing the topics") { attempt throws(ExchangeFailure) in
            try self.cluster.refresh(topics: nil, rotating: attempt > 0, from: .controller)
            let metadata = self.cluster.metadata
            return metadata.lastNames.compactMap { name in
                metadata.topics[name].map { TopicDescription(name, $0) }
            }
        }
    }

    public func describeTopic(_ name: String) throws(HoldfastError) -> TopicDescription {
        try cluster.retrying("describing topic '\(name)'") { attempt throws(ExchangeFailure) in
            try self.cluster.refreshKnown(
                name, attempt: attempt, patience: Self.unknownTopicAttempts, from: .controller)
            guard let topic = self.cluster.metadata.topics[name] else { throw Self.unknown(name) }
            return TopicDescription(name, topic)
        }
    }

    /// The offsets stored of every partition, by its number.
    public func offsets(of topic: String) throws(HoldfastError) -> [OffsetRange] {
        let partitions = try describeTopic(topic).partitions
        var ranges: [OffsetRange] = []
        for partition in partitions {
            let start = try cluster.offset(of: topic, partition.number, at: OffsetLookup.earliest)
            let end = try cluster.offset(of: topic, partition.number, at: OffsetLookup.latest)
            ranges.append(OffsetRange(start: start, end: end))
        }
        return ranges
    }

    // MARK: Cluster

    public func describeCluster() throws(HoldfastError) -> ClusterDescription {
        try cluster.retrying("describing the cluster") { _ throws(ExchangeFailure) in
            let answer = try self.cluster.ask(
                DescribeClusterRequest(includeClusterAuthorizedOperations: false), DescribeClusterResponse.self, .any)
            if answer.errorCode.isError {
                throw ClusterClient.failure(answer.errorCode, "the cluster", answer.errorMessage)
            }
            let brokers = answer.brokers.sorted { $0.brokerId < $1.brokerId }.map {
                ClusterDescription.Broker(
                    id: $0.brokerId, address: BrokerAddress(host: $0.host, port: UInt16(clamping: $0.port)))
            }
            return ClusterDescription(
                clusterID: answer.clusterId, controller: answer.controllerId >= 0 ? answer.controllerId : nil,
                brokers: brokers)
        }
    }

    // MARK: Parts

    private var requestTimeout: Int32 {
        Int32(clamping: max(cluster.settings.requestTimeoutMilliseconds * 3 / 4, 1))
    }

    /// Asks the controller; notes in `mayBeDone` when the answer does not come.
    func tell<Request: KafkaRequestBody, Response: KafkaResponseBody>(
        _ request: Request, _ type: Response.Type, _ attempt: Int, _ mayBeDone: inout Bool
    ) throws(ExchangeFailure) -> Response {
        if attempt > 0 || cluster.metadata.controller == nil {
            try cluster.refresh(topics: [], rotating: attempt > 0)
        }
        do {
            return try cluster.ask(request, type, .controller)
        } catch {
            if case .lost = error { mayBeDone = true }
            throw error
        }
    }

    static func check(
        _ code: KafkaErrorCode, _ what: String, _ message: String?, _ mayBeDone: inout Bool
    ) throws(ExchangeFailure) {
        guard code.isError else { return }
        if code == .requestTimedOut || code == .notLeaderOrFollower { mayBeDone = true }
        throw ClusterClient.failure(code, what, message)
    }

    static func unknown(_ name: String) -> ExchangeFailure {
        let code = KafkaErrorCode.unknownTopicOrPartition
        return .failed(.refused(code: code.rawValue, name: code.name, detail: "there is no topic '\(name)'"))
    }
}
