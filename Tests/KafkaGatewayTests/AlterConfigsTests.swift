import Broker
import KafkaWire
import Testing

/// AlterConfigs and IncrementalAlterConfigs.
struct AlterConfigsTests {
    private typealias Change = IncrementalAlteration.Setting

    private func begin(nodes: Int = 1) throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes, kafka: { $0.maximumItemsPerRequest = 3 })
        let client = try cluster.connect()
        try client.create("t", configs: [
            .init(name: "retention.ms", value: "7"), .init(name: "segment.ms", value: "9"),
        ])
        return (cluster, client)
    }

    private func overrides(_ cluster: TestCluster, _ topic: String = "t") throws -> [String: String] {
        let overrides = try #require(cluster.gateways[0].node.replica.broker.topic(named: topic)).overrides
        return Dictionary(uniqueKeysWithValues: overrides.map { ($0.name, $0.value) })
    }

    private func set(_ name: String, _ value: String?) -> Change { Change(name: name, operation: 0, value: value) }

    private func incremental(
        _ changes: [Change], to name: String = "t", type: Int8 = 2, validateOnly: Bool = false
    ) -> IncrementalAlterConfigsRequest {
        IncrementalAlterConfigsRequest(
            resources: [.init(resourceType: type, resourceName: name, configs: changes)], validateOnly: validateOnly)
    }

    @Test(arguments: VersionTests.versions(.alterConfigs)) func whatIsNotNamedReturnsToItsDefault(
        version: Int16
    ) throws {
        let (cluster, client) = try begin()
        let response: AlterConfigsResponse = try client.call(
            AlterConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: "t", configs: [.init(name: "retention.ms", value: "8")]),
                .init(resourceType: 2, resourceName: "missing", configs: []),
            ]),
            version: version)
        #expect(response.responses.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        #expect(response.responses.map(\.resourceName) == ["t", "missing"])
        #expect(response.responses[0].errorMessage == nil)
        #expect(try overrides(cluster) == ["retention.ms": "8"])
    }

    @Test(arguments: VersionTests.versions(.incrementalAlterConfigs)) func whatIsNotNamedStays(version: Int16) throws {
        let (cluster, client) = try begin()
        let response: IncrementalAlterConfigsResponse = try client.call(
            incremental([
                set("max.message.bytes", "100"), Change(name: "segment.ms", operation: 1, value: nil),
                Change(name: "cleanup.policy", operation: 2, value: "compact"),
            ]),
            version: version)
        #expect(response.responses == [.init(resourceType: 2, resourceName: "t")])
        #expect(try overrides(cluster) == [
            "retention.ms": "7", "max.message.bytes": "100", "cleanup.policy": "delete,compact",
        ])
        let removed: IncrementalAlterConfigsResponse = try client.call(
            incremental([Change(name: "cleanup.policy", operation: 3, value: "delete")]), version: version)
        #expect(removed.responses.map(\.errorCode) == [.none])
        #expect(try overrides(cluster)["cleanup.policy"] == "compact")
        let emptied: IncrementalAlterConfigsResponse = try client.call(
            incremental([Change(name: "cleanup.policy", operation: 3, value: "compact")]), version: version)
        #expect(emptied.responses.map(\.errorCode) == [.none])
        #expect(try overrides(cluster)["cleanup.policy"] == "")
    }

    @Test func badChangesAreRefusedWhole() throws {
        let (cluster, client) = try begin()
        let before = try overrides(cluster)
        let cases: [([Change], KafkaErrorCode)] = [
            ([set("nonsense", "1")], .invalidConfig),
            ([Change(name: "nonsense", operation: 1, value: nil)], .invalidConfig),
            ([set("retention.ms", "soon")], .invalidConfig),
            ([set("retention.ms", "-2")], .invalidConfig),
            ([set("max.message.bytes", "2147483648")], .invalidConfig),
            // Fixed: a node that lacks acknowledged records never leads.
            ([set("unclean.leader.election.enable", "true")], .invalidConfig),
            ([set("retention.ms", nil)], .invalidRequest),
            ([set("retention.ms", "8"), set("retention.ms", "9")], .invalidRequest),
            ([Change(name: "retention.ms", operation: 4, value: "8")], .invalidRequest),
            ([Change(name: "retention.ms", operation: -1, value: "8")], .invalidRequest),
            ([Change(name: "retention.ms", operation: 2, value: "8")], .invalidConfig),
            ([Change(name: "cleanup.policy", operation: 2, value: "burn")], .invalidConfig),
            ([set("segment.ms", "8"), set("retention.ms", "soon")], .invalidConfig),
        ]
        for (changes, code) in cases {
            let response: IncrementalAlterConfigsResponse = try client.call(incremental(changes))
            #expect(response.responses.map(\.errorCode) == [code], "\(changes)")
            #expect(response.responses[0].errorMessage?.isEmpty == false)
        }
        let legacy: AlterConfigsResponse = try client.call(AlterConfigsRequest(resources: [
            .init(resourceType: 2, resourceName: "t", configs: [.init(name: "retention.ms", value: nil)])
        ]))
        #expect(legacy.responses.map(\.errorCode) == [.invalidRequest])
        #expect(try overrides(cluster) == before)
    }

    @Test func onlyTopicsCanBeAltered() throws {
        let (cluster, client) = try begin()
        let last = cluster.gateways[0].node.replica.raft.lastPosition.index
        let cases: [(Int8, String, KafkaErrorCode)] = [
            (2, "missing", .unknownTopicOrPartition), (2, "bad name", .invalidTopicException),
            (4, "1", .invalidRequest), (4, "", .invalidRequest), (8, "1", .invalidRequest), (-1, "t", .invalidRequest),
        ]
        for (type, name, code) in cases {
            let response: IncrementalAlterConfigsResponse = try client.call(
                incremental([set("retention.ms", "8")], to: name, type: type))
            #expect(response.responses.map(\.errorCode) == [code], "\(type) \(name)")
            #expect(response.responses.map(\.resourceType) == [type])
        }
        #expect(cluster.gateways[0].node.replica.raft.lastPosition.index == last)
    }

    @Test func validationChangesNothing() throws {
        let (cluster, client) = try begin()
        let last = cluster.gateways[0].node.replica.raft.lastPosition.index
        for (value, code) in [("8", KafkaErrorCode.none), ("soon", .invalidConfig)] {
            let response: IncrementalAlterConfigsResponse = try client.call(
                incremental([set("retention.ms", value)], validateOnly: true))
            #expect(response.responses.map(\.errorCode) == [code])
        }
        #expect(cluster.gateways[0].node.replica.raft.lastPosition.index == last)
    }

    @Test func resourcesAreNamedOnceAndBounded() throws {
        let (cluster, client) = try begin()
        for name in ["a", "b", "c"] { try client.create(name) }
        let response: IncrementalAlterConfigsResponse = try client.call(IncrementalAlterConfigsRequest(
            resources: ["a", "b", "a", "c"].map {
                .init(resourceType: 2, resourceName: $0, configs: [set("retention.ms", "1")])
            }))
        #expect(response.responses.map(\.errorCode) == [.invalidRequest, .none, .invalidRequest, .policyViolation])
        #expect(try overrides(cluster, "a").isEmpty)
        #expect(try overrides(cluster, "b") == ["retention.ms": "1"])
    }

    @Test func aFollowerPassesThemOnToTheLeader() throws {
        let (cluster, client) = try begin(nodes: 3)
        let follower = (try cluster.elect() + 1) % 3
        let other = try cluster.connect(to: follower)
        let response: IncrementalAlterConfigsResponse = try other.call(incremental([set("retention.ms", "8")]))
        #expect(response.responses.map(\.errorCode) == [.none])
        let legacy: AlterConfigsResponse = try other.call(AlterConfigsRequest(resources: [
            .init(resourceType: 2, resourceName: "t", configs: [.init(name: "segment.ms", value: "8")])
        ]))
        #expect(legacy.responses.map(\.errorCode) == [.none])
        #expect(cluster.gateways[follower].metrics.forwardedRequests == 2)
        let described: DescribeConfigsResponse = try client.call(DescribeConfigsRequest(
            resources: [.init(resourceType: 2, resourceName: "t", configurationKeys: ["segment.ms", "retention.ms"])]))
        #expect(described.results[0].configs.map(\.value) == ["604800000", "8"])
    }

    /// A batch that was too large is taken as soon as the setting allows it.
    @Test func theSettingCountsAtOnce() throws {
        let (_, client) = try begin()
        func setMaximum(_ value: String) throws {
            let response: IncrementalAlterConfigsResponse = try client.call(
                incremental([set("max.message.bytes", value)]))
            #expect(response.responses.map(\.errorCode) == [.none])
        }
        let large = String(repeating: "x", count: 500)
        try setMaximum("400")
        #expect(try client.produce(.batch([large]), to: "t").errorCode == .messageTooLarge)
        #expect(try client.produce(.batch(["small"]), to: "t").errorCode == .none)
        try setMaximum("600")
        #expect(try client.produce(.batch([large]), to: "t").baseOffset == 1)
    }
}
