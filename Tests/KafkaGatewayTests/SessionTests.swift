import Bytes
import KafkaWire
import Simulator
import Testing

/// Order, bounds and bad input on one connection.
struct SessionTests {
    @Test func responsesKeepTheOrderOfRequestsBehindALongPoll() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        try client.create("u")
        try client.send(.one("t", from: 0, maxWaitMs: 1000))
        try client.send(.one(.batch(["a"]), to: "u"))
        try client.send(ApiVersionsRequest())
        try client.send(.one(-2, in: "u"))
        try client.send(MetadataRequest(topics: [.init(name: "new")]))
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 1010)
        #expect(try client.receive(FetchResponse.self).partitions[0].bytes.isEmpty)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .none)
        #expect(try client.receive(ApiVersionsResponse.self).errorCode == .none)
        #expect(try client.receive(ListOffsetsResponse.self).topics[0].partitions[0].offset == 0)
        #expect(try client.receive(MetadataResponse.self).topics[0].errorCode == .none)
    }

    @Test func aFullPipelineOfProducesIsAnsweredInOrder() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        for number in 0..<200 {
            try client.send(.one(.batch(["\(number)"]), to: "t"))
            if number % 7 == 0 { cluster.turn() }
            if number % 31 == 0 { cluster.settle() }
        }
        cluster.settle()
        for number in 0..<200 {
            #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == Int64(number))
        }
        #expect(try client.fetch("t", from: 0).values() == (0..<200).map { "\($0)" })
    }

    @Test func framesAreCutFromAnyPiecesOfTheStream() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        var stream = ByteWriter()
        for number in 0..<5 {
            ProduceRequest.one(.batch(["\(number)"]), to: "t").encodeFrame(
                into: &stream, version: 9, correlationId: Int32(number))
        }
        let bytes = stream.finish()
        var assembler = FrameAssembler(maximumFrame: 1 << 20)
        let random = SeededEntropy(seed: 5)
        var sent = 0
        while sent < bytes.count {
            let count = min(Int(random.next() % 40) + 1, bytes.count - sent)
            assembler.append(bytes.slice(sent, count))
            sent += count
            while let frame = try assembler.next() { client.connection.deliver(frame) }
        }
        cluster.settle()
        for number in 0..<5 {
            let frame = try #require(client.connection.takeFrame())
            let response = try ProduceResponse.decode(frame: frame, version: 9)
            #expect(response.correlationId == Int32(number))
            #expect(response.body.partitions[0].baseOffset == Int64(number))
        }
    }

    // MARK: bad input

    private func rawRequest(key: Int16, version: Int16, body: [UInt8] = []) -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(key)
        writer.int16(version)
        writer.int32(77)
        writer.int16(-1)
        writer.bytes(body)
        return writer.finish()
    }

    @Test func whatCannotBeAnsweredClosesTheConnection() throws {
        let cluster = try TestCluster.ready()
        let cases: [(String, ByteSlice)] = [
            ("unknown key", rawRequest(key: 999, version: 0)),
            ("negative key", rawRequest(key: -1, version: 0)),
            ("produce 2", rawRequest(key: 0, version: 2)),
            ("fetch 13", rawRequest(key: 1, version: 13)),
            ("metadata -1", rawRequest(key: 3, version: -1)),
            ("body too short", rawRequest(key: 3, version: 1, body: [0, 0])),
            ("huge count", rawRequest(key: 3, version: 1, body: [0x7f, 0xff, 0xff, 0xff])),
            ("no header", ByteSlice([0, 3])),
            ("empty", .empty),
        ]
        for (name, frame) in cases {
            let client = try cluster.connect()
            client.connection.deliver(frame)
            cluster.settle()
            #expect(client.connection.closeReason != nil, "\(name)")
            #expect(client.connection.frameCount == 0, "\(name)")
        }
        #expect(cluster.gateways[0].metrics.malformedRequests == UInt64(cases.count))
    }

    /// A client that is too new finds out here what it may speak (KIP-511).
    @Test func apiVersionsTooHighIsAnsweredInVersion0() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        client.connection.deliver(rawRequest(key: 18, version: 99, body: [0]))
        cluster.settle()
        let frame = try #require(client.connection.takeFrame())
        let response = try ApiVersionsResponse.decode(frame: frame, version: 0)
        #expect(response.correlationId == 77)
        #expect(response.body.errorCode == .unsupportedVersion)
        #expect(response.body.apiKeys.contains { $0.apiKey == 18 && $0.maxVersion == 4 })
        #expect(client.connection.closeReason == nil)
        try client.create("t")
    }

    @Test func responsesMadeBeforeABadRequestAreStillSent() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.send(ApiVersionsRequest())
        client.connection.deliver(rawRequest(key: 999, version: 0))
        cluster.settle()
        #expect(try client.receive(ApiVersionsResponse.self).errorCode == .none)
        #expect(client.connection.closeReason != nil)
    }

    /// Bytes of real requests, damaged at random, must never end the process.
    @Test func damagedRequestsNeverTrap() throws {
        let cluster = try TestCluster.ready(kafka: { $0.maximumItemsPerRequest = 20 })
        let setUp = try cluster.connect()
        try setUp.create("t", partitions: 3)
        try setUp.create("w")
        _ = try setUp.produce(.batch(["a", "b", "c"]), to: "t")
        let random = SeededEntropy(seed: 11)
        var answered = 0
        for frame in try Self.samples() {
            for _ in 0..<12 {
                let client = try cluster.connect()
                var bytes = frame.array
                for _ in 0...Int(random.next() % 3) {
                    bytes[8 + Int(random.next() % UInt64(bytes.count - 8))] = UInt8(truncatingIfNeeded: random.next())
                }
                client.connection.deliver(ByteSlice(bytes))
                cluster.settle()
                answered += client.connection.frameCount
                client.disconnect()
            }
        }
        #expect(answered > 100)
        #expect(cluster.gateways[0].sessionCount == 1)
        #expect(try setUp.fetch("t", from: 0).values().prefix(3) == ["a", "b", "c"])
    }

    private static func samples() throws -> [ByteSlice] {
        var frames: [ByteSlice] = []
        func add<Request: KafkaRequestBody>(_ request: Request) {
            for version in VersionTests.versions(Request.apiKey) {
                var writer = ByteWriter()
                request.encodeFrame(into: &writer, version: version, correlationId: 5)
                frames.append(writer.finish().dropFirst(4).detached())
            }
        }
        add(ProduceRequest.one(.batch(["x"]), to: "t"))
        add(FetchRequest.one("t", from: 0, maxWaitMs: 10))
        add(ListOffsetsRequest.one(1001, in: "t"))
        add(MetadataRequest(topics: [.init(name: "t"), .init(name: "u")]))
        add(CreateTopicsRequest(topics: [
            .init(
                name: "v", numPartitions: -1, replicationFactor: -1,
                assignments: [.init(partitionIndex: 0, brokerIds: [1])],
                configs: [.init(name: "retention.ms", value: "1")])
        ]))
        add(CreatePartitionsRequest(
            topics: [.init(name: "t", count: 4, assignments: [.init(brokerIds: [1])])], timeoutMs: 10,
            validateOnly: true))
        add(DescribeConfigsRequest(resources: [.init(resourceType: 2, resourceName: "t", configurationKeys: nil)]))
        add(AlterConfigsRequest(
            resources: [.init(resourceType: 2, resourceName: "t", configs: [.init(name: "retention.ms", value: "-1")])],
            validateOnly: true))
        add(IncrementalAlterConfigsRequest(resources: [
            .init(resourceType: 2, resourceName: "t", configs: [
                .init(name: "cleanup.policy", operation: 2, value: "compact")
            ])
        ]))
        add(DeleteRecordsRequest(
            topics: [.init(name: "w", partitions: [.init(partitionIndex: 0, offset: 0)])], timeoutMs: 10))
        add(DescribeLogDirsRequest(topics: [.init(name: "t", partitions: [0, 1])]))
        add(ElectLeadersRequest(topicPartitions: [.init(name: "t", partitions: [0, 1])], timeoutMs: 10))
        add(DescribeTopicPartitionsRequest(
            topics: [.init(name: "t")], cursor: KafkaPartitionCursor(topicName: "t", partitionIndex: 1)))
        add(InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        add(OffsetForLeaderEpochRequest(topics: [.init(name: "t", partitions: [.init(partition: 0, leaderEpoch: 1)])]))
        add(DeleteTopicsRequest(topics: [.init(name: "u")], timeoutMs: 10))
        add(FindCoordinatorRequest(coordinatorKeys: ["g"]))
        add(DescribeClientQuotasRequest(components: [.init(entityType: "user", matchType: 1)]))
        add(AlterClientQuotasRequest(entries: [
            .init(
                entity: [.init(entityType: "client-id", entityName: nil)],
                operations: [.init(key: "request_percentage", valueBits: (50.0).bitPattern)])
        ]))
        add(DescribeClusterRequest(includeClusterAuthorizedOperations: true))
        add(AlterPartitionReassignmentsRequest(topics: [
            .init(name: "t", partitions: [.init(partitionIndex: 0, replicas: [1])])
        ]))
        add(ListPartitionReassignmentsRequest(topics: [.init(name: "t", partitions: [0])]))
        add(AlterReplicaLogDirsRequest(dirs: [.init(path: "/", topics: [.init(name: "t", partitions: [0])])]))
        add(DescribeQuorumRequest(topics: [
            .init(name: "__cluster_metadata", partitions: [.init(partitionIndex: 0)])
        ]))
        add(ListConfigResourcesRequest(resourceTypes: [2, 4]))
        return frames
    }

    // MARK: bounds

    @Test func tooManyPendingResponsesStopReadingUntilTheyAreSent() throws {
        let cluster = try TestCluster.ready(kafka: { $0.maximumPendingResponses = 10 })
        let client = try cluster.connect()
        try client.create("t")
        try client.send(.one("t", from: 0, maxWaitMs: 200))
        for _ in 0..<30 { try client.send(ApiVersionsRequest()) }
        cluster.settle()
        #expect(!client.connection.isReading)
        #expect(client.connection.frameCount == 0)
        cluster.run(milliseconds: 300)
        #expect(client.connection.isReading)
        #expect(client.connection.frameCount == 31)
    }

    /// A client that asks for much and reads nothing must not fill the broker's memory.
    @Test func heldBytesStopReadingUntilTheyAreSent() throws {
        let cluster = try TestCluster.ready(kafka: { $0.maximumQueuedBytes = 3000 })
        let client = try cluster.connect()
        try client.create("t")
        try client.create("empty")
        _ = try client.produce(.batch([String(repeating: "x", count: 2000)]), to: "t")
        try client.send(.one("empty", from: 0, maxWaitMs: 200))
        for _ in 0..<5 { try client.send(.one("t", from: 0)) }
        cluster.settle()
        #expect(!client.connection.isReading)
        #expect(cluster.gateways[0].metrics.requests == 6)
        cluster.run(milliseconds: 300)
        #expect(client.connection.isReading)
        #expect(client.connection.frameCount == 6)
    }

    @Test func aSlowReaderStopsReadingUntilItsQueueIsDrained() throws {
        let cluster = try TestCluster.ready(kafka: { $0.maximumQueuedBytes = 100 })
        let client = try cluster.connect()
        client.connection.queuedBytes = 101
        try client.send(ApiVersionsRequest())
        try client.send(ApiVersionsRequest())
        cluster.settle()
        #expect(!client.connection.isReading)
        #expect(client.connection.frameCount == 1)
        client.connection.queuedBytes = 0
        client.session.drained()
        cluster.settle()
        #expect(client.connection.isReading)
        #expect(client.connection.frameCount == 2)
    }

    @Test func producersWaitWhileTooMuchIsUncommitted() throws {
        let cluster = try TestCluster.ready(node: { $0.maximumUncommittedBytes = 2000 })
        let clients = try (0..<3).map { _ in try cluster.connect() }
        try clients[0].create("t")
        let value = String(repeating: "x", count: 1500)
        for client in clients {
            for _ in 0..<3 { try client.send(.one(.batch([value]), to: "t")) }
        }
        #expect(clients.map(\.connection.isReading) == [false, false, false])
        cluster.settle()
        #expect(clients.map(\.connection.isReading) == [true, true, true])
        #expect(clients.map(\.connection.frameCount) == [3, 3, 3])
        #expect(try cluster.connect().offset(of: -1, in: "t").offset == 9)
    }

    /// It had been stopped for another reason, which has ended, before too much was uncommitted.
    @Test func aDrainedSessionGoesOnWhenEnoughIsCommitted() throws {
        let cluster = try TestCluster.ready(
            nodes: 3, node: { $0.maximumUncommittedBytes = 2000 }, kafka: { $0.maximumPendingResponses = 2 })
        let leader = try cluster.elect()
        let consumer = try cluster.connect(to: leader)
        let producer = try cluster.connect(to: leader)
        try consumer.create("t")
        cluster.run(milliseconds: 100)
        try consumer.send(.one("t", from: 0, maxWaitMs: 20))
        for _ in 0..<4 { try consumer.send(ApiVersionsRequest()) }
        #expect(!consumer.connection.isReading)
        let ids = cluster.cluster.members.map(\.id)
        let others = ids.filter { $0 != ids[leader] }
        for other in others { cluster.cluster.network.setLink(ids[leader], other, up: false) }
        try producer.send(.one(.batch([String(repeating: "x", count: 3000)]), to: "t"))
        cluster.run(milliseconds: 40)
        #expect(consumer.connection.frameCount > 0 && !consumer.connection.isReading)
        for other in others { cluster.cluster.network.setLink(ids[leader], other, up: true) }
        cluster.run(milliseconds: 200)
        #expect(consumer.connection.isReading && consumer.connection.frameCount == 5)
        #expect(producer.connection.isReading && producer.connection.frameCount == 1)
    }

    /// Nothing may be left that keeps a closed connection's session, or that writes to it.
    @Test func aConnectionThatIsGoneGetsNothing() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        try client.send(.one(.batch(["a"]), to: "t"))
        try client.send(.one("t", from: 5, maxWaitMs: 100))
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "u", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ]))
        try client.send(.one(-1, in: "t"))
        cluster.turn()
        let before = client.connection.frameCount
        client.disconnect()
        cluster.run(milliseconds: 500)
        #expect(client.connection.frameCount == before)
        #expect(cluster.gateways[0].sessionCount == 0)
        #expect(cluster.gateways[0].node.replica.broker.topicCount == 2)
    }
}
