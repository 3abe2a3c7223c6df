import Bytes
import KafkaWire
import Testing

/// Long polls and limits, on one node.
struct FetchTests {
    private func begin() throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t", partitions: 2)
        return (cluster, client)
    }

    @Test func aFetchAtTheEndIsWokenByAProduce() throws {
        let (cluster, client) = try begin()
        let producer = try cluster.connect()
        try client.send(.one("t", from: 0, maxWaitMs: 5000))
        cluster.run(milliseconds: 100)
        #expect(client.connection.frameCount == 0)
        // Another partition does not wake it.
        _ = try producer.produce(.batch(["x"]), to: "t", partition: 1)
        #expect(client.connection.frameCount == 0)
        _ = try producer.produce(.batch(["a"]), to: "t")
        #expect(try client.receive(FetchResponse.self).partitions[0].values() == ["a"])
    }

    @Test func aFetchThatNothingComesForIsAnsweredEmptyInTime() throws {
        let (cluster, client) = try begin()
        try client.send(.one("t", from: 0, maxWaitMs: 300))
        cluster.run(milliseconds: 290)
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 20)
        let answer = try client.receive(FetchResponse.self).partitions[0]
        #expect(answer.errorCode == .none)
        #expect(answer.bytes.isEmpty)
        #expect(answer.highWatermark == 0)
    }

    @Test func aFetchWaitsForItsMinimumOfBytes() throws {
        let (cluster, client) = try begin()
        let producer = try cluster.connect()
        let size = Int32(ByteSlice.batch(["a"]).count)
        try client.send(.one("t", from: 0, maxWaitMs: 5000, minBytes: size * 2 + 1))
        _ = try producer.produce(.batch(["a"]), to: "t")
        _ = try producer.produce(.batch(["b"]), to: "t")
        #expect(client.connection.frameCount == 0)
        _ = try producer.produce(.batch(["c"]), to: "t")
        #expect(try client.receive(FetchResponse.self).partitions[0].values() == ["a", "b", "c"])
    }

    /// It would otherwise wait to its deadline although nothing more could be sent.
    @Test func aMinimumAboveTheMaximumMeansTheMaximum() throws {
        let (cluster, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        try client.send(.one("t", from: 0, maxWaitMs: 60_000, minBytes: 1_000_000, maxBytes: 10))
        cluster.settle()
        #expect(try client.receive(FetchResponse.self).partitions[0].values() == ["a"])
    }

    @Test func errorsAreAnsweredAtOnce() throws {
        let (cluster, client) = try begin()
        let epoch = Int32(cluster.gateways[0].node.replica.term)
        let cases: [(FetchRequest, KafkaErrorCode)] = [
            (.one("missing", from: 0, maxWaitMs: 60_000), .unknownTopicOrPartition),
            (.one("t", partition: 2, from: 0, maxWaitMs: 60_000), .unknownTopicOrPartition),
            (.one("t", partition: -1, from: 0, maxWaitMs: 60_000), .unknownTopicOrPartition),
            (.one("t", partition: Int32.min, from: 0, maxWaitMs: 60_000), .unknownTopicOrPartition),
            (.one("t", from: 1, maxWaitMs: 60_000), .offsetOutOfRange),
            (.one("t", from: -1, maxWaitMs: 60_000), .offsetOutOfRange),
            (.one("t", from: Int64.max, maxWaitMs: 60_000), .offsetOutOfRange),
            (.one("t", from: 0, maxWaitMs: 60_000, leaderEpoch: epoch - 1), .fencedLeaderEpoch),
            (.one("t", from: 0, maxWaitMs: 60_000, leaderEpoch: epoch + 1), .unknownLeaderEpoch),
        ]
        for (request, code) in cases {
            let response: FetchResponse = try client.call(request)
            #expect(response.partitions.map(\.errorCode) == [code])
        }
        let good: FetchResponse = try client.call(.one("t", from: 0, leaderEpoch: epoch))
        #expect(good.partitions.map(\.errorCode) == [.none])
    }

    @Test func aTopicDeletedWhileAFetchWaitsIsReported() throws {
        let (cluster, client) = try begin()
        let admin = try cluster.connect()
        try client.send(.one("t", from: 0, maxWaitMs: 60_000))
        cluster.settle()
        let _: DeleteTopicsResponse = try admin.call(
            DeleteTopicsRequest(topics: [.init(name: "t")], timeoutMs: 1000))
        #expect(try client.receive(FetchResponse.self).partitions[0].errorCode == .unknownTopicOrPartition)
    }

    @Test func aTopicIsFetchedByItsID() throws {
        let (_, client) = try begin()
        let id = try client.create("u").topicId
        _ = try client.produce(.batch(["a"]), to: "u")
        for version in Int16(13)...17 {
            let good: FetchResponse = try client.call(FetchRequest.one(id: id, from: 0), version: version)
            #expect(good.topics.map(\.id) == [id])
            #expect(try good.partitions.map { try $0.values() } == [["a"]])
            let waiting: [(FetchRequest, KafkaErrorCode)] = [
                (.one(id: id, partition: 1, from: 0, maxWaitMs: 60_000), .unknownTopicOrPartition),
                (.one(id: KafkaUUID(high: 9, low: 9), from: 0, maxWaitMs: 60_000), .unknownTopicId),
                (.one(id: .zero, from: 0, maxWaitMs: 60_000), .unknownTopicId),
            ]
            for (request, code) in waiting {
                let response: FetchResponse = try client.call(request, version: version)
                #expect(response.partitions.map(\.errorCode) == [code])
            }
        }
    }

    /// Whoever still reads the old topic would take the new one's records for it.
    @Test func aTopicThatComesBackIsAnotherToWhoReadsByID() throws {
        let (cluster, client) = try begin()
        let admin = try cluster.connect()
        let old = try admin.create("u").topicId
        try client.send(FetchRequest.one(id: old, from: 0, maxWaitMs: 60_000))
        cluster.settle()
        let _: DeleteTopicsResponse = try admin.call(
            DeleteTopicsRequest(topics: [.init(name: "u")], timeoutMs: 1000))
        #expect(try client.receive(FetchResponse.self).partitions[0].errorCode == .unknownTopicId)
        let new = try admin.create("u").topicId
        _ = try admin.produce(.batch(["new"]), to: "u")
        let stale: FetchResponse = try client.call(FetchRequest.one(id: old, from: 0))
        #expect(stale.partitions.map(\.errorCode) == [.unknownTopicId])
        #expect(stale.partitions[0].bytes.isEmpty)
        let fresh: FetchResponse = try client.call(FetchRequest.one(id: new, from: 0))
        #expect(try fresh.partitions[0].values() == ["new"])
    }

    @Test func noSessionIsKept() throws {
        let (_, client) = try begin()
        var request = FetchRequest.one("t", from: 0)
        request.sessionEpoch = 0
        let opening: FetchResponse = try client.call(request)
        #expect(opening.errorCode == .none)
        #expect(opening.sessionId == 0)
        request.sessionId = 5
        request.sessionEpoch = 1
        let continuing: FetchResponse = try client.call(request)
        #expect(continuing.errorCode == .fetchSessionIdNotFound)
        #expect(continuing.partitions.isEmpty)
    }

    @Test func aFetchOfNothingDoesNotWait() throws {
        let (_, client) = try begin()
        let response: FetchResponse = try client.call(FetchRequest(maxWaitMs: 60_000, minBytes: 1))
        #expect(response.partitions.isEmpty)
    }

    /// A consumer whose limit is smaller than a batch would never get on.
    @Test func theFirstBatchIsReturnedWhateverTheLimits() throws {
        let (_, client) = try begin()
        let value = String(repeating: "x", count: 5000)
        _ = try client.produce(.batch([value]), to: "t")
        _ = try client.produce(.batch(["b"]), to: "t")
        for limit in [Int32.min, -1, 0, 1, 100] {
            let response: FetchResponse = try client.call(
                .one("t", from: 0, maxBytes: limit, partitionMaxBytes: limit))
            #expect(try response.partitions[0].values() == [value], "limit \(limit)")
        }
    }

    @Test func theLimitOfTheResponseCountsOverPartitions() throws {
        let (_, client) = try begin()
        let value = String(repeating: "x", count: 1000)
        _ = try client.produce(.batch([value]), to: "t", partition: 0)
        _ = try client.produce(.batch([value]), to: "t", partition: 1)
        var request = FetchRequest(maxWaitMs: 0, minBytes: 1, maxBytes: 500)
        request.append(topic: ByteSlice(utf8: "t"), partitions: [
            .init(index: 1, fetchOffset: 0, maxBytes: 1 << 20), .init(index: 0, fetchOffset: 0, maxBytes: 1 << 20),
            .init(index: 0, fetchOffset: 7, maxBytes: 1 << 20),
        ])
        let response: FetchResponse = try client.call(request)
        #expect(response.partitions.map(\.errorCode) == [.none, .none, .offsetOutOfRange])
        #expect(response.partitions.map(\.bytes.isEmpty) == [false, true, true])
        #expect(response.partitions.map(\.highWatermark) == [1, 1, 1])
    }

    @Test func recordsThatMemoryNoLongerHoldsComeFromTheDisk() throws {
        let cluster = try TestCluster.ready(node: { $0.cacheBytes = 0 })
        let client = try cluster.connect()
        try client.create("t")
        let values = (0..<20).map { "value \($0)" }
        for value in values { _ = try client.produce(.batch([value]), to: "t") }
        let fetched = try client.fetch("t", from: 0)
        #expect(try fetched.values() == values)
        #expect(try fetched.allRecords().map(\.offset) == Array(0..<20))
        #expect(try client.offset(of: 1_000, in: "t").offset == 0)
        #expect(cluster.gateways[0].metrics.fetchedBytes == UInt64(fetched.bytes.count))
    }

    @Test func manyWaitingFetchesAreAllAnswered() throws {
        let (cluster, client) = try begin()
        let consumers = try (0..<50).map { _ in try cluster.connect() }
        for (position, consumer) in consumers.enumerated() {
            try consumer.send(.one("t", partition: Int32(position % 2), from: 0, maxWaitMs: 60_000))
        }
        cluster.settle()
        _ = try client.produce(.batch(["a"]), to: "t", partition: 1)
        #expect(consumers.map(\.connection.frameCount) == (0..<50).map { $0 % 2 })
        consumers[0].disconnect()
        _ = try client.produce(.batch(["b"]), to: "t", partition: 0)
        #expect(consumers[0].connection.frameCount == 0)
        #expect(consumers[2].connection.frameCount == 1)
    }
}
