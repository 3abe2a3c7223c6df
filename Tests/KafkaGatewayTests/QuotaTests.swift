import Bytes
import KafkaWire
import Testing

@testable import KafkaGateway

/// Client quotas: set by command, kept by muting connections.
struct QuotaTests {
    private static let client = KafkaQuotaEntity(entityType: "client-id", entityName: "test")

    private func set(
        _ client: TestClient, _ entity: [KafkaQuotaEntity], _ values: [(String, Double?)], validateOnly: Bool = false,
        version: Int16? = nil
    ) throws -> KafkaErrorCode {
        let operations = values.map { key, value in
            AlterClientQuotasRequest.Operation(key: key, valueBits: (value ?? 0).bitPattern, remove: value == nil)
        }
        let response: AlterClientQuotasResponse = try client.call(
            AlterClientQuotasRequest(
                entries: [.init(entity: entity, operations: operations)], validateOnly: validateOnly),
            version: version)
        #expect(response.entries.map(\.entity) == [entity])
        return response.entries[0].errorCode
    }

    private func described(
        _ client: TestClient, _ components: [DescribeClientQuotasRequest.Component] = [], strict: Bool = false
    ) throws -> [String] {
        let response: DescribeClientQuotasResponse = try client.call(
            DescribeClientQuotasRequest(components: components, strict: strict))
        guard let entries = response.entries else { throw TestFailure(response.errorCode.name) }
        return entries.map { entry in
            let parts = entry.entity.map { "\($0.entityType)=\($0.entityName ?? "<default>")" }
            let values = entry.values.map { "\($0.key):\(Double(bitPattern: $0.valueBits))" }
            return (parts + values).joined(separator: " ")
        }
    }

    @Test func setDescribedAndRemoved() throws {
        let cluster = try TestCluster.ready(nodes: 3)
        let leader = try cluster.elect()
        // Any node passes it on to the leader.
        let client = try cluster.connect(to: (leader + 1) % 3)
        let user = KafkaQuotaEntity(entityType: "user", entityName: nil)
        for version in VersionTests.versions(.alterClientQuotas) {
            #expect(try set(client, [Self.client], [("producer_byte_rate", 1000)], version: version) == .none)
        }
        #expect(try set(client, [user], [("request_percentage", 12.5), ("consumer_byte_rate", 5)]) == .none)
        #expect(try set(client, [Self.client, user], [("consumer_byte_rate", 7)]) == .none)
        #expect(try set(client, [user], [("producer_byte_rate", 1)], validateOnly: true) == .none)
        cluster.run(milliseconds: 200)
        let all = [
            "client-id=test producer_byte_rate:1000.0",
            "user=<default> consumer_byte_rate:5.0 request_percentage:12.5",
            "user=<default> client-id=test consumer_byte_rate:7.0",
        ]
        for node in 0..<3 { #expect(try described(try cluster.connect(to: node)) == all) }
        #expect(try described(client, [.init(entityType: "user", matchType: 2)]) == Array(all[1...]))
        #expect(try described(client, [.init(entityType: "user", matchType: 1)], strict: true) == [all[1]])
        let named = { DescribeClientQuotasRequest.Component(entityType: "client-id", matchType: 0, match: $0) }
        #expect(try described(client, [named("test")]) == [all[0], all[2]])
        #expect(try described(client, [named("other")]) == [])
        #expect(try described(client, [.init(entityType: "ip", matchType: 2)]) == [])
        #expect(try set(client, [Self.client], [("producer_byte_rate", nil)]) == .none)
        #expect(try set(client, [user], [("consumer_byte_rate", nil)]) == .none)
        cluster.run(milliseconds: 200)
        #expect(try described(client) == ["user=<default> request_percentage:12.5", all[2]])
    }

    @Test func whatIsWrongIsRefused() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let last = cluster.gateways[0].node.replica.raft.lastPosition.index
        let wrong: [([KafkaQuotaEntity], [(String, Double?)])] = [
            ([], [("producer_byte_rate", 1)]), ([Self.client, Self.client], [("producer_byte_rate", 1)]),
            ([.init(entityType: "ip", entityName: "127.0.0.1")], [("connection_creation_rate", 1)]),
            ([.init(entityType: "user", entityName: "")], [("producer_byte_rate", 1)]),
            ([Self.client], [("produce_rate", 1)]), ([Self.client], [("producer_byte_rate", 0)]),
            ([Self.client], [("producer_byte_rate", 1.5)]), ([Self.client], [("producer_byte_rate", .nan)]),
            ([Self.client], [("producer_byte_rate", 1e30)]), ([Self.client], [("request_percentage", -.infinity)]),
            ([Self.client], [("producer_byte_rate", 1), ("producer_byte_rate", 2)]),
        ]
        for (entity, values) in wrong { #expect(try set(client, entity, values) == .invalidRequest, "\(values)") }
        let entry = AlterClientQuotasRequest.Entry(entity: [Self.client], operations: [])
        let twice: AlterClientQuotasResponse = try client.call(AlterClientQuotasRequest(entries: [entry, entry]))
        #expect(twice.entries.map(\.errorCode) == [.invalidRequest, .invalidRequest])
        #expect(cluster.gateways[0].node.replica.raft.lastPosition.index == last)
        for component in [
            DescribeClientQuotasRequest.Component(entityType: "user", matchType: 0),
            .init(entityType: "user", matchType: 1, match: "x"), .init(entityType: "user", matchType: 3),
        ] {
            let response: DescribeClientQuotasResponse = try client.call(
                DescribeClientQuotasRequest(components: [component]))
            #expect(response.errorCode == .invalidRequest && response.entries == nil)
        }
    }

    @Test func producersAreSlowedDown() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        #expect(try set(client, [Self.client], [("producer_byte_rate", 1000)]) == .none)
        let records = ByteSlice.batch([String(repeating: "x", count: 12_000)])
        let response: ProduceResponse = try client.call(.one(records, to: "t"))
        #expect(response.partitions[0].errorCode == .none)
        // 12,000 bytes and some at 1,000 a second, less ten seconds.
        #expect((2000...2500).contains(response.throttleTimeMs))
        #expect(!client.connection.isReading)
        #expect(cluster.gateways[0].metrics.throttledRequests == 1)
        try client.send(.one(.batch(["y"]), to: "t"))
        cluster.run(milliseconds: Int(response.throttleTimeMs) - 300)
        #expect(!client.connection.isReading && client.connection.isSilent)
        cluster.run(milliseconds: 600)
        #expect(client.connection.isReading)
        // Another connection of the same client is in the same boat, another client is not.
        #expect(try client.receive(ProduceResponse.self).throttleTimeMs < 500)
        #expect(try set(client, [Self.client], [("producer_byte_rate", nil)]) == .none)
        cluster.run(milliseconds: 1000)
        let free: ProduceResponse = try client.call(.one(records, to: "t"))
        #expect(free.throttleTimeMs == 0 && client.connection.isReading)
    }

