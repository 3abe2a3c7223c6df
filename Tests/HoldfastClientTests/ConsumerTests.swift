import Bytes
import KafkaWire
import Records
import Testing

@testable import HoldfastClient

struct ConsumerTests {
    /// A cluster whose topic holds v0, v1, … in batches of three.
    private func filled(_ count: Int, partitions: Int = 1) throws -> FakeCluster {
        let harness = try ProducerHarness(FakeCluster(partitions: partitions)) {
            $0.batchRecords = 3
            $0.lingerMilliseconds = 1_000
        }
        for number in 0..<count {
            try harness.producer.send(
                topic: "t", partition: Int32(number % partitions), value: Array("v\(number)".utf8),
                timestampMilliseconds: Int64(number))
        }
        harness.producer.flush()
        return harness.cluster
    }

    private func consumer(
        _ cluster: FakeCluster, _ change: (inout ConsumerSettings) -> Void = { _ in }
    ) throws -> (HoldfastConsumer, FakeNetwork) {
        let network = FakeNetwork(cluster)
        var settings = ConsumerSettings()
        change(&settings)
        return (
            try HoldfastConsumer(bootstrap: FakeCluster.bootstrap, settings: settings, network: network), network
        )
    }

    private func readAll(_ consumer: HoldfastConsumer, upTo count: Int) throws -> [ConsumedRecord] {
        var records: [ConsumedRecord] = []
        for _ in 0..<1_000 where records.count < count { records += try consumer.poll(timeoutMilliseconds: 100) }
        return records
    }

    private func text(_ record: ConsumedRecord) -> String { String(decoding: record.value ?? [], as: UTF8.self) }

    @Test func everythingIsReadInOrder() throws {
        let (consumer, _) = try consumer(try filled(100))
        try consumer.assign(topic: "t")
        let records = try readAll(consumer, upTo: 100)
        #expect(records.map(text) == (0..<100).map { "v\($0)" })
        #expect(records.map(\.offset) == (0..<100).map { Int64($0) })
        #expect(records[7].timestampMilliseconds == 7)
        #expect(consumer.position(topic: "t", partition: 0) == 100)
        #expect(consumer.highWatermark(topic: "t", partition: 0) == 100)
    }

    @Test(arguments: [1, 80, 150, 300])
    func cutAnswersLoseNothing(_ maximum: Int) throws {
        let (consumer, _) = try consumer(try filled(50)) { $0.maximumPartitionBytes = maximum }
        try consumer.assign(topic: "t")
        #expect(try readAll(consumer, upTo: 50).map(\.offset) == (0..<50).map { Int64($0) })
    }

    @Test func positions() throws {
        let cluster = try filled(10)
        for (start, first) in [
            (StartPosition.earliest, 0), (.offset(4), 4), (.timestamp(milliseconds: 6), 6), (.offset(9), 9),
        ] {
            let (consumer, _) = try consumer(cluster)
            try consumer.assign(topic: "t", from: start)
            #expect(try readAll(consumer, upTo: 1).first?.offset == Int64(first), "from \(start)")
        }
        for start in [StartPosition.latest, .timestamp(milliseconds: 1_000), .offset(10)] {
            let (consumer, _) = try consumer(cluster)
            try consumer.assign(topic: "t", from: start)
            #expect(try consumer.poll(timeoutMilliseconds: 50).isEmpty)
            #expect(consumer.position(topic: "t", partition: 0) == 10)
        }
    }

