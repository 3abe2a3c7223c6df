import KafkaGateway
import KafkaWire
import Testing

/// DeleteRecords: where a partition's log begins, and who may say so.
struct DeleteRecordsTests {
    private func begin(
        nodes: Int = 1, kafka: (inout KafkaSettings) -> Void = { _ in }
    ) throws -> (cluster: TestCluster, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes, kafka: kafka)
        let client = try cluster.connect()
        try client.create("t", partitions: 2)
        for first in stride(from: 0, to: 10, by: 2) {
            _ = try client.produce(.batch(["\(first)", "\(first + 1)"]), to: "t", partition: 1)
        }
        return (cluster, client)
    }

    private func request(_ partitions: [(Int32, Int64)], of topic: String = "t") -> DeleteRecordsRequest {
        DeleteRecordsRequest(
            topics: [.init(name: topic, partitions: partitions.map { .init(partitionIndex: $0, offset: $1) })],
            timeoutMs: 1000)
    }

    private func delete(
        _ client: TestClient, before offset: Int64, partition: Int32 = 1
    ) throws -> DeleteRecordsResponse.Partition {
        let response: DeleteRecordsResponse = try client.call(request([(partition, offset)]))
        return response.topics[0].partitions[0]
    }

    @Test(arguments: VersionTests.versions(.deleteRecords)) func recordsGo(version: Int16) throws {
        let (_, client) = try begin()
        let response: DeleteRecordsResponse = try client.call(request([(0, -1), (1, 3)]), version: version)
        #expect(response == DeleteRecordsResponse(topics: [
            .init(name: "t", partitions: [
                .init(partitionIndex: 0, lowWatermark: 0), .init(partitionIndex: 1, lowWatermark: 3),
            ])
        ]))
        #expect(try client.offset(of: -2, in: "t", partition: 1).offset == 3)
        #expect(try client.offset(of: -1, in: "t", partition: 1).offset == 10)
        #expect(try client.fetch("t", partition: 1, from: 2).errorCode == .offsetOutOfRange)
        let fetched = try client.fetch("t", partition: 1, from: 3)
        #expect(fetched.logStartOffset == 3 && fetched.highWatermark == 10)
        #expect(try fetched.allRecords().map(\.offset).last == 9)
        #expect(try client.produce(.batch(["x"]), to: "t", partition: 1).logStartOffset == 3)
    }

    @Test func offsetsAreChecked() throws {
        let (cluster, client) = try begin()
        let last = cluster.gateways[0].node.replica.raft.lastPosition.index
        for offset in [Int64(11), Int64.max, -2, Int64.min] {
            #expect(try delete(client, before: offset) == .init(
                partitionIndex: 1, lowWatermark: -1, errorCode: .offsetOutOfRange))
        }
        for partition in [Int32(2), -1, Int32.max, Int32.min] {
            #expect(try delete(client, before: 0, partition: partition).errorCode == .unknownTopicOrPartition)
        }
        let missing: DeleteRecordsResponse = try client.call(request([(0, 0)], of: "missing"))
        #expect(missing.topics[0].partitions.map(\.errorCode) == [.unknownTopicOrPartition])
        #expect(try delete(client, before: 0).lowWatermark == 0)
        #expect(cluster.gateways[0].node.replica.raft.lastPosition.index == last)
    }

    @Test func theStartNeverMovesBack() throws {
        let (_, client) = try begin()
        #expect(try delete(client, before: 6).lowWatermark == 6)
        #expect(try delete(client, before: 2).lowWatermark == 6)
        #expect(try delete(client, before: -1).lowWatermark == 10)
        #expect(try delete(client, before: 10).lowWatermark == 10)
        #expect(try client.fetch("t", partition: 1, from: 10).errorCode == .none)
        _ = try client.produce(.batch(["x"]), to: "t", partition: 1)
        #expect(try client.fetch("t", partition: 1, from: 10).values() == ["x"])
    }

    /// A record on its way is not covered by "all there are".
    @Test func whatIsNotCommittedStays() throws {
        let (cluster, client) = try begin()
        let other = try cluster.connect()
        try other.send(.one(.batch(["new"]), to: "t", partition: 1))
        try client.send(request([(1, -1)]))
        cluster.settle()
        #expect(try other.receive(ProduceResponse.self).partitions[0].baseOffset == 10)
        #expect(try client.receive(DeleteRecordsResponse.self).topics[0].partitions[0].lowWatermark == 10)
        #expect(try client.fetch("t", partition: 1, from: 10).values() == ["new"])
    }

    @Test func compactedTopicsAreNotCutOff() throws {
        let (_, client) = try begin()
        for (policy, code) in [("compact", KafkaErrorCode.policyViolation), ("compact,delete", .none), ("", .none)] {
            let set: IncrementalAlterConfigsResponse = try client.call(IncrementalAlterConfigsRequest(resources: [
                .init(resourceType: 2, resourceName: "t", configs: [
                    .init(name: "cleanup.policy", operation: 0, value: policy)
                ])
            ]))
            #expect(set.responses.map(\.errorCode) == [.none])
            #expect(try delete(client, before: 4).errorCode == code)
        }
    }

    @Test func theNumberOfPartitionsIsBounded() throws {
        let (_, client) = try begin { $0.maximumItemsPerRequest = 2 }
        let response: DeleteRecordsResponse = try client.call(request([(1, 1), (1, 2), (1, 3)]))
        #expect(response.topics[0].partitions.map(\.lowWatermark) == [1, 2, -1])
        #expect(response.topics[0].partitions.map(\.errorCode) == [.none, .none, .policyViolation])
    }

    @Test func onlyTheLeaderDeletesAndEveryNodeFollows() throws {
        let (cluster, client) = try begin(nodes: 3)
        let leader = try cluster.elect()
        let follower = try cluster.connect(to: (leader + 1) % 3)
        #expect(try delete(follower, before: 4).errorCode == .notLeaderOrFollower)
        #expect(try delete(client, before: 4).errorCode == .none)
        cluster.run(milliseconds: 200)
        for gateway in cluster.gateways {
            #expect(gateway.node.replica.broker.topic(named: "t")?.partitions[1].logStartOffset == 4)
        }
        // The next leader knows.
        cluster.isolate(leader)
        cluster.run(milliseconds: 3000)
        let heir = try #require(cluster.gateways.indices.first {
            $0 != leader && cluster.gateways[$0].node.replica.admission != nil
        })
        let next = try cluster.connect(to: heir)
        #expect(try next.offset(of: -2, in: "t", partition: 1).offset == 4)
        #expect(try next.fetch("t", partition: 1, from: 3).errorCode == .offsetOutOfRange)
    }

    /// A leader that is cut off may not call an offset out of range: records may have come since, elsewhere.
    @Test func aLeaderThatIsCutOffDoesNotJudge() throws {
        let (cluster, client) = try begin(nodes: 3)
        cluster.isolate(try cluster.elect())
        try client.send(request([(1, 11)]))
        try client.send(request([(1, 4)]))
        cluster.run(milliseconds: 5000)
        for _ in 0..<2 {
            let response: DeleteRecordsResponse = try client.receive()
            #expect(response.topics[0].partitions[0].errorCode.isRetriable)
        }
    }
}
