import Broker
import Bytes
import KafkaWire
import Node
import Raft
import Testing

/// "Did it commit?" asked of nodes that hold real logs.
struct OutcomeTests {
    private static let producer = ProducerIdentity(id: 0, epoch: 0)

    private func begin(nodes: Int = 1) throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes, node: {
            $0.cacheBytes = 2048
            $0.snapshotIntervalEntries = 40
            $0.rowCacheBytes = 1024
        })
        let client = try cluster.connect()
        try client.create("t")
        let request = InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 60_000)
        let identity: InitProducerIdResponse = try client.call(request)
        #expect(identity.producerId == Self.producer.id && identity.producerEpoch == Self.producer.epoch)
        return (cluster, client)
    }

    private func bytes(_ sequence: Int32, _ producer: ProducerIdentity = producer) -> ByteSlice {
        .batch(
            ["\(sequence) " + String(repeating: "x", count: 700)], producer: producer.id, epoch: producer.epoch,
            sequence: sequence)
    }

    private func ask(
        _ cluster: TestCluster, _ sequence: Int32, _ producer: ProducerIdentity = producer, topic: String = "t",
        searchBytes: Int = 1 << 30, at position: Int? = nil
    ) throws -> OutcomeAnswer? {
        guard let position = position ?? cluster.leader else { throw TestFailure("no leader") }
        var answer: OutcomeAnswer?
        cluster.gateways[position].node.replica.outcome(
            topic: topic, partition: 0, producer: producer, sequence: sequence, searchBytes: searchBytes
        ) { answer = $0 }
        cluster.settle()
        return answer
    }

    private func outcome(
        _ cluster: TestCluster, _ sequence: Int32, _ producer: ProducerIdentity = producer, searchBytes: Int = 1 << 30
    ) throws -> RecordOutcome {
        guard case .known(let outcome, let commit) = try ask(cluster, sequence, producer, searchBytes: searchBytes)
        else { throw TestFailure("no answer to \(sequence)") }
        #expect(commit > 0)
        return outcome
    }

    private func delete(_ client: TestClient, before offset: Int64) throws {
        let response: DeleteRecordsResponse = try client.call(DeleteRecordsRequest(
            topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, offset: offset)])], timeoutMs: 1000))
        #expect(response.topics[0].partitions[0].lowWatermark == offset)
    }

    @Test func onTheWayAndThere() throws {
        let (cluster, client) = try begin()
        #expect(try outcome(cluster, 0) == .pending(entry: nil))
        try client.send(.one(bytes(0), to: "t"))
        let replica = cluster.gateways[0].node.replica
        var early: OutcomeAnswer?
        replica.outcome(topic: "t", partition: 0, producer: Self.producer, sequence: 0, searchBytes: 0) { early = $0 }
        let entry = replica.openEntryIndex
        #expect(early == .known(.pending(entry: entry), commit: replica.appliedIndex))
        cluster.turn()
        replica.outcome(topic: "t", partition: 0, producer: Self.producer, sequence: 0, searchBytes: 0) { early = $0 }
        #expect(early == .known(.pending(entry: entry), commit: replica.appliedIndex))
        cluster.settle()
        let answered: ProduceResponse = try client.receive()
        #expect(answered.partitions[0].errorCode == .none)
        let place = Position(index: entry, term: replica.term)
        #expect(try outcome(cluster, 0, searchBytes: 0) == .committed(offset: 0, entry: place))
        #expect(try outcome(cluster, 1) == .pending(entry: nil))
        #expect(try ask(cluster, 0, topic: "missing") == .unknownPartition)
    }

    /// Far behind the five batches that are remembered, in segments whose indexes are files.
    @Test func olderOnesAreLookedFor() throws {
        let (cluster, client) = try begin()
        for sequence in Int32(0)..<120 {
            #expect(try client.produce(bytes(sequence), to: "t").baseOffset == Int64(sequence))
            if sequence % 10 == 9 { cluster.run(milliseconds: 20) }
        }
        cluster.run(milliseconds: 100)
        let replica = cluster.gateways[0].node.replica
        #expect(replica.broker.indexSize.fences > 5)
        var last = Position.zero
        for sequence in Int32(0)..<120 {
            guard case .committed(Int64(sequence), let entry) = try outcome(cluster, sequence) else {
                throw TestFailure("\(sequence): \(try outcome(cluster, sequence))")
            }
            #expect(entry.index > last.index && entry.term == replica.term)
            last = entry
        }
        guard case .committedSomewhere(nil, .bound(let end)) = try outcome(cluster, 3, searchBytes: 5_000) else {
            throw TestFailure("\(try outcome(cluster, 3, searchBytes: 5_000))")
        }
        #expect(end > 80 && end < 115)
        try delete(client, before: 50)
        guard case .committedSomewhere(nil, .deleted(50)) = try outcome(cluster, 3) else {
            throw TestFailure("\(try outcome(cluster, 3))")
        }
        try delete(client, before: 120)
        #expect(try outcome(cluster, 119) == .committedSomewhere(offset: 119, .deleted(logStart: 120)))
    }

    @Test func aNewerEpochEndsIt() throws {
        let (cluster, client) = try begin()
        _ = try client.produce(.batch(["other"]), to: "t")
        for sequence in Int32(0)..<8 { _ = try client.produce(bytes(sequence), to: "t") }
        let request = InitProducerIdRequest(
            transactionalId: nil, transactionTimeoutMs: 60_000, producerId: Self.producer.id,
            producerEpoch: Self.producer.epoch)
        let bumped: InitProducerIdResponse = try client.call(request)
        let next = ProducerIdentity(id: bumped.producerId, epoch: bumped.producerEpoch)
        #expect(next == ProducerIdentity(id: Self.producer.id, epoch: 1))
        #expect(try outcome(cluster, 8) == .never)
        #expect(try client.produce(bytes(8), to: "t").errorCode == .invalidProducerEpoch)
        for sequence in Int32(0)..<8 { _ = try client.produce(bytes(sequence, next), to: "t") }
        #expect(try outcome(cluster, 8) == .never)
        guard case .committed(offset: 1, _) = try outcome(cluster, 0) else { throw TestFailure("first epoch, 0") }
        guard case .committed(offset: 8, _) = try outcome(cluster, 7) else { throw TestFailure("first epoch, 7") }
        #expect(try outcome(cluster, 8, next) == .pending(entry: nil))
        #expect(try outcome(cluster, 8, searchBytes: 0) == .unknown(.bound(offset: 12)))
        // With the records the proof goes, too.
        try delete(client, before: 14)
        #expect(try outcome(cluster, 8) == .unknown(.deleted(logStart: 14)))
    }

    @Test func onlyALeaderThatIsOneAnswers() throws {
        let (cluster, client) = try begin(nodes: 3)
        #expect(try client.produce(bytes(0), to: "t").errorCode == .none)
        let leader = try cluster.elect()
        let first = try outcome(cluster, 0)
        #expect(try ask(cluster, 0, at: (leader + 1) % 3) == .notLeading)
        cluster.isolate(leader)
        var late: OutcomeAnswer?
        cluster.gateways[leader].node.replica.outcome(
            topic: "t", partition: 0, producer: Self.producer, sequence: 1, searchBytes: 0
        ) { late = $0 }
        cluster.settle()
        #expect(late == nil)
        cluster.run(milliseconds: 3000)
        #expect(late == .notLeading)
        #expect(try cluster.elect() != leader)
        #expect(try outcome(cluster, 0) == first)
    }
}
