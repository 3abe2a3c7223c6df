import Bytes
import KafkaWire
import Testing

@testable import HoldfastClient

struct ProducerRetryTests {
    @Test func aLostConnectionIsFollowedByTheSameBatchWithTheSameSequence() throws {
        for fault in [FakeCluster.Fault.hangUpBefore, .hangUpAfter] {
            let harness = try ProducerHarness()
            harness.cluster.faults = [fault]
            try harness.send("once")
            harness.producer.flush()
            try harness.send("more")
            harness.producer.flush()
            #expect(try harness.cluster.values() == ["once", "more"], "after \(fault)")
            #expect(harness.cluster.seen.map(\.sequence) == [0, 0, 1])
            #expect(Set(harness.cluster.seen.map(\.producer)).count == 1)
            #expect(harness.outcomes[0] == .stored(offset: 0))
            #expect(harness.outcomes[1] == .stored(offset: 1))
        }
    }

    @Test func allBatchesUnderWayAreSentAgainInOrder() throws {
        let harness = try ProducerHarness { $0.batchRecords = 1 }
        harness.network.holdsAnswers = true
        harness.cluster.faults = [.none, .none, .hangUpAfter]
        for number in 0..<5 { try harness.send("v\(number)") }
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(try harness.cluster.values() == (0..<5).map { "v\($0)" })
        #expect(harness.outcomes.count == 5)
    }

