import Broker
import Bytes
import Compression
import KafkaWire
import Node
import Records
import Testing

@testable import KafkaGateway

/// Compacted topics as clients see them, over whatever becomes of the log below.
struct CompactionTests {
    private func begin(nodes: Int = 1, _ change: (inout NodeSettings) -> Void = { _ in }) throws -> TestCluster {
        try TestCluster.ready(nodes: nodes, node: {
            $0.rewriteCheckMilliseconds = 500
            $0.rewriteStepBytes = 4 << 10
            $0.cacheBytes = 2048
            $0.snapshotIntervalEntries = 40
            $0.rowCacheBytes = 1024
            change(&$0)
        })
    }

    private func create(_ client: TestClient, _ name: String, _ settings: [String: String] = [:]) throws {
        let all = ["cleanup.policy": "compact", "delete.retention.ms": "5000"].merging(settings) { $1 }
        try client.create(
            name, configs: all.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) })
    }

    private func batch(_ records: [(String?, String?)]) -> ByteSlice {
        var builder = RecordBatchBuilder()
        for (key, value) in records {
            builder.append(
                key: key.map { ByteSlice(utf8: $0) }, value: value.map { ByteSlice(utf8: $0) }, timestamp: 1_000)
        }
        return builder.finish()
    }

    /// From `offset` to the end.
    private func read(_ client: TestClient, _ topic: String, from start: Int64 = 0) throws -> [Record] {
        var records: [Record] = []
        var offset = start
        while true {
            let fetched = try client.fetch(topic, from: offset)
            guard fetched.errorCode == .none else { throw TestFailure("\(fetched.errorCode) at \(offset)") }
            if offset >= fetched.highWatermark { return records }
            records += try fetched.allRecords().filter { $0.offset >= offset }
            let next = try fetched.nextOffset
            offset = try #require(next, "a fetch from \(offset) gets on")
        }
    }

    private func texts(_ records: [Record]) -> [String] {
        records.map { "\($0.offset) \($0.key?.text ?? "-") \($0.value?.text ?? "-")" }
    }

    /// With room for all keys, or for some at a time.
    @Test(arguments: [64 << 20, 5_000]) func theLastOfEachKeyIsLeftAtItsOffset(keyBytes: Int) throws {
        let cluster = try begin(nodes: 3) { $0.cleaningKeyBytes = keyBytes }
        let client = try cluster.connect()
        try create(client, "t", ["min.cleanable.dirty.ratio": "0.01"])
        var last: [String: (offset: Int, value: String)] = [:]
        for number in 0..<300 {
            let value = "v\(number) " + String(repeating: "x", count: 300)
            let records = (0..<2).map { ("k\(($0 + number * 7) % 23)", value) }
            #expect(try client.produce(batch(records.map { ($0.0, $0.1) }), to: "t").errorCode == .none)
            for (place, record) in records.enumerated() { last[record.0] = (number * 2 + place, record.1) }
            if number % 20 == 0 { cluster.run(milliseconds: 100) }
        }
        cluster.run(milliseconds: keyBytes > 5_000 ? 5_000 : 30_000)
        let expected = last.map { "\($0.value.offset) \($0.key) \($0.value.value)" }.sorted()
        #expect(texts(try read(client, "t")).sorted() == expected)
        for offset in stride(from: Int64(0), to: 600, by: 7) {
            let found = try read(client, "t", from: offset)
            #expect(found.allSatisfy { $0.offset >= offset })
            let wanted = last.values.filter { $0.offset >= Int(offset) }.count
            #expect(found.count >= wanted)
        }
        #expect(try client.offset(of: -2, in: "t").offset == 0 && client.offset(of: -1, in: "t").offset == 600)
        #expect(try client.produce(batch([("new", "x")]), to: "t").baseOffset == 600)
        cluster.run(milliseconds: 200)
        for gateway in cluster.gateways {
            #expect(gateway.node.replica.broker.digest() == cluster.gateways[0].node.replica.broker.digest())
        }
    }

    @Test func deleteMarkersStayForTheirTime() throws {
        let cluster = try begin()
        let client = try cluster.connect()
        try create(client, "t", ["min.cleanable.dirty.ratio": "0.1"])
        _ = try client.produce(batch([("a", "1"), ("b", "1"), ("a", nil)]), to: "t")
        cluster.run(milliseconds: 2_000)
        #expect(texts(try read(client, "t")) == ["1 b 1", "2 a -"])
        cluster.run(milliseconds: 2_000)
        #expect(texts(try read(client, "t")) == ["1 b 1", "2 a -"])
        cluster.run(milliseconds: 4_000)
        #expect(texts(try read(client, "t")) == ["1 b 1"])
        // Nothing is left but what gets readers on.
        _ = try client.produce(batch([("b", nil)]), to: "t")
        cluster.run(milliseconds: 12_000)
        #expect(try read(client, "t").isEmpty)
        #expect(try client.offset(of: -1, in: "t").offset == 4)
    }

    @Test func theYoungAreLeftAlone() throws {
        let cluster = try begin()
        let client = try cluster.connect()
        try create(client, "t", ["min.compaction.lag.ms": "60000"])
        for number in 0..<10 { _ = try client.produce(batch([("a", "\(number)")]), to: "t") }
        cluster.run(milliseconds: 20_000)
        #expect(try read(client, "t").count == 10)
        cluster.run(milliseconds: 60_000)
        #expect(texts(try read(client, "t")) == ["9 a 9"])
    }

    @Test func aRatioOfOneWaitsForTheLongestLag() throws {
        let cluster = try begin()
        let client = try cluster.connect()
        try create(client, "t", ["min.cleanable.dirty.ratio": "1", "max.compaction.lag.ms": "30000"])
        for number in 0..<10 { _ = try client.produce(batch([("a", "\(number)")]), to: "t") }
        cluster.run(milliseconds: 10_000)
        #expect(try read(client, "t").count == 10)
        cluster.run(milliseconds: 30_000)
        #expect(texts(try read(client, "t")) == ["9 a 9"])
    }

    @Test func recordsWithoutAKeyAreRefused() throws {
        let cluster = try begin()
        let client = try cluster.connect()
        try create(client, "t")
        let refused = try client.produce(batch([("a", "1"), (nil, "2"), ("b", "3"), (nil, "4")]), to: "t")
        #expect(refused.errorCode == .invalidRecord && refused.recordErrors.map(\.batchIndex) == [1, 3])
        let taken = try client.produce(batch([("a", "1")]), to: "t")
        #expect(taken.errorCode == .none && taken.recordErrors.isEmpty)
        #expect(try client.offset(of: -1, in: "t").offset == 1)
    }

    /// Little that becomes much: of one batch, and of all in a request.
    @Test func compressedRecordsAreCountedAsTheyAre() throws {
        func zeros(_ megabytes: Int) throws -> ByteSlice {
            var builder = RecordBatchBuilder()
            let value = ByteSlice([UInt8](repeating: 0, count: megabytes << 20))
            builder.append(key: ByteSlice(utf8: "k"), value: value, timestamp: 1)
            let plain = builder.finish()
            let body = try Compression.compress(plain.dropFirst(RecordBatchHeader.size), .zstd)
            return RecordBatch.changing(plain, body: body, .zstd, recordCount: 1, maxTimestamp: 1)
        }
        let (small, large) = (try zeros(15), try zeros(17))
        var keys = CompressedKeys()
        for _ in 0..<4 { #expect(keys.refusal(of: small, maximumBytes: 1 << 20) == nil) }
        #expect(try code(keys.refusal(of: small, maximumBytes: 1 << 20)) == .requestTimedOut)
        keys = CompressedKeys()
        #expect(try code(keys.refusal(of: large, maximumBytes: 1 << 20)) == .messageTooLarge)
        #expect(keys.refusal(of: large, maximumBytes: 50) == nil, "it is admission's to refuse")
    }

    private func code(_ error: BrokerError?) throws -> KafkaErrorCode { KafkaErrorCode(try #require(error)) }

    /// A low disk is not filled with what is written anew.
    @Test func nothingIsCleanedWhileDisksAreLow() throws {
        let cluster = try begin { $0.minimumFreeBytes = 64 << 10 }
        let client = try cluster.connect()
        try create(client, "t", ["min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "3000"])
        for number in 0..<10 { _ = try client.produce(batch([("a", "\(number)")]), to: "t") }
        let disk = cluster.cluster.members[0].disk
        let capacity = disk.capacity
        disk.capacity = disk.usedBytes + (64 << 10) - 1
        cluster.run(milliseconds: 20_000)
        #expect(cluster.gateways[0].node.replica.isIntakeStopped)
        #expect(try read(client, "t").count == 10)
        disk.capacity = capacity
        cluster.run(milliseconds: 20_000)
        #expect(texts(try read(client, "t")) == ["9 a 9"])
    }

    /// Of records that a cleaning may have removed nobody says that they were never there.
    @Test func whatWasCleanedMayHaveBeenThere() throws {
        let cluster = try begin()
        let client = try cluster.connect()
        try create(client, "t", ["min.cleanable.dirty.ratio": "0.01"])
        let identity: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 60_000))
        let producer = ProducerIdentity(id: identity.producerId, epoch: identity.producerEpoch)
        for sequence in Int32(0)..<40 {
            var builder = RecordBatchBuilder(
                producerId: producer.id, producerEpoch: producer.epoch, baseSequence: sequence)
            let key = sequence == 0 ? "first" : "k"
            builder.append(key: ByteSlice(utf8: key), value: ByteSlice(utf8: "\(sequence)"), timestamp: 1_000)
            #expect(try client.produce(builder.finish(), to: "t").errorCode == .none)
        }
        cluster.run(milliseconds: 5_000)
        #expect(texts(try read(client, "t")) == ["0 first 0", "39 k 39"])
        for sequence in [Int32(1), 20, 30] {
            var answer: OutcomeAnswer?
            cluster.gateways[0].node.replica.outcome(
                topic: "t", partition: 0, producer: producer, sequence: sequence, searchBytes: 1 << 30
            ) { answer = $0 }
            cluster.settle()
            guard case .known(.committedSomewhere, _) = answer else {
                throw TestFailure("\(sequence): \(answer as Any)")
            }
        }
    }

    /// A topic of few records beside one whose many are soon deleted.
    @Test func fewRecordsDoNotKeepOldSegments() throws {
        let cluster = try begin(nodes: 3)
        let client = try cluster.connect()
        try client.create("long")
        try client.create("short")
        var expected: [String] = []
        for number in 0..<400 {
            if number % 50 == 0 {
                expected.append("value \(number)")
                _ = try client.produce(.batch([expected[expected.count - 1]]), to: "long")
            }
            _ = try client.produce(.batch([String(repeating: "x", count: 900)]), to: "short")
            if number % 20 == 0 { cluster.run(milliseconds: 20) }
        }
        _ = try client.call(
            DeleteRecordsRequest(
                topics: [.init(name: "short", partitions: [.init(partitionIndex: 0, offset: -1)])], timeoutMs: 1_000),
            as: DeleteRecordsResponse.self)
        cluster.run(milliseconds: 5_000)
        for gateway in cluster.gateways {
            let log = gateway.node.replica.log
            #expect(log.firstIndex + 60 > log.lastIndex, "\(log.firstIndex) of \(log.lastIndex)")
        }
        #expect(try read(client, "long").map { $0.value?.text } == expected)
        #expect(try read(client, "long").map(\.offset) == (0..<8).map { Int64($0) })
        // The same from what each node has on its disk.
        for member in cluster.cluster.members { #expect(member.fault == nil) }
    }
}

extension FetchResponse.Partition {
    /// The offset after the last batch; nil if there is none.
    var nextOffset: Int64? {
        get throws {
            var rest = bytes
            var next: Int64?
            while !rest.isEmpty {
                let header = try RecordBatch.framedHeader(rest)
                next = header.lastOffset + 1
                rest = rest.dropFirst(header.totalLength)
            }
            return next
        }
    }
}
