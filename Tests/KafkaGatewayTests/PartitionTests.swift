import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// DescribeTopicPartitions and DescribeLogDirs.
struct PartitionTests {
    private func ask(
        _ client: TestClient, _ names: [String] = [], limit: Int32 = 2000, from cursor: (String, Int32)? = nil
    ) throws -> DescribeTopicPartitionsResponse {
        try client.call(DescribeTopicPartitionsRequest(
            topics: names.map { .init(name: $0) }, responsePartitionLimit: limit,
            cursor: cursor.map { KafkaPartitionCursor(topicName: $0.0, partitionIndex: $0.1) }))
    }

    private func begin(nodes: Int = 1) throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes)
        let client = try cluster.connect()
        for (name, partitions) in [("b", Int32(3)), ("a", 2), ("c", 1)] {
            try client.create(name, partitions: partitions)
        }
        return (cluster, client)
    }

    @Test func partitionsAreDescribed() throws {
        let (cluster, client) = try begin(nodes: 3)
        let leader = Int32(try cluster.elect()) + 1
        let answer = try ask(client, ["b"])
        #expect(answer.nextCursor == nil)
        let topic = try #require(answer.topics.first)
        #expect(topic.errorCode == .none && topic.name == "b" && topic.topicId != .zero && !topic.isInternal)
        #expect(topic.topicAuthorizedOperations == 0x0df8)
        #expect(topic.partitions.map(\.partitionIndex) == [0, 1, 2])
        #expect(topic.partitions.allSatisfy {
            $0.errorCode == .none && $0.leaderId == leader && $0.replicaNodes == [1, 2, 3] && $0.isrNodes == [1, 2, 3]
                && $0.eligibleLeaderReplicas == [] && $0.lastKnownElr == [] && $0.offlineReplicas == []
        })
        #expect(topic.partitions[0].leaderEpoch == Int32(cluster.gateways[0].node.replica.term))
    }

    @Test func everyPageGoesOnWhereTheLastOneEnded() throws {
        let (_, client) = try begin()
        for limit in Int32(1)...7 {
            var seen: [String] = []
            var cursor: (String, Int32)?
            for _ in 0..<20 {
                let answer = try ask(client, limit: limit, from: cursor)
                let page = answer.topics.flatMap { topic in
                    topic.partitions.map { "\(topic.name ?? "")\($0.partitionIndex)" }
                }
                #expect(!page.isEmpty && page.count <= Int(limit))
                seen += page
                guard let next = answer.nextCursor else { break }
                cursor = (next.topicName, next.partitionIndex)
            }
            #expect(seen == ["a0", "a1", "b0", "b1", "b2", "c0"], "\(limit) at a time")
        }
    }

    @Test func limitsAndCursorsAreChecked() throws {
        let (_, client) = try begin()
        for limit in [Int32.min, -1, 0] {
            let answer = try ask(client, limit: limit)
            #expect(answer.topics.map(\.partitions.count) == [1])
            #expect(answer.nextCursor == KafkaPartitionCursor(topicName: "a", partitionIndex: 1))
        }
        #expect(try ask(client, limit: Int32.max).topics.map(\.name) == ["a", "b", "c"])
        let foreign = try ask(client, ["a", "b"], from: ("c", 0))
        #expect(foreign.topics.map(\.errorCode) == [.invalidRequest, .invalidRequest])
        #expect(try ask(client, ["a"], from: ("a", -1)).topics.map(\.errorCode) == [.invalidRequest])
        #expect(try ask(client, ["a", "b"], from: ("b", Int32.max)).topics.map(\.partitions.count) == [0])
        // The topic is gone that the last page ended in.
        #expect(try ask(client, from: ("aa", 7)).topics.map(\.name) == ["b", "c"])
    }

    @Test func topicsThatAreNotThereTakeRoomToo() throws {
        let (_, client) = try begin()
        let answer = try ask(client, ["x", "a b", "y", "c"], limit: 2)
        #expect(answer.topics.map(\.name) == ["a b", "c"])
        #expect(answer.topics.map(\.errorCode) == [.invalidTopicException, .none])
        #expect(answer.nextCursor == KafkaPartitionCursor(topicName: "x", partitionIndex: 0))
        let rest = try ask(client, ["x", "a b", "y", "c"], limit: 2, from: ("x", 0))
        #expect(rest.topics.map(\.errorCode) == [.unknownTopicOrPartition, .unknownTopicOrPartition])
        #expect(rest.nextCursor == nil)
    }

    @Test func aNodeWithoutALeaderSaysSo() throws {
        let cluster = try TestCluster(nodes: 3)
        let answer = try ask(try cluster.connect(to: 0))
        #expect(answer.topics.isEmpty)
        let (other, client) = try begin(nodes: 3)
        other.isolate(try other.elect())
        other.run(milliseconds: 5000)
        #expect(try ask(client, ["c"]).topics[0].partitions.map(\.errorCode) == [.leaderNotAvailable])
    }

    // MARK: DescribeLogDirs

    @Test(arguments: VersionTests.versions(.describeLogDirs)) func directoriesHoldWhatWasProduced(
        version: Int16
    ) throws {
        let cluster = try TestCluster.ready(
            node: { $0.spaceMilliseconds = 0 }, kafka: { $0.dataDirectory = "/somewhere" })
        let client = try cluster.connect()
        try client.create("t", partitions: 2)
        try client.create("u")
        let batch = ByteSlice.batch(["x", "y"])
        let size = Int64(batch.count)
        _ = try client.produce(batch, to: "t", partition: 1)
        let all: DescribeLogDirsResponse = try client.call(DescribeLogDirsRequest(topics: nil), version: version)
        #expect(all == DescribeLogDirsResponse(results: [
            .init(logDir: "/somewhere", topics: [
                .init(name: "t", partitions: [
                    .init(partitionIndex: 0, partitionSize: 0), .init(partitionIndex: 1, partitionSize: size),
                ]),
                .init(name: "u", partitions: [.init(partitionIndex: 0, partitionSize: 0)]),
            ])
        ]))
        let some: DescribeLogDirsResponse = try client.call(
            DescribeLogDirsRequest(topics: [
                .init(name: "t", partitions: [1, 1, 7, -1, Int32.min]), .init(name: "t", partitions: [0]),
                .init(name: "missing", partitions: [0]), .init(name: "u", partitions: []),
            ]),
            version: version)
        #expect(some.results[0].topics == [
            .init(name: "t", partitions: [.init(partitionIndex: 1, partitionSize: size)])
        ])
    }
}