    @Test func theLeaderToldWithARefusalIsAskedAtOnce() throws {
        let harness = try ProducerHarness()
        try harness.send("first")
        harness.producer.flush()
        let asked = harness.cluster.requests.count { $0 == .metadata }
        harness.cluster.moveLeader(to: 3)
        harness.cluster.faults = [.notLeader(hint: true)]
        try harness.send("second")
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.node) == [1, 1, 3])
        #expect(harness.cluster.seen.map(\.sequence) == [0, 1, 1])
        #expect(harness.cluster.requests.count { $0 == .metadata } == asked)
        #expect(try harness.cluster.values() == ["first", "second"])
    }

    @Test func withoutAHintTheLeaderIsLookedUp() throws {
        let harness = try ProducerHarness()
        try harness.send("first")
        harness.producer.flush()
        harness.cluster.moveLeader(to: 2)
        try harness.send("second")
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.node) == [1, 1, 2])
        #expect(try harness.cluster.values() == ["first", "second"])
    }

    @Test func aLeaderOfAnOlderEpochIsNotBelieved() throws {
        let harness = try ProducerHarness()
        harness.cluster.epoch = 5
        try harness.send("first")
        harness.producer.flush()
        harness.cluster.staleLeader = (node: 2, epoch: 4)
        harness.cluster.faults = [.code(.notEnoughReplicas)]
        try harness.send("second")
        harness.producer.flush()
        #expect(harness.cluster.seen.map(\.node) == [1, 1, 1])
    }

    @Test func aDeadLeaderIsReplacedByTheNextOne() throws {
        let harness = try ProducerHarness()
        try harness.send("first")
        harness.producer.flush()
        harness.cluster.down = [1]
        harness.cluster.moveLeader(to: 2)
        try harness.send("second")
        harness.producer.flush()
        #expect(try harness.cluster.values() == ["first", "second"])
        #expect(harness.outcomes[1] == .stored(offset: 1))
    }

    @Test func aSilentBrokerIsGivenUp() throws {
        let harness = try ProducerHarness { $0.client.requestTimeoutMilliseconds = 500 }
        harness.cluster.faults = [.silenceAfter]
        try harness.send("once")
        harness.producer.flush()
        #expect(try harness.cluster.values() == ["once"])
        #expect(harness.cluster.seen.map(\.sequence) == [0, 0])
        #expect(harness.outcomes[0] == .stored(offset: 0))
    }

    @Test func batchesRefusedOnlyBecauseOfAnEarlierOneAreSentAgain() throws {
        let harness = try ProducerHarness { $0.batchRecords = 1 }
        harness.network.holdsAnswers = true
        harness.cluster.faults = [.code(.notEnoughReplicas)]
        for number in 0..<4 { try harness.send("v\(number)") }
        #expect(harness.cluster.seen.map(\.sequence) == [0, 1, 2, 3])
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(try harness.cluster.values() == ["v0", "v1", "v2", "v3"])
        #expect(Set(harness.cluster.seen.map(\.producer)).count == 1)
        #expect((0..<4).allSatisfy { harness.outcomes[UInt64($0)] == .stored(offset: Int64($0)) })
    }

    @Test func aStoredBatchAnsweredWithATimeoutIsRecognised() throws {
        let harness = try ProducerHarness()
        harness.cluster.faults = [.codeAfter(.requestTimedOut)]
        try harness.send("once")
        harness.producer.flush()
        #expect(try harness.cluster.values() == ["once"])
        #expect(harness.outcomes[0] == .stored(offset: 0))
    }

    @Test func aSequenceThatTheBrokerDoesNotExpectFailsTheBatchAndBeginsAnew() throws {
        let harness = try ProducerHarness { $0.batchRecords = 1 }
        harness.cluster.faults = [.code(.outOfOrderSequenceNumber)]
        harness.network.holdsAnswers = true
        try harness.send("lost")
        try harness.send("kept")
        harness.network.holdsAnswers = false
        harness.producer.flush()
        guard case .failed(.refused(45, _, _), mayBeStored: false)? = harness.outcomes[0] else {
            Issue.record("\(String(describing: harness.outcomes[0]))")
            return
        }
        #expect(try harness.cluster.values() == ["kept"])
        #expect(harness.cluster.seen.last?.sequence == 0)
        #expect(harness.cluster.seen.first?.producer != harness.cluster.seen.last?.producer)
    }

    @Test func aForgottenProducerBeginsAnewWithoutLoss() throws {
        let harness = try ProducerHarness()
        try harness.send("first")
        harness.producer.flush()
        harness.cluster.forgotten = [harness.cluster.producerIds]
        try harness.send("second")
        harness.producer.flush()
        #expect(try harness.cluster.values() == ["first", "second"])
        #expect(harness.outcomes[1] == .stored(offset: 1))
        #expect(harness.cluster.seen.map(\.sequence) == [0, 1, 0])
    }

    @Test func aRefusalForGoodIsReported() throws {
        let harness = try ProducerHarness { $0.batchRecords = 1 }
        harness.cluster.faults = [.code(.messageTooLarge)]
        try harness.send("big")
        harness.producer.flush()
        try harness.send("small")
        harness.producer.flush()
        guard case .failed(.refused(10, _, _), mayBeStored: false)? = harness.outcomes[0] else {
            Issue.record("\(String(describing: harness.outcomes[0]))")
            return
        }
        #expect(try harness.cluster.values() == ["small"])
        #expect(harness.outcomes[1] == .stored(offset: 0))
    }

    /// A refusal in one partition makes a new identity necessary; in the other a batch is stored whose answer did
    /// not say so. Under a new identity it would be stored again.
    @Test func aNewIdentityWaitsUntilEverythingUnderWayIsDecided() throws {
        let harness = try ProducerHarness(FakeCluster(partitions: 2)) { $0.batchRecords = 1 }
        harness.network.holdsAnswers = true
        harness.cluster.faults = [.code(.messageTooLarge), .codeAfter(.requestTimedOut)]
        try harness.send("big", partition: 0)
        try harness.send("once", partition: 1)
        try harness.send("next", partition: 0)
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(try harness.cluster.values("t", 0) == ["next"])
        #expect(try harness.cluster.values("t", 1) == ["once"])
        #expect(harness.outcomes[1] == .stored(offset: 0))
    }

    @Test func timeRunsOutAndTheNextRecordsGoOn() throws {
        let harness = try ProducerHarness {
            $0.deliveryTimeoutMilliseconds = 2_000
            $0.client.requestTimeoutMilliseconds = 300
        }
        harness.cluster.faults = [FakeCluster.Fault](repeating: .silenceAfter, count: 3)
        harness.cluster.down = []
        try harness.send("unknown")
        // The answers are lost, and then nobody can be reached.
        harness.producer.poll(timeoutMilliseconds: 200)
        harness.cluster.down = [1, 2, 3]
        harness.producer.flush()
        guard case .failed(.timedOut, mayBeStored: true)? = harness.outcomes[0] else {
            Issue.record("\(String(describing: harness.outcomes[0]))")
            return
        }
        harness.cluster.down = []
        harness.cluster.faults = []
        let before = harness.cluster.seen.last?.producer
        try harness.send("later")
        harness.producer.flush()
        #expect(harness.outcomes[1] == .stored(offset: 1))
        #expect(try harness.cluster.values() == ["unknown", "later"])
        #expect(harness.cluster.seen.last?.producer != before)
    }

    /// Whatever happens on the way, each record that is delivered is stored once, each partition keeps its order, and
    /// what is reported as certainly not stored is not.
    @Test(arguments: 0..<40)
    func exactlyOnceThroughAnyFaults(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let cluster = FakeCluster(partitions: 3)
        let harness = try ProducerHarness(cluster) {
            $0.batchRecords = Int.random(in: 1...4, using: &random)
            $0.client.requestTimeoutMilliseconds = 400
            $0.deliveryTimeoutMilliseconds = 60_000_000
        }
        var sent: [[UInt64]] = [[], [], []]
        for number in 0..<200 {
            let partition = Int.random(in: 0..<3, using: &random)
            sent[partition].append(UInt64(number))
            disturb(harness, refusing: seed % 2 == 1, &random)
            #expect(try harness.send("\(number)", partition: Int32(partition)) == UInt64(number))
        }
        cluster.down = []
        harness.network.holdsAnswers = false
        harness.producer.flush()
        #expect(harness.deliveries.count == 200 && harness.outcomes.count == 200)
        for partition in 0..<3 {
            let stored = try cluster.values("t", partition).map { UInt64($0) }
            let expected = sent[partition].filter { ticket in
                switch harness.outcomes[ticket] {
                case .failed(_, mayBeStored: false): false
                case .failed(_, mayBeStored: true): stored.contains(ticket)
                default: true
                }
            }
            #expect(stored == expected)
        }
        let failures = harness.outcomes.values.count { if case .failed = $0 { true } else { false } }
        #expect(seed % 2 == 1 || failures == 0)
    }

    private func disturb(_ harness: ProducerHarness, refusing: Bool, _ random: inout SplitMix64) {
        let cluster = harness.cluster
        switch Int.random(in: 0..<20, using: &random) {
        case 0: cluster.faults.append(.hangUpBefore)
        case 1: cluster.faults.append(.hangUpAfter)
        case 2: cluster.faults.append(.silenceAfter)
        case 3: cluster.faults.append(.code(.notEnoughReplicas))
        case 4: cluster.faults.append(.codeAfter(.requestTimedOut))
        case 5: cluster.moveLeader(to: Int32.random(in: 1...3, using: &random))
        case 6: cluster.faults.append(.notLeader(hint: Bool.random(using: &random)))
        case 7: cluster.faults.append(refusing ? .code(.messageTooLarge) : .none)
        case 8: harness.network.holdsAnswers.toggle()
        case 9:
            let node = Int32.random(in: 1...3, using: &random)
            cluster.down = cluster.down.isEmpty ? [node] : []
            if node == cluster.leader { cluster.moveLeader(to: node % 3 + 1) }
        case 10: harness.producer.poll(timeoutMilliseconds: 5)
        case 11: harness.network.advance(UInt64.random(in: 0...300_000_000, using: &random))
        default: break
        }
    }
}
