import Bytes
import KafkaWire
import Testing

/// Every API in every version that is served, against one node.
struct VersionTests {
    static func versions(_ key: ApiKey) -> ClosedRange<Int16> {
        SupportedApis[key].minimumServed...SupportedApis[key].maximum
    }

    @Test(arguments: versions(.produce)) func produce(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        let first = try client.produce(.batch(["a", "b"]), to: "t", version: version)
        #expect(first.errorCode == .none)
        #expect(first.baseOffset == 0)
        #expect(first.logAppendTimeMs == -1)
        let second = try client.produce(.batch(["c"]), to: "t", version: version)
        #expect(second.baseOffset == 2)
        #expect(try client.fetch("t", from: 0).values() == ["a", "b", "c"])
    }

    @Test(arguments: versions(.fetch)) func fetch(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        _ = try client.produce(.batch(["a", "b"]), to: "t")
        _ = try client.produce(.batch(["c"]), to: "t")
        let fetched = try client.fetch("t", from: 0, version: version)
        #expect(fetched.errorCode == .none)
        #expect(fetched.highWatermark == 3)
        #expect(fetched.lastStableOffset == 3)
        #expect(fetched.logStartOffset == (version >= 5 ? 0 : -1))
        #expect(try fetched.values() == ["a", "b", "c"])
        #expect(try fetched.allRecords().map(\.offset) == [0, 1, 2])
        let atEnd = try client.fetch("t", from: 3, version: version)
        #expect(atEnd.errorCode == .none)
        #expect(atEnd.bytes.isEmpty)
    }

