import Broker
import Bytes
import KafkaWire
import Node
import Records
import Testing

/// What a producer is told, on one node.
struct ProduceTests {
    private func begin(_ configs: [CreateTopicsRequest.Config] = []) throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t", configs: configs)
        return (cluster, client)
    }

    private func producer(_ client: TestClient) throws -> Int64 {
        let response: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        return response.producerId
    }

    // MARK: idempotence

    @Test func aRepeatedBatchIsStoredOnceAndAnsweredTheSame() throws {
        let (_, client) = try begin()
        let id = try producer(client)
        _ = try client.produce(.batch(["x"]), to: "t")
        let batch = ByteSlice.batch(["a", "b"], producer: id, epoch: 0, sequence: 0)
        let first = try client.produce(batch.detached(), to: "t")
        let again = try client.produce(batch.detached(), to: "t")
        #expect(first.errorCode == .none)
        #expect(first.baseOffset == 1)
        #expect(again == first)
        #expect(try client.fetch("t", from: 0).values() == ["x", "a", "b"])
    }

    /// The second copy arrives while the first is on its way to the disk: neither may be answered before it is there.
    @Test func aBatchRepeatedBeforeItIsCommittedWaitsWithTheFirst() throws {
        let (cluster, client) = try begin()
        let id = try producer(client)
        let batch = ByteSlice.batch(["a"], producer: id, epoch: 0, sequence: 0)
        let other = try cluster.connect()
        try client.send(.one(batch.detached(), to: "t"))
        cluster.turn()
        try other.send(.one(batch.detached(), to: "t"))
        cluster.turn()
        #expect(client.connection.frameCount == 0)
        #expect(other.connection.frameCount == 0)
        cluster.settle()
        let first = try client.receive(ProduceResponse.self).partitions[0]
        let second = try other.receive(ProduceResponse.self).partitions[0]
        #expect(first.errorCode == .none)
        #expect(second.errorCode == .none)
        #expect(second.baseOffset == first.baseOffset)
        #expect(try client.fetch("t", from: 0).values() == ["a"])
    }

    @Test func aBatchRepeatedInTheSameTurnWaitsWithTheFirst() throws {
        let (cluster, client) = try begin()
        let id = try producer(client)
        let batch = ByteSlice.batch(["a"], producer: id, epoch: 0, sequence: 0)
        try client.send(.one(batch.detached(), to: "t"))
        try client.send(.one(batch.detached(), to: "t"))
        cluster.turn()
        #expect(client.connection.frameCount == 0)
        cluster.settle()
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 0)
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 0)
        #expect(try client.fetch("t", from: 0).values() == ["a"])
    }

    @Test func aGapInTheSequenceIsRefused() throws {
        let (_, client) = try begin()
        let id = try producer(client)
        _ = try client.produce(.batch(["a"], producer: id, epoch: 0, sequence: 0), to: "t")
        let gap = try client.produce(.batch(["c"], producer: id, epoch: 0, sequence: 2), to: "t")
        #expect(gap.errorCode == .outOfOrderSequenceNumber)
        #expect(gap.baseOffset == -1)
        let next = try client.produce(.batch(["b"], producer: id, epoch: 0, sequence: 1), to: "t")
        #expect(next.errorCode == .none)
        #expect(try client.fetch("t", from: 0).values() == ["a", "b"])
    }

    @Test func anOlderEpochIsFenced() throws {
        let (_, client) = try begin()
        let id = try producer(client)
        _ = try client.produce(.batch(["a"], producer: id, epoch: 0, sequence: 0), to: "t")
        let bumped: InitProducerIdResponse = try client.call(InitProducerIdRequest(
            transactionalId: nil, transactionTimeoutMs: 0, producerId: id, producerEpoch: 0))
        #expect(bumped.producerEpoch == 1)
        #expect(try client.produce(.batch(["b"], producer: id, epoch: 1, sequence: 0), to: "t").errorCode == .none)
        let old = try client.produce(.batch(["c"], producer: id, epoch: 0, sequence: 1), to: "t")
        #expect(old.errorCode == .invalidProducerEpoch)
    }

    // MARK: bad batches

    @Test func damagedBatchesAreRefusedAndStoreNothing() throws {
        let (_, client) = try begin()
        let good = ByteSlice.batch(["some value"])
        let cases: [(String, ByteSlice?, KafkaErrorCode)] = [
            ("bad checksum", good.changing(good.count - 2) { $0 ^ 1 }, .corruptMessage),
            ("truncated", good.slice(0, good.count - 1).detached(), .corruptMessage),
            ("less than a header", good.slice(0, 40).detached(), .corruptMessage),
            ("empty", .empty, .corruptMessage),
            ("null", nil, .invalidRecord),
            ("old format", good.changing(16) { _ in 1 }, .unsupportedForMessageFormat),
            ("unknown codec", good.changing(22) { $0 | 7 }.resealed(), .unsupportedCompressionType),
            ("control batch", good.changing(22) { $0 | 0x20 }.resealed(), .invalidRecord),
            ("record count", good.changing(60) { _ in 9 }.resealed(), .invalidRecord),
            ("transactional", good.changing(22) { $0 | 0x10 }.resealed(), .invalidRecord),
        ]
        for (name, bytes, code) in cases {
            let answer = try client.produce(bytes, to: "t")
            #expect(answer.errorCode == code, "\(name)")
            #expect(answer.baseOffset == -1, "\(name)")
        }
        #expect(try client.offset(of: -1, in: "t").offset == 0)
        #expect(try client.produce(good, to: "t").errorCode == .none)
    }

    @Test func aBatchAboveTheTopicsLimitIsRefused() throws {
        let (_, client) = try begin([.init(name: "max.message.bytes", value: "200")])
        let large = try client.produce(.batch([String(repeating: "x", count: 200)]), to: "t")
        #expect(large.errorCode == .messageTooLarge)
        #expect(large.errorMessage?.contains("200") == true)
        #expect(try client.produce(.batch(["x"]), to: "t").errorCode == .none)
    }

    @Test func eachPartitionOfARequestIsAnsweredByItself() throws {
        let (_, client) = try begin()
        try client.create("u", partitions: 2)
        var request = ProduceRequest(acks: -1, timeoutMs: 1000)
        request.append(topic: ByteSlice(utf8: "u"), partitions: [
            .init(index: 1, records: .batch(["a"])), .init(index: 2, records: .batch(["b"])),
            .init(index: -1, records: .batch(["c"])),
        ])
        request.append(topic: ByteSlice(utf8: "missing"), partitions: [.init(index: 0, records: .batch(["d"]))])
        request.append(topic: ByteSlice([0xff, 0xfe]), partitions: [.init(index: 0, records: .batch(["d"]))])
        request.append(topic: ByteSlice(utf8: "t"), partitions: [
            .init(index: 0, records: .batch(["e"])), .init(index: 0, records: .batch(["f", "g"])),
        ])
        let response: ProduceResponse = try client.call(request)
        #expect(response.topics.map(\.nameText) == ["u", "missing", "\u{fffd}\u{fffd}", "t"])
        #expect(response.partitions.map(\.errorCode) == [
            .none, .unknownTopicOrPartition, .unknownTopicOrPartition, .unknownTopicOrPartition,
            .unknownTopicOrPartition, .none, .none,
        ])
        #expect(response.partitions.map(\.baseOffset) == [0, -1, -1, -1, -1, 0, 1])
        #expect(try client.fetch("t", from: 0).values() == ["e", "f", "g"])
    }

    @Test func severalBatchesInOneFieldGetOneBaseOffset() throws {
        let (_, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        var field = ByteWriter()
        field.bytes(.batch(["b", "c"]))
        field.bytes(.batch(["d"]))
        #expect(try client.produce(field.finish(), to: "t").baseOffset == 1)
        #expect(try client.fetch("t", from: 0).values() == ["a", "b", "c", "d"])
    }

    @Test func logAppendTimeIsTheLeadersAndIsReported() throws {
        let (cluster, client) = try begin([.init(name: "message.timestamp.type", value: "LogAppendTime")])
        let answer = try client.produce(.batch(["a"], timestamp: 5), to: "t")
        #expect(answer.logAppendTimeMs == cluster.cluster.clock.wallMilliseconds)
        #expect(try client.fetch("t", from: 0).allRecords().map(\.timestamp) == [answer.logAppendTimeMs])
    }

    // MARK: acks

    @Test(arguments: [Int16(1), -1]) func nothingIsAcknowledgedBeforeItIsOnDisk(acks: Int16) throws {
        let (cluster, client) = try begin()
        try client.send(.one(.batch(["a"]), to: "t", acks: acks))
        cluster.turn()
        cluster.turn()
        #expect(client.connection.frameCount == 0)
        cluster.settle()
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .none)
        #expect(try client.offset(of: -1, in: "t").offset == 1)
        #expect(cluster.gateways[0].metrics.upgradedAcks == (acks == 1 ? 1 : 0))
    }

    @Test func withoutAcksThereIsNoResponseButTheRecordIsStored() throws {
        let (cluster, client) = try begin()
        try client.send(.one(.batch(["a"]), to: "t", acks: 0), isAnswered: false)
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        #expect(client.connection.closeReason == nil)
        #expect(try client.fetch("t", from: 0).values() == ["a"])
    }

    @Test func withoutAcksAnErrorClosesTheConnection() throws {
        let (cluster, client) = try begin()
        try client.send(.one(.batch(["a"]), to: "missing", acks: 0), isAnswered: false)
        #expect(client.connection.closeReason != nil)
        // What the connection still delivers is not looked at.
        try client.send(.one(.batch(["b"]), to: "t", acks: 0), isAnswered: false)
        cluster.settle()
        #expect(client.connection.frameCount == 0)
        #expect(try cluster.connect().offset(of: -1, in: "t").offset == 0)
    }

    @Test(arguments: [Int16(2), -2, Int16.min, Int16.max]) func otherAcksAreInvalid(acks: Int16) throws {
        let (_, client) = try begin()
        #expect(try client.produce(.batch(["a"]), to: "t", acks: acks).errorCode == .invalidRequiredAcks)
        #expect(try client.offset(of: -1, in: "t").offset == 0)
    }

    // MARK: what comes in between

    @Test func aRequestThatIsNotCommittedInTimeIsAnsweredSo() throws {
        let (cluster, client) = try begin()
        try client.send(.one(.batch(["a"]), to: "t", timeoutMs: 200))
        try client.send(.one(.batch(["b"]), to: "t", timeoutMs: 1000))
        cluster.turn()
        cluster.stall(milliseconds: 190)
        #expect(client.connection.frameCount == 0)
        cluster.stall(milliseconds: 20)
        let late = try client.receive(ProduceResponse.self).partitions[0]
        #expect(late.errorCode == .requestTimedOut)
        #expect(late.errorCode.isRetriable)
        #expect(client.connection.frameCount == 0)
        cluster.settle()
        #expect(try client.receive(ProduceResponse.self).partitions[0].baseOffset == 1)
        #expect(try client.fetch("t", from: 0).values() == ["a", "b"])
    }

    /// The topic is deleted after the batch was taken and before it is in the log.
    @Test func aBatchWhoseTopicIsDeletedInBetweenIsNotAcknowledged() throws {
        let (cluster, client) = try begin()
        try client.create("u")
        let admin = try cluster.connect()
        try admin.send(DeleteTopicsRequest(topics: [.init(name: "t")], timeoutMs: 1000))
        try admin.send(CreateTopicsRequest(topics: [
            .init(name: "v", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ]))
        var request = ProduceRequest(acks: -1, timeoutMs: 1000)
        request.append(topic: ByteSlice(utf8: "t"), partitions: [.init(index: 0, records: .batch(["a"]))])
        request.append(topic: ByteSlice(utf8: "u"), partitions: [.init(index: 0, records: .batch(["b"]))])
        try client.send(request)
        cluster.settle()
        #expect(try admin.receive(DeleteTopicsResponse.self).responses[0].errorCode == .none)
        let answer = try client.receive(ProduceResponse.self)
        #expect(answer.partitions[0].errorCode == .unknownTopicOrPartition)
        #expect(answer.topics.map(\.nameText) == ["t", "u"])
        #expect(try client.fetch("u", from: 0).values() == ["b"])
    }

    /// Deleted and created again: the name is there, the batch is not.
    @Test func aBatchOfADeletedTopicIsNotTakenForOneOfItsNamesake() throws {
        let (cluster, client) = try begin()
        let replica = cluster.gateways[0].node.replica
        let number = try #require(replica.broker.topicNumber(named: "t"))
        let commands = [
            Command.deleteTopic(number: number),
            .createTopic(name: "t", id: TopicID(high: 5, low: 5), partitionCount: 1, configs: []),
        ]
        for command in commands { _ = replica.propose(command, waiter: Nobody(), ticket: 0) }
        try client.send(.one(.batch(["a"]), to: "t"))
        cluster.settle()
        #expect(replica.broker.topicNumber(named: "t") != number)
        #expect(try client.receive(ProduceResponse.self).partitions[0].errorCode == .unknownTopicOrPartition)
        #expect(try client.offset(of: -1, in: "t").offset == 0)
        #expect(try client.produce(.batch(["b"]), to: "t").baseOffset == 0)
    }
}

/// Proposes without waiting.
private final class Nobody: ProposalWaiter {
    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {}
}