    @Test func consumersAreSlowedDown() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        for _ in 0..<3 { _ = try client.produce(.batch([String(repeating: "x", count: 5_000)]), to: "t") }
        // For everybody who has no quota of his own.
        let everybody = KafkaQuotaEntity(entityType: "client-id", entityName: nil)
        #expect(try set(client, [everybody], [("consumer_byte_rate", 1000)]) == .none)
        let response: FetchResponse = try client.call(.one("t", from: 0))
        #expect((5000...5500).contains(response.throttleTimeMs))
        #expect(!client.connection.isReading)
        let other = try cluster.connect()
        let next: FetchResponse = try other.call(.one("t", from: 3))
        #expect((5000...5500).contains(next.throttleTimeMs))
        cluster.run(milliseconds: 6000)
        #expect(client.connection.isReading && other.connection.isReading)
    }

    /// Nobody waits longer than a second for time.
    @Test func timeIsLimited() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        try client.create("t")
        #expect(try set(client, [Self.client], [("request_percentage", 1)]) == .none)
        var time: UInt64 = 0
        cluster.gateways[0].stopwatch = {
            time += 40_000_000
            return time
        }
        // A hundred milliseconds are free.
        #expect(try client.produce(.batch(["a"]), to: "t").errorCode == .none)
        let response: ProduceResponse = try client.call(.one(.batch(["b"]), to: "t"))
        #expect(response.throttleTimeMs == 1000 && !client.connection.isReading)
        cluster.run(milliseconds: 1200)
        #expect(client.connection.isReading)
    }

    @Test func theRateIsKeptOverTime() {
        let bucket = QuotaBucket(perSecond: 1000)
        var now: UInt64 = 50_000_000_000
        let begin = now
        var bytes = 0.0
        while now < begin + 100_000_000_000 {
            bytes += 700
            now += UInt64(bucket.charge(700, now: now)) * 1_000_000 + 1_000_000
        }
        #expect(bytes <= 111_000 && bytes >= 109_000)
        #expect(!bucket.isIdle(at: now) && bucket.isIdle(at: now + 11_000_000_000))
        #expect(QuotaBucket(perSecond: 1e-300).charge(1e300, now: now) == .max)
    }

    /// The most special quota counts, alone.
    @Test func precedence() throws {
        let cluster = try TestCluster.ready()
        let client = try cluster.connect()
        let me = KafkaQuotaEntity(entityType: "user", entityName: ClientQuotas.user)
        let anyUser = KafkaQuotaEntity(entityType: "user", entityName: nil)
        let anyClient = KafkaQuotaEntity(entityType: "client-id", entityName: nil)
        let order: [[KafkaQuotaEntity]] = [
            [anyClient], [Self.client], [anyUser], [anyUser, anyClient], [anyUser, Self.client], [me], [me, anyClient],
            [me, Self.client],
        ]
        let quotas = cluster.gateways[0].quotas
        for (number, entity) in order.enumerated() {
            #expect(try set(client, entity, [("consumer_byte_rate", Double(number + 1))]) == .none)
            let bucket = try #require(quotas.bucket(.consumerByteRate, client: "test"))
            #expect(bucket.perSecond == Double(number + 1))
            #expect(quotas.bucket(.producerByteRate, client: "test") == nil)
            let isShared = entity == [anyUser] || entity == [me]
            #expect((quotas.bucket(.consumerByteRate, client: "other") === bucket) == isShared)
        }
    }
}
