import Bytes
import KafkaWire
import Testing

/// Administrative requests that are wrong, on one node.
struct AdminTests {
    private func begin() throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(kafka: {
            $0.maximumItemsPerRequest = 3
            $0.defaultPartitions = 2
        })
        return (cluster, try cluster.connect())
    }

    private func topic(
        _ name: String, partitions: Int32 = 1, factor: Int16 = -1, assignments: [[Int32]] = [],
        configs: [CreateTopicsRequest.Config] = []
    ) -> CreateTopicsRequest.Topic {
        .init(
            name: name, numPartitions: partitions, replicationFactor: factor,
            assignments: assignments.enumerated().map { .init(partitionIndex: Int32($0), brokerIds: $1) },
            configs: configs)
    }

    @Test func badTopicsAreRefusedOneByOne() throws {
        let (cluster, client) = try begin()
        try client.create("existing.name")
        var misnumbered = topic("t", partitions: -1, assignments: [[1]])
        misnumbered.assignments[0].partitionIndex = 1
        let cases: [(CreateTopicsRequest.Topic, KafkaErrorCode)] = [
            (topic("existing.name"), .topicAlreadyExists),
            (topic("existing_name"), .invalidTopicException),
            (topic(""), .invalidTopicException),
            (topic("."), .invalidTopicException),
            (topic("a b"), .invalidTopicException),
            (topic(String(repeating: "x", count: 250)), .invalidTopicException),
            (topic("t", partitions: 0), .invalidPartitions),
            (topic("t", partitions: -2), .invalidPartitions),
            (topic("t", partitions: 10_001), .invalidPartitions),
            (topic("t", partitions: Int32.max), .invalidPartitions),
            (topic("t", factor: 2), .invalidReplicationFactor),
            (topic("t", factor: 0), .invalidReplicationFactor),
            (topic("t", factor: Int16.max), .invalidReplicationFactor),
            (topic("t", configs: [.init(name: "nonsense", value: "1")]), .invalidConfig),
            (topic("t", configs: [.init(name: "nonsense", value: nil)]), .invalidConfig),
            (topic("t", configs: [.init(name: "retention.ms", value: "soon")]), .invalidConfig),
            (
                topic("t", configs: [.init(name: "retention.ms", value: "1"), .init(name: "retention.ms", value: "2")]),
                .invalidConfig
            ),
            (topic("t", partitions: 1, assignments: [[1]]), .invalidRequest),
            (topic("t", partitions: -1, assignments: [[7]]), .invalidReplicaAssignment),
            (topic("t", partitions: -1, assignments: [[1, 1]]), .invalidReplicaAssignment),
            (topic("t", partitions: -1, assignments: [[]]), .invalidReplicaAssignment),
            (misnumbered, .invalidReplicaAssignment),
        ]
        for (asked, code) in cases {
            let response: CreateTopicsResponse = try client.call(CreateTopicsRequest(topics: [asked]))
            #expect(response.topics.map(\.errorCode) == [code], "\(asked)")
            #expect(response.topics[0].errorMessage?.isEmpty == false)
        }
        #expect(cluster.gateways[0].node.replica.broker.topicCount == 1)
    }

    /// Replicas chosen by the client: checked as Kafka does, though every node holds every partition.
    @Test func assignmentsNameMembersOfTheCluster() throws {
        let cluster = try TestCluster.ready(nodes: 3)
        let client = try cluster.connect()
        let cases: [([[Int32]], KafkaErrorCode)] = [
            ([[1, 2], [2, 3, 1]], .invalidReplicaAssignment), ([[1, 2, 4]], .invalidReplicaAssignment),
            ([[1, 2, 1]], .invalidReplicaAssignment), ([[1], []], .invalidReplicaAssignment),
            ([[0]], .invalidReplicaAssignment), ([[-1]], .invalidReplicaAssignment),
            ([[3, 1, 2], [1, 2, 3]], .none),
        ]
        for (assignments, code) in cases {
            let response: CreateTopicsResponse = try client.call(
                CreateTopicsRequest(topics: [topic("t", partitions: -1, assignments: assignments)]))
            #expect(response.topics.map(\.errorCode) == [code], "\(assignments)")
        }
        for (assignments, code) in cases.reversed() {
            let asked = CreatePartitionsRequest.Topic(
                name: "t", count: 2 + Int32(assignments.count), assignments: assignments.map { .init(brokerIds: $0) })
            let response: CreatePartitionsResponse = try client.call(
                CreatePartitionsRequest(topics: [asked], timeoutMs: 1000, validateOnly: true))
            #expect(response.results.map(\.errorCode) == [code], "\(assignments)")
        }
    }

    @Test func goodTopicsOfARequestAreCreatedBesideBadOnes() throws {
        let (cluster, client) = try begin()
        let response: CreateTopicsResponse = try client.call(CreateTopicsRequest(topics: [
            topic("a", partitions: -1), topic("bad name"), topic("c", partitions: -1, assignments: [[1], [1], [1]]),
        ]))
        #expect(response.topics.map(\.errorCode) == [.none, .invalidTopicException, .none])
        #expect(response.topics.map(\.numPartitions) == [2, -1, 3])
        #expect(cluster.gateways[0].node.replica.broker.topics.map(\.name) == ["a", "c"])
    }

    @Test func theNumberOfTopicsInARequestIsBounded() throws {
        let (cluster, client) = try begin()
        let created: CreateTopicsResponse = try client.call(
            CreateTopicsRequest(topics: ["a", "b", "c", "d"].map { topic($0) }))
        #expect(created.topics.map(\.errorCode) == [.none, .none, .none, .policyViolation])
        let described: DescribeConfigsResponse = try client.call(DescribeConfigsRequest(
            resources: Array(repeating: .init(resourceType: 2, resourceName: "a", configurationKeys: nil), count: 4)))
        #expect(described.results.map(\.errorCode) == [.none, .none, .none, .policyViolation])
        let metadata: MetadataResponse = try client.call(
            MetadataRequest(topics: ["e", "f", "g", "h"].map { .init(name: $0) }))
        #expect(metadata.topics.map(\.errorCode) == [.none, .none, .none, .unknownTopicOrPartition])
        #expect(cluster.gateways[0].node.replica.broker.topicCount == 6)
    }

    @Test func aTopicNamedTwiceIsRefusedBothTimes() throws {
        let (cluster, client) = try begin()
        let response: CreateTopicsResponse = try client.call(
            CreateTopicsRequest(topics: [topic("a"), topic("a"), topic("b")]))
        #expect(response.topics.map(\.errorCode) == [.invalidRequest, .invalidRequest, .none])
        #expect(cluster.gateways[0].node.replica.broker.topics.map(\.name) == ["b"])
    }

    @Test func validationChangesNothing() throws {
        let (cluster, client) = try begin()
        try client.create("b")
        let last = cluster.gateways[0].node.replica.raft.lastPosition.index
        let response: CreateTopicsResponse = try client.call(CreateTopicsRequest(
            topics: [topic("a", partitions: 4), topic("b"), topic("c", partitions: 10_001)], validateOnly: true))
        #expect(response.topics.map(\.errorCode) == [.none, .topicAlreadyExists, .invalidPartitions])
        #expect(response.topics[0].numPartitions == 4)
        #expect(response.topics[0].topicId == .zero)
        let partitions: CreatePartitionsResponse = try client.call(CreatePartitionsRequest(
            topics: [.init(name: "b", count: 5, assignments: nil), .init(name: "a", count: 5, assignments: nil)],
            timeoutMs: 1000, validateOnly: true))
        #expect(partitions.results.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        #expect(cluster.gateways[0].node.replica.raft.lastPosition.index == last)
    }

    /// Two clients create the same topic at once: one of them did.
    @Test func aRaceIsDecidedByTheLog() throws {
        let (cluster, client) = try begin()
        let other = try cluster.connect()
        try client.send(CreateTopicsRequest(topics: [topic("a")]))
        try other.send(CreateTopicsRequest(topics: [topic("a", partitions: 2)]))
        cluster.settle()
        #expect(try client.receive(CreateTopicsResponse.self).topics.map(\.errorCode) == [.none])
        #expect(try other.receive(CreateTopicsResponse.self).topics.map(\.errorCode) == [.topicAlreadyExists])
        try client.send(MetadataRequest(topics: [.init(name: "new")]))
        try other.send(MetadataRequest(topics: [.init(name: "new")]))
        cluster.settle()
        #expect(try client.receive(MetadataResponse.self).topics.map(\.errorCode) == [.none])
        #expect(try other.receive(MetadataResponse.self).topics.map(\.errorCode) == [.none])
    }

    @Test func deletionByNameAndIdIsChecked() throws {
        let (_, client) = try begin()
        let a = try client.create("a")
        try client.create("b")
        let cases: [([DeleteTopicsRequest.Topic], [KafkaErrorCode])] = [
            ([.init(name: nil, topicId: .init(high: 9, low: 9))], [.unknownTopicId]),
            ([.init(name: nil)], [.invalidRequest]),
            ([.init(name: "a", topicId: a.topicId)], [.invalidRequest]),
            ([.init(name: "missing")], [.unknownTopicOrPartition]),
            (
                [.init(name: nil, topicId: a.topicId), .init(name: "a"), .init(name: "b")],
                [.none, .invalidRequest, .none]
            ),
        ]
        for (topics, codes) in cases {
            let response: DeleteTopicsResponse = try client.call(DeleteTopicsRequest(topics: topics, timeoutMs: 1000))
            #expect(response.responses.map(\.errorCode) == codes)
        }
        let metadata: MetadataResponse = try client.call(MetadataRequest(topics: nil))
        #expect(metadata.topics.isEmpty)
    }

    @Test func partitionsAreOnlyEverAdded() throws {
        let (cluster, client) = try begin()
        try client.create("a", partitions: 3)
        let cases: [(Int32, [[Int32]]?, KafkaErrorCode)] = [
            (3, nil, .invalidPartitions), (2, nil, .invalidPartitions), (0, nil, .invalidPartitions),
            (-1, nil, .invalidPartitions), (Int32.min, nil, .invalidPartitions), (10_001, nil, .invalidPartitions),
            (5, [[1]], .invalidReplicaAssignment), (4, [[2]], .invalidReplicaAssignment), (4, [[1]], .none),
        ]
        for (count, assignments, code) in cases {
            let response: CreatePartitionsResponse = try client.call(CreatePartitionsRequest(
                topics: [.init(
                    name: "a", count: count, assignments: assignments.map { $0.map { .init(brokerIds: $0) } })],
                timeoutMs: 1000, validateOnly: false))
            #expect(response.results.map(\.errorCode) == [code], "\(count)")
        }
        #expect(cluster.gateways[0].node.replica.broker.topic(named: "a")?.partitions.count == 4)
        _ = try client.produce(.batch(["x"]), to: "a", partition: 3)
        #expect(try client.fetch("a", partition: 3, from: 0).values() == ["x"])
    }

    @Test func onlyTopicsAndThisBrokerHaveConfigurations() throws {
        let (_, client) = try begin()
        func describe(_ type: Int8, _ name: String) throws -> DescribeConfigsResponse.Resource {
            let response: DescribeConfigsResponse = try client.call(DescribeConfigsRequest(
                resources: [.init(resourceType: type, resourceName: name, configurationKeys: nil)]))
            return response.results[0]
        }
        #expect(try describe(2, "missing").errorCode == .unknownTopicOrPartition)
        #expect(try describe(2, "bad name").errorCode == .invalidTopicException)
        #expect(try describe(4, "2").errorCode == .invalidRequest)
        #expect(try describe(4, "nonsense").errorCode == .invalidRequest)
        #expect(try describe(8, "1").errorCode == .invalidRequest)
        #expect(try describe(4, "").errorCode == .none)
        let broker = try describe(4, "1").configs
        #expect(broker.first { $0.name == "node.id" }?.value == "1")
        #expect(broker.first { $0.name == "message.max.bytes" }?.value == "1048588")
        #expect(broker.map(\.name) == broker.map(\.name).sorted())
        try client.create("a")
        let topic = try describe(2, "a")
        #expect(topic.configs.count == 25)
        #expect(topic.configs.map(\.name) == topic.configs.map(\.name).sorted())
        #expect(topic.configs.allSatisfy { $0.synonyms.isEmpty && $0.documentation == nil })
    }

    @Test func identitiesAreHalfGivenOrWhole() throws {
        let (_, client) = try begin()
        let cases: [(Int64, Int16)] = [(-1, 0), (5, -1), (-2, -2), (Int64.min, Int16.min)]
        for (id, epoch) in cases {
            let response: InitProducerIdResponse = try client.call(InitProducerIdRequest(
                transactionalId: nil, transactionTimeoutMs: 0, producerId: id, producerEpoch: epoch))
            #expect(response.errorCode == .invalidRequest)
        }
        let empty: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(transactionalId: "", transactionTimeoutMs: 0))
        #expect(empty.errorCode == .invalidRequest)
        // An id this cluster never gave out: a new one, as Kafka answers.
        let foreign: InitProducerIdResponse = try client.call(InitProducerIdRequest(
            transactionalId: nil, transactionTimeoutMs: 0, producerId: 1 << 40, producerEpoch: Int16.max))
        #expect(foreign.errorCode == .none)
        #expect(foreign.producerEpoch == 0)
    }

    // MARK: metadata

    @Test func topicsAreCreatedOnlyIfBothSidesWantIt() throws {
        let (cluster, client) = try begin()
        let refused: MetadataResponse = try client.call(
            MetadataRequest(topics: [.init(name: "a")], allowAutoTopicCreation: false))
        #expect(refused.topics.map(\.errorCode) == [.unknownTopicOrPartition])
        let taken: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "a")]))
        #expect(taken.topics.map(\.errorCode) == [.none])
        #expect(taken.topics[0].partitions.count == 2)
        let collision: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "a.b")]))
        #expect(collision.topics.map(\.errorCode) == [.none])
        let collides: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "a_b")]))
        #expect(collides.topics.map(\.errorCode) == [.invalidTopicException])
        #expect(cluster.gateways[0].node.replica.broker.topics.map(\.name) == ["a", "a.b"])
    }

    @Test func topicsAreFoundByIdAndListedOnce() throws {
        let (_, client) = try begin()
        let a = try client.create("a")
        let unknown = KafkaUUID(high: 4, low: 5)
        for version in Int16(10)...13 {
            let response: MetadataResponse = try client.call(
                MetadataRequest(topics: [
                    .init(topicId: a.topicId, name: nil), .init(topicId: unknown, name: nil),
                    .init(topicId: a.topicId, name: nil), .init(topicId: unknown, name: nil),
                ]),
                version: version)
            #expect(response.topics.map(\.errorCode) == [.none, .unknownTopicId])
            #expect(response.topics.map(\.topicId) == [a.topicId, unknown])
            #expect(response.topics[0].name == "a")
            #expect(response.topics[1].name == (version >= 12 ? nil : ""))
        }
    }

    @Test func authorizedOperationsAreGivenWhenAskedFor() throws {
        let (_, client) = try begin()
        try client.create("a")
        let asked: MetadataResponse = try client.call(
            MetadataRequest(
                topics: nil, includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true),
            version: 9)
        #expect(asked.clusterAuthorizedOperations == 0x1fa0)
        #expect(asked.topics.map(\.topicAuthorizedOperations) == [0x0df8])
        let plain: MetadataResponse = try client.call(MetadataRequest(topics: nil), version: 9)
        #expect(plain.clusterAuthorizedOperations == Int32.min)
        #expect(plain.topics.map(\.topicAuthorizedOperations) == [Int32.min])
    }

    @Test func noTopicsAndAllTopicsDiffer() throws {
        let (_, client) = try begin()
        try client.create("b")
        try client.create("a")
        let all: MetadataResponse = try client.call(MetadataRequest(topics: nil))
        #expect(all.topics.map(\.name) == ["a", "b"])
        let none: MetadataResponse = try client.call(MetadataRequest(topics: []))
        #expect(none.topics.isEmpty)
        #expect(none.brokers.count == 1)
    }

    @Test func controllersAreNotServedHere() throws {
        let (_, client) = try begin()
        for (type, code) in [(Int8(2), KafkaErrorCode.mismatchedEndpointType), (7, .unsupportedEndpointType)] {
            let response: DescribeClusterResponse = try client.call(
                DescribeClusterRequest(includeClusterAuthorizedOperations: false, endpointType: type))
            #expect(response.errorCode == code)
            #expect(response.brokers.isEmpty)
        }
    }
}
