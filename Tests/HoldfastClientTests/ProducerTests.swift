import Bytes
import KafkaWire
import Testing

@testable import HoldfastClient

struct ProducerTests {
    @Test func recordsAreStoredAndToldTheirOffsets() throws {
        let harness = try ProducerHarness()
        for number in 0..<10 { try harness.send("v\(number)") }
        harness.producer.flush()
        #expect(try harness.cluster.values() == (0..<10).map { "v\($0)" })
        for number in 0..<10 { #expect(harness.outcomes[UInt64(number)] == .stored(offset: Int64(number))) }
        #expect(harness.producer.pendingRecords == 0)
    }

    // MARK: Batches

    @Test func aBatchIsClosedByItsCount() throws {
        let harness = try ProducerHarness {
            $0.batchRecords = 3
            $0.lingerMilliseconds = 1_000
        }
        for number in 0..<7 { try harness.send("v\(number)") }
        harness.producer.poll()
        #expect(harness.cluster.seen.map(\.count) == [3, 3])
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.count) == [3, 3, 1])
    }

    @Test func aBatchIsClosedByItsBytes() throws {
        let harness = try ProducerHarness {
            $0.batchBytes = 1_000
            $0.lingerMilliseconds = 1_000
        }
        for _ in 0..<10 { try harness.send(String(repeating: "x", count: 200)) }
        try harness.send(String(repeating: "y", count: 5_000))
        harness.producer.flush()
        let counts = harness.cluster.seen.map(\.count)
        #expect(counts.allSatisfy { $0 <= 4 } && counts.reduce(0, +) == 11)
        #expect(counts.last == 1)
        #expect(try harness.cluster.values().count == 11)
    }

    @Test func aBatchIsSentWhenItHasLingered() throws {
        let harness = try ProducerHarness { $0.lingerMilliseconds = 50 }
        try harness.send("first")
        harness.network.advance(20_000_000)
        try harness.send("second")
        #expect(harness.cluster.seen.isEmpty)
        harness.network.advance(31_000_000)
        harness.producer.poll()
        #expect(harness.cluster.seen.map(\.count) == [2])
    }

    @Test func withoutLingerABatchGathersWhileFiveAreUnderWay() throws {
        let harness = try ProducerHarness()
        harness.network.holdsAnswers = true
        for number in 0..<20 {
            try harness.send("v\(number)")
            harness.network.advance(1_000_000)
        }
        #expect(harness.cluster.seen.map(\.count) == [1, 1, 1, 1, 1])
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.count) == [1, 1, 1, 1, 1, 15])
        #expect(try harness.cluster.values() == (0..<20).map { "v\($0)" })
    }

    @Test func anIdempotentProducerNeverHasMoreThanFiveBatchesUnderWay() throws {
        let harness = try ProducerHarness {
            $0.batchRecords = 1
            $0.maximumInFlight = 100
        }
        harness.network.holdsAnswers = true
        for number in 0..<50 { try harness.send("v\(number)") }
        #expect(harness.cluster.seen.count == 5)
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(harness.cluster.seen.count == 50)
    }

    @Test func withoutIdempotenceTheLimitIsTheOwners() throws {
        let harness = try ProducerHarness {
            $0.batchRecords = 1
            $0.maximumInFlight = 40
            $0.isIdempotent = false
        }
        harness.network.holdsAnswers = true
        for number in 0..<50 { try harness.send("v\(number)") }
        #expect(harness.cluster.seen.count == 40)
        #expect(harness.cluster.seen.allSatisfy { $0.producer == -1 && $0.sequence == -1 })
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(try harness.cluster.values() == (0..<50).map { "v\($0)" })
    }

    @Test func sendWaitsForRoom() throws {
        let harness = try ProducerHarness {
            $0.bufferBytes = 2_000
            $0.client.operationTimeoutMilliseconds = 1_000
        }
        harness.network.holdsAnswers = true
        var sent = 0
        #expect {
            while sent < 1_000 {
                try harness.send(String(repeating: "x", count: 300))
                sent += 1
            }
        } throws: { error in
            if case HoldfastError.timedOut = error { true } else { false }
        }
        #expect(sent > 2 && sent < 7)
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(try harness.cluster.values().count == sent)
    }

    // MARK: Partitions

    @Test func explicitKeyedAndStickyPartitions() throws {
        let harness = try ProducerHarness(FakeCluster(partitions: 10)) { $0.batchRecords = 4 }
        try harness.send("explicit", partition: 9)
        try harness.send("keyed", key: "foobar")
        harness.producer.flush()
        #expect(try harness.cluster.values("t", 9) == ["explicit"])
        #expect(try harness.cluster.values("t", 6) == ["keyed"])
        harness.network.holdsAnswers = true
        for number in 0..<16 { try harness.send("s\(number)") }
        harness.network.holdsAnswers = false
        harness.producer.flush()
        let sticky = harness.cluster.seen.dropFirst(2)
        #expect(Set(sticky.map(\.partition)).count > 1, "batches without a key are spread")
        #expect(throws: HoldfastError.self) { try harness.send("nowhere", partition: 10) }
    }

    @Test func anUnknownTopicIsRefusedAfterSomeAttempts() throws {
        let harness = try ProducerHarness()
        #expect {
            try harness.producer.send(topic: "nope", value: [1])
        } throws: { error in
            if case HoldfastError.refused(3, _, _) = error { true } else { false }
        }
    }

    // MARK: Acknowledgements

    @Test func acksNoneWaitsForNothing() throws {
        let harness = try ProducerHarness { $0.acknowledgement = .none }
        try harness.send("one")
        try harness.send("two")
        harness.producer.flush()
        #expect(harness.outcomes[0] == .unconfirmed && harness.outcomes[1] == .unconfirmed)
        #expect(harness.cluster.seen.allSatisfy { $0.acks == 0 && $0.producer == -1 })
        #expect(try harness.cluster.values() == ["one", "two"])
    }

    @Test func acksLeaderIsAsked() throws {
        let harness = try ProducerHarness { $0.acknowledgement = .leader }
        try harness.send("one")
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.acks) == [1])
        #expect(harness.outcomes[0] == .stored(offset: 0))
    }
}
