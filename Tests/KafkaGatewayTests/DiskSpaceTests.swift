import Bytes
import KafkaWire
import Simulator
import Testing

/// Disks that are low on space: no records, and everything else.
struct DiskSpaceTests {
    private static let minimum: UInt64 = 64 << 10

    private func begin() throws -> (cluster: TestCluster, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: 3, node: { $0.minimumFreeBytes = Self.minimum })
        let client = try cluster.connect()
        try client.create("t")
        for number in 0..<3 { #expect(try client.produce(.batch(["\(number)"]), to: "t").errorCode == .none) }
        return (cluster, client)
    }

    private func leave(_ free: UInt64, _ cluster: TestCluster) {
        for member in cluster.cluster.members { member.disk.capacity = member.disk.usedBytes + free }
        cluster.run(milliseconds: 1_000)
    }

    @Test(arguments: [1, -1] as [Int16]) func recordsAreRefusedForAWhile(acks: Int16) throws {
        let (cluster, client) = try begin()
        let leader = try #require(cluster.leader)
        leave(Self.minimum - 1, cluster)
        try #require(cluster.leader == leader, "nobody has room")
        let refused = try client.produce(.batch(["x"]), to: "t", acks: acks)
        #expect(refused.errorCode == .kafkaStorageError && refused.errorCode.isRetriable)
        #expect(cluster.gateways[leader].metrics.refusedForSpace == 1)
        leave(1 << 30, cluster)
        let taken = try client.produce(.batch(["x"]), to: "t", acks: acks)
        #expect(taken.errorCode == .none && taken.baseOffset == 3)
    }

    /// There is no answer to say it in.
    @Test func withoutAcknowledgementTheConnectionEnds() throws {
        let (cluster, client) = try begin()
        leave(Self.minimum - 1, cluster)
        try client.send(.one(.batch(["x"]), to: "t", acks: 0), isAnswered: false)
        cluster.settle()
        #expect(client.connection.closeReason != nil)
    }

    @Test func allElseGoesOn() throws {
        let (cluster, client) = try begin()
        leave(Self.minimum - 1, cluster)
        #expect(try client.fetch("t", from: 0).values() == ["0", "1", "2"])
        #expect(try client.offset(of: -1, in: "t").offset == 3)
        let member = try GroupClient(cluster)
        #expect(try member.commit([0: 2]) == [.none])
        try client.create("small")
        let deleted: DeleteRecordsResponse = try client.call(
            DeleteRecordsRequest(topics: [
                .init(name: "t", partitions: [.init(partitionIndex: 0, offset: 2)])
            ], timeoutMs: 1000))
        #expect(deleted.topics[0].partitions[0].errorCode == .none)
        #expect(try client.fetch("t", from: 2).values() == ["2"])
        let gone: DeleteTopicsResponse = try client.call(
            DeleteTopicsRequest(topics: [.init(name: "small")], timeoutMs: 1000))
        #expect(gone.responses[0].errorCode == .none)
    }

    /// Kafka's tools see the same figures (KIP-827).
    @Test func directoriesTellTheirRoom() throws {
        let (cluster, client) = try begin()
        leave(Self.minimum * 2, cluster)
        let response: DescribeLogDirsResponse = try client.call(DescribeLogDirsRequest(topics: nil), version: 4)
        let disk = try #require(cluster.leader.map { cluster.cluster.members[$0].disk })
        #expect(response.results[0].usableBytes == Int64(Self.minimum) * 2)
        #expect(response.results[0].totalBytes == Int64(disk.capacity))
    }
}