    @Test(arguments: versions(.listOffsets)) func listOffsets(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        _ = try client.produce(.batch(["a", "b"], timestamp: 50), to: "t")
        _ = try client.produce(.batch(["c"], timestamp: 10), to: "t")
        #expect(try client.offset(of: -1, in: "t", version: version).offset == 3)
        #expect(try client.offset(of: -2, in: "t", version: version).offset == 0)
        let found = try client.offset(of: 51, in: "t", version: version)
        #expect(found.offset == 1)
        #expect(found.timestamp == 51)
        let none = try client.offset(of: 52, in: "t", version: version)
        #expect(none.errorCode == .none)
        #expect(none.offset == -1)
        let largest = try client.offset(of: -3, in: "t", version: version)
        #expect(largest.errorCode == (version >= 7 ? .none : .unsupportedVersion))
        #expect(largest.offset == (version >= 7 ? 1 : -1))
        let local = try client.offset(of: -4, in: "t", version: version)
        #expect(local.errorCode == (version >= 8 ? .none : .unsupportedVersion))
        #expect(local.offset == (version >= 8 ? 0 : -1))
        if version >= 4 { #expect(found.leaderEpoch >= 1) }
    }

    @Test(arguments: versions(.metadata)) func metadata(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let created = try client.create("t", partitions: 2)
        let response: MetadataResponse = try client.call(MetadataRequest(topics: [.init(name: "t")]), version: version)
        #expect(response.brokers == [.init(nodeId: 1, host: "node1", port: 9001)])
        #expect(response.controllerId == (version >= 1 ? 1 : -1))
        #expect(response.clusterId == (version >= 2 ? "00000000-0000-0001-0000-000000000002" : nil))
        #expect(response.errorCode == .none)
        let topic = try #require(response.topics.first)
        #expect(topic.name == "t")
        #expect(topic.errorCode == .none)
        #expect(topic.topicId == (version >= 10 ? created.topicId : .zero))
        #expect(topic.partitions.map(\.partitionIndex) == [0, 1])
        for partition in topic.partitions {
            #expect(partition.errorCode == .none)
            #expect(partition.leaderId == 1)
            #expect(partition.replicaNodes == [1])
            #expect(partition.isrNodes == [1])
            #expect(partition.offlineReplicas == [])
            #expect(version < 7 || partition.leaderEpoch >= 1)
        }
    }

    @Test(arguments: versions(.createTopics)) func createTopics(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let request = CreateTopicsRequest(topics: [
            .init(
                name: "t", numPartitions: 3, replicationFactor: 1, assignments: [],
                configs: [.init(name: "retention.ms", value: "1000"), .init(name: "segment.ms", value: nil)])
        ])
        let response: CreateTopicsResponse = try client.call(request, version: version)
        let topic = try #require(response.topics.first)
        #expect(topic.errorCode == .none)
        #expect(topic.name == "t")
        #expect((topic.topicId != .zero) == (version >= 7))
        #expect(topic.numPartitions == (version >= 5 ? 3 : -1))
        #expect(topic.replicationFactor == (version >= 5 ? 1 : -1))
        if version >= 5 {
            let retention = topic.configs?.first { $0.name == "retention.ms" }
            #expect(retention == .init(
                name: "retention.ms", value: "1000", readOnly: false, configSource: 1, isSensitive: false))
            #expect(topic.configs?.first { $0.name == "segment.ms" }?.configSource == 5)
        }
        #expect(cluster.gateways[0].node.replica.broker.topic(named: "t")?.partitions.count == 3)
    }

    @Test(arguments: versions(.deleteTopics)) func deleteTopics(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let created = try client.create("t")
        try client.create("u")
        let request = DeleteTopicsRequest(topics: [.init(name: "t"), .init(name: "missing")], timeoutMs: 1000)
        let response: DeleteTopicsResponse = try client.call(request, version: version)
        #expect(response.responses.map(\.name) == ["t", "missing"])
        #expect(response.responses.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        #expect(response.responses[0].topicId == (version >= 6 ? created.topicId : .zero))
        #expect(cluster.gateways[0].node.replica.broker.topics.map(\.name) == ["u"])
    }

    @Test(arguments: versions(.createPartitions)) func createPartitions(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        let request = CreatePartitionsRequest(
            topics: [.init(name: "t", count: 4, assignments: nil), .init(name: "missing", count: 2, assignments: nil)],
            timeoutMs: 1000, validateOnly: false)
        let response: CreatePartitionsResponse = try client.call(request, version: version)
        #expect(response.results.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        #expect(cluster.gateways[0].node.replica.broker.topic(named: "t")?.partitions.count == 4)
    }

    @Test(arguments: versions(.describeConfigs)) func describeConfigs(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t", configs: [.init(name: "retention.ms", value: "7")])
        let request = DescribeConfigsRequest(
            resources: [
                .init(resourceType: 2, resourceName: "t", configurationKeys: ["retention.ms", "cleanup.policy"]),
                .init(resourceType: 4, resourceName: "1", configurationKeys: nil),
            ],
            includeSynonyms: true, includeDocumentation: true)
        let response: DescribeConfigsResponse = try client.call(request, version: version)
        #expect(response.results.map(\.errorCode) == [.none, .none])
        let configs = response.results[0].configs
        #expect(configs.map(\.name) == ["cleanup.policy", "retention.ms"])
        #expect(configs.map(\.value) == ["delete", "7"])
        #expect(configs.map(\.configSource) == [5, 1])
        #expect(configs[1].synonyms == [
            .init(name: "retention.ms", value: "7", source: 1),
            .init(name: "retention.ms", value: "604800000", source: 5),
        ])
        #expect(configs.map(\.configType) == (version >= 3 ? [7, 5] : [0, 0]))
        #expect(configs.allSatisfy { ($0.documentation != nil) == (version >= 3) })
        let broker = response.results[1].configs
        #expect(broker.first { $0.name == "num.partitions" }?.value == "1")
        #expect(broker.allSatisfy { $0.readOnly })
    }

    @Test(arguments: versions(.initProducerId)) func initProducerId(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let request = InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0)
        let first: InitProducerIdResponse = try client.call(request, version: version)
        #expect(first.errorCode == .none)
        #expect(first.producerEpoch == 0)
        let second: InitProducerIdResponse = try client.call(request, version: version)
        #expect(second.producerId != first.producerId)
        guard version >= 3 else { return }
        let bump = InitProducerIdRequest(
            transactionalId: nil, transactionTimeoutMs: 0, producerId: second.producerId, producerEpoch: 0)
        let bumped: InitProducerIdResponse = try client.call(bump, version: version)
        #expect(bumped == InitProducerIdResponse(producerId: second.producerId, producerEpoch: 1))
    }

    @Test(arguments: versions(.offsetForLeaderEpoch)) func offsetForLeaderEpoch(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        _ = try client.produce(.batch(["a", "b"]), to: "t")
        let epoch = Int32(cluster.gateways[0].node.replica.term)
        let request = OffsetForLeaderEpochRequest(replicaId: -1, topics: [
            .init(name: "t", partitions: [
                .init(partition: 0, currentLeaderEpoch: epoch, leaderEpoch: epoch),
                .init(partition: 0, leaderEpoch: epoch + 1),
                .init(partition: 0, currentLeaderEpoch: epoch + 1, leaderEpoch: epoch),
                .init(partition: 0, currentLeaderEpoch: epoch - 1, leaderEpoch: epoch),
                .init(partition: 9, leaderEpoch: epoch),
            ])
        ])
        let response: OffsetForLeaderEpochResponse = try client.call(request, version: version)
        #expect(response.topics.map(\.name) == ["t"])
        #expect(response.topics[0].partitions == [
            .init(partition: 0, leaderEpoch: epoch, endOffset: 2),
            .init(partition: 0, leaderEpoch: -1, endOffset: -1),
            .init(errorCode: .unknownLeaderEpoch, partition: 0),
            .init(errorCode: .fencedLeaderEpoch, partition: 0),
            .init(errorCode: .unknownTopicOrPartition, partition: 9),
        ])
    }

    @Test(arguments: versions(.describeCluster)) func describeCluster(version: Int16) throws {
        let cluster = try TestCluster.ready(nodes: 3)
        let client = try cluster.connect()
        let response: DescribeClusterResponse = try client.call(
            DescribeClusterRequest(includeClusterAuthorizedOperations: true), version: version)
        #expect(response.errorCode == .none)
        #expect(response.brokers.map(\.brokerId) == [1, 2, 3])
        #expect(response.brokers.map(\.host) == ["node1", "node2", "node3"])
        #expect(response.controllerId == Int32(try #require(cluster.leader)) + 1)
        #expect(response.clusterAuthorizedOperations == 0x1fa0)
    }

    @Test(arguments: versions(.apiVersions)) func apiVersions(version: Int16) throws {
        let cluster = try TestCluster()
        let client = try cluster.connect(to: 0)
        let response: ApiVersionsResponse = try client.call(ApiVersionsRequest(), version: version)
        #expect(response.errorCode == .none)
        #expect(response.apiKeys.count == SupportedApis.all.count)
        #expect(response.apiKeys.first { $0.apiKey == 0 } == .init(apiKey: 0, minVersion: 0, maxVersion: 11))
    }

    @Test(arguments: versions(.findCoordinator)) func findCoordinator(version: Int16) throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let response: FindCoordinatorResponse = try client.call(
            FindCoordinatorRequest(coordinatorKeys: ["g"]), version: version)
        #expect(response.coordinators.map(\.errorCode) == [.none] && response.coordinators[0].nodeId == 1)
        guard version >= 1 else { return }
        let transactional: FindCoordinatorResponse = try client.call(
            FindCoordinatorRequest(keyType: 1, coordinatorKeys: ["x"]), version: version)
        #expect(transactional.coordinators.map(\.errorCode) == [.none] && transactional.coordinators[0].nodeId == 1)
    }
}
