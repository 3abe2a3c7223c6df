import KafkaGateway
import KafkaWire
import Testing

/// Records that have outlived their topic's retention, as clients see them.
struct RetentionTests {
    private func create(_ client: TestClient, _ name: String, _ setting: String, _ value: String) throws {
        let response: CreateTopicsResponse = try client.call(CreateTopicsRequest(
            topics: [
                .init(
                    name: name, numPartitions: 2, replicationFactor: -1, assignments: [],
                    configs: [.init(name: setting, value: value)])
            ], timeoutMs: 5_000))
        #expect(response.topics.map(\.errorCode) == [.none])
    }

    @Test func theLeaderLetsThemGo() throws {
        let cluster = try TestCluster.ready(nodes: 3, kafka: { $0.retentionCheckMilliseconds = 1_000 })
        let client = try cluster.connect()
        try create(client, "brief", "retention.ms", "60000")
        try create(client, "small", "retention.bytes", "0")
        try create(client, "long", "retention.ms", "-1")
        for name in ["brief", "small", "long"] {
            _ = try client.produce(.batch(["a", "b"]), to: name, partition: 1)
        }
        cluster.run(milliseconds: 50_000)
        #expect(try client.offset(of: -2, in: "brief", partition: 1).offset == 0)
        #expect(try client.offset(of: -2, in: "small", partition: 1).offset == 2)
        _ = try client.produce(.batch(["c"]), to: "brief", partition: 1)
        cluster.run(milliseconds: 15_000)
        #expect(try client.offset(of: -2, in: "brief", partition: 1).offset == 2)
        #expect(try client.fetch("brief", partition: 1, from: 2).values() == ["c"])
        #expect(try client.fetch("brief", partition: 1, from: 1).errorCode == .offsetOutOfRange)
        #expect(try client.fetch("long", partition: 1, from: 0).values() == ["a", "b"])
        for gateway in cluster.gateways {
            #expect(gateway.node.replica.broker.digest() == cluster.gateways[0].node.replica.broker.digest())
        }
    }

    /// More partitions than are looked at in one tick.
    @Test func allTopicsHaveTheirTurn() throws {
        let cluster = try TestCluster.ready(kafka: { $0.retentionCheckMilliseconds = 1_000 })
        let client = try cluster.connect()
        for name in ["a", "b", "c"] {
            try client.create(name, partitions: 1_500)
            let set: IncrementalAlterConfigsResponse = try client.call(IncrementalAlterConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: name, configs: [
                    .init(name: "retention.bytes", operation: 0, value: "0")
                ])
            ]))
            #expect(set.responses.map(\.errorCode) == [.none])
            _ = try client.produce(.batch(["x"]), to: name, partition: 1_499)
        }
        cluster.run(milliseconds: 2_000)
        for name in ["a", "b", "c"] {
            #expect(try client.offset(of: -2, in: name, partition: 1_499).offset == 1)
        }
    }
}