    @Test func severalPartitions() throws {
        let (consumer, _) = try consumer(try filled(90, partitions: 3))
        try consumer.assign(topic: "t")
        let records = try readAll(consumer, upTo: 90)
        for partition in 0..<3 {
            #expect(records.filter { $0.partition == Int32(partition) }.map(text)
                == stride(from: partition, to: 90, by: 3).map { "v\($0)" })
        }
        #expect(throws: HoldfastError.self) { try consumer.assign(topic: "t", partitions: [3]) }
    }

    @Test func aMovedLeaderIsFollowed() throws {
        let cluster = try filled(10)
        let (consumer, _) = try consumer(cluster) { $0.maximumPartitionBytes = 1 }
        try consumer.assign(topic: "t")
        var records = try readAll(consumer, upTo: 3)
        cluster.down = [1]
        cluster.moveLeader(to: 3)
        records += try readAll(consumer, upTo: 7)
        #expect(records.map(text) == (0..<10).map { "v\($0)" })
    }

    @Test func retriableErrorsAreRetried() throws {
        let cluster = try filled(5)
        cluster.fetchFaults = [.leaderNotAvailable, .unknownLeaderEpoch, .notLeaderOrFollower]
        let (consumer, _) = try consumer(cluster)
        try consumer.assign(topic: "t")
        #expect(try readAll(consumer, upTo: 5).count == 5)
    }

    @Test func anOffsetThatIsGone() throws {
        let cluster = try filled(12)
        cluster.topics["t"]?[0].start = 6
        cluster.topics["t"]?[0].batches.removeFirst(2)
        let (failing, _) = try consumer(cluster)
        try failing.assign(topic: "t", from: .offset(2))
        #expect {
            for _ in 0..<10 { _ = try failing.poll(timeoutMilliseconds: 100) }
        } throws: { error in
            if case HoldfastError.refused(1, _, _) = error { true } else { false }
        }
        let (resetting, _) = try consumer(cluster) { $0.outOfRange = .earliest }
        try resetting.assign(topic: "t", from: .offset(2))
        #expect(try readAll(resetting, upTo: 6).map(\.offset) == (6..<12).map { Int64($0) })
    }

    @Test func aCompressedBatchIsRefusedByItsCodec() throws {
        let cluster = try filled(3)
        recode(cluster) { bytes in
            bytes[22] |= 2
        }
        let (consumer, _) = try consumer(cluster)
        try consumer.assign(topic: "t")
        #expect {
            _ = try readAll(consumer, upTo: 3)
        } throws: { error in
            if case HoldfastError.unsupported(let reason) = error { reason.contains("snappy") } else { false }
        }
    }

    @Test func aDamagedBatchIsNoticed() throws {
        let cluster = try filled(3)
        recode(cluster, fixingChecksum: false) { $0[70] ^= 1 }
        let (consumer, _) = try consumer(cluster)
        try consumer.assign(topic: "t")
        #expect {
            _ = try readAll(consumer, upTo: 3)
        } throws: { error in
            if case HoldfastError.malformed(let reason) = error { reason.contains("checksum") } else { false }
        }
    }

    /// Changes the bytes of the first batch.
    private func recode(_ cluster: FakeCluster, fixingChecksum: Bool = true, _ change: (inout [UInt8]) -> Void) {
        guard let batch = cluster.topics["t"]?[0].batches[0] else { return }
        var bytes = batch.bytes.withUnsafeBytes { Array($0) }
        change(&bytes)
        if fixingChecksum {
            let sum = CRC32C.checksum(ByteSlice(bytes[21...]))
            for place in 0..<4 { bytes[17 + place] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * place)) }
        }
        cluster.topics["t"]?[0].batches[0] = .init(
            bytes: ByteSlice(bytes), header: batch.header, baseOffset: batch.baseOffset)
    }

    @Test func aClusterThatIsGoneIsReported() throws {
        let cluster = try filled(3)
        let (consumer, _) = try consumer(cluster) { $0.client.operationTimeoutMilliseconds = 2_000 }
        try consumer.assign(topic: "t")
        _ = try readAll(consumer, upTo: 3)
        cluster.down = [1, 2, 3]
        #expect {
            for _ in 0..<1_000 { _ = try consumer.poll(timeoutMilliseconds: 100) }
        } throws: { error in
            if case HoldfastError.timedOut = error { true } else { false }
        }
    }

    @Test func movingThePositionDropsWhatWasUnderWay() throws {
        let (consumer, _) = try consumer(try filled(30)) { $0.maximumPartitionBytes = 1 }
        try consumer.assign(topic: "t")
        _ = try readAll(consumer, upTo: 3)
        try consumer.assign(topic: "t", from: .offset(21))
        #expect(try readAll(consumer, upTo: 9).map(\.offset) == (21..<30).map { Int64($0) })
    }
}
