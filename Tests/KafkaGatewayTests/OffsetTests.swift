import Bytes
import KafkaWire
import Records
import Testing

/// Offsets by time, on one node.
struct OffsetTests {
    private func begin() throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        return (cluster, client)
    }

    /// Against a search of all records one by one.
    @Test func theFirstRecordOfATimeIsFound() throws {
        let (_, client) = try begin()
        var timestamps: [Int64] = []
        for base in [Int64(100), 50, 200, 120, 300] {
            _ = try client.produce(.batch(["a", "b", "c"], timestamp: base), to: "t")
            timestamps += [base, base + 1, base + 2]
        }
        for wanted in [Int64(0), 50, 51, 100, 101, 103, 120, 199, 202, 203, 302] {
            let found = try client.offset(of: wanted, in: "t")
            let expected = timestamps.firstIndex { $0 >= wanted }
            #expect(found.offset == expected.map { Int64($0) } ?? -1, "\(wanted)")
            #expect(found.timestamp == expected.map { timestamps[$0] } ?? -1, "\(wanted)")
        }
        #expect(try client.offset(of: 303, in: "t").offset == -1)
        #expect(try client.offset(of: Int64.max, in: "t").offset == -1)
        let largest = try client.offset(of: -3, in: "t")
        #expect(largest.offset == 14)
        #expect(largest.timestamp == 302)
    }

    @Test func anEmptyPartitionHasNoTimes() throws {
        let (_, client) = try begin()
        for timestamp in [Int64(-3), 0, 5] {
            let found = try client.offset(of: timestamp, in: "t")
            #expect(found.errorCode == .none)
            #expect(found.offset == -1)
        }
        #expect(try client.offset(of: -1, in: "t").offset == 0)
        #expect(try client.offset(of: -2, in: "t").offset == 0)
        for timestamp in [Int64(-5), -6, Int64.min] {
            #expect(try client.offset(of: timestamp, in: "t").errorCode == .unsupportedVersion)
        }
    }

    /// What is inside cannot be read here: its first offset is never too late.
    @Test func aCompressedBatchStandsForItsRecords() throws {
        let (_, client) = try begin()
        _ = try client.produce(.batch(["a"], timestamp: 10), to: "t")
        let compressed = ByteSlice.batch(["b", "c"], timestamp: 20).changing(22) { $0 | 1 }.resealed()
        #expect(try client.produce(compressed, to: "t").baseOffset == 1)
        let found = try client.offset(of: 21, in: "t")
        #expect(found.offset == 1)
        #expect(found.timestamp == 21)
    }

    /// The header promises a time that no record has; the bytes are the client's.
    @Test func aBatchThatLiesAboutItsTimesIsFoundByItsHeader() throws {
        let (_, client) = try begin()
        var writer = ByteWriter()
        writer.bytes(ByteSlice.batch(["a", "b"], timestamp: 10))
        writer.patch(Int64(500), at: 35)
        _ = try client.produce(writer.finish().resealed(), to: "t")
        let found = try client.offset(of: 400, in: "t")
        #expect(found.errorCode == .none)
        #expect(found.offset == 0)
        #expect(found.timestamp == 500)
    }

    @Test func aPartitionNamedTwiceIsAnsweredOnce() throws {
        let (_, client) = try begin()
        _ = try client.produce(.batch(["a"]), to: "t")
        let request = ListOffsetsRequest(replicaId: -1, topics: [
            .init(name: "t", partitions: [
                .init(partitionIndex: 0, timestamp: 0), .init(partitionIndex: 0, timestamp: 0),
                .init(partitionIndex: 1, timestamp: 0), .init(partitionIndex: -1, timestamp: 0),
            ]),
            .init(name: "empty", partitions: []),
            .init(name: "t", partitions: [.init(partitionIndex: 0, timestamp: -1)]),
        ])
        let response: ListOffsetsResponse = try client.call(request)
        #expect(response.topics.map(\.name) == ["t", "empty", "t"])
        #expect(response.topics[0].partitions.map(\.errorCode) == [
            .none, .invalidRequest, .unknownTopicOrPartition, .unknownTopicOrPartition,
        ])
        #expect(response.topics[2].partitions.map(\.errorCode) == [.invalidRequest])
    }

    /// More partitions than the stack could nest.
    @Test func manyPartitionsAreAnsweredInOneGo() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t", partitions: 3000)
        for partition in stride(from: Int32(0), to: 3000, by: 100) {
            _ = try client.produce(.batch(["a"], timestamp: 7), to: "t", partition: partition)
        }
        let response: ListOffsetsResponse = try client.call(ListOffsetsRequest(replicaId: -1, topics: [
            .init(name: "t", partitions: (0..<3000).map { .init(partitionIndex: $0, timestamp: 7) })
        ]))
        let partitions = response.topics[0].partitions
        #expect(partitions.map(\.partitionIndex) == Array(0..<3000))
        #expect(partitions.filter { $0.offset == 0 && $0.timestamp == 7 }.count == 30)
        #expect(partitions.filter { $0.offset == -1 }.count == 2970)
    }

    @Test func leaderEpochsAreChecked() throws {
        let (cluster, client) = try begin()
        let epoch = Int32(cluster.gateways[0].node.replica.term)
        let request = ListOffsetsRequest(replicaId: -1, topics: [
            .init(name: "t", partitions: [.init(partitionIndex: 0, currentLeaderEpoch: epoch + 1, timestamp: -1)])
        ])
        let ahead: ListOffsetsResponse = try client.call(request)
        #expect(ahead.topics[0].partitions[0].errorCode == .unknownLeaderEpoch)
        var old = request
        old.topics[0].partitions[0].currentLeaderEpoch = epoch - 1
        let behind: ListOffsetsResponse = try client.call(old)
        #expect(behind.topics[0].partitions[0].errorCode == .fencedLeaderEpoch)
    }

    @Test func aReadThatFailsIsARetriableError() throws {
        let cluster = try TestCluster.ready(node: { $0.cacheBytes = 0 })
        let client = try cluster.connect()
        try client.create("t")
        for value in ["a", "b", "c"] { _ = try client.produce(.batch([value], timestamp: 5), to: "t") }
        cluster.cluster.members[0].disk.faults = [.init(operation: "read")]
        let found = try client.offset(of: 5, in: "t")
        #expect(found.errorCode == .kafkaStorageError)
        #expect(found.errorCode.isRetriable)
        #expect(try client.offset(of: 5, in: "t").offset == 0)
    }
}
