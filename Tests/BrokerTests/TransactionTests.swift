import Bytes
import Records
import Testing

@testable import Broker

struct TransactionTests {
    private func begin(partitions: UInt32 = 2) throws -> (Leader, UInt32, ProducerIdentity) {
        var leader = Leader()
        try leader.confirmTime()
        let topic = try leader.createTopic(partitions: partitions)
        let producer = try initialize(&leader)
        return (leader, topic, producer)
    }

    private func initialize(
        _ leader: inout Leader, _ name: String = "x", expected: ProducerIdentity? = nil
    ) throws -> ProducerIdentity {
        let result = try leader.run(
            .initializeTransaction(name: name, timeoutMilliseconds: 60_000, expected: expected))
        guard case .transactionInitialized(let producer) = result else { throw Unexpected(text: "\(result)") }
        return producer
    }

    private func add(_ keys: [PartitionKey], _ producer: ProducerIdentity, _ name: String = "x") -> Command {
        .addToTransaction(name: name, producer: producer, partitions: keys, group: nil)
    }

    private func key(_ topic: UInt32, _ partition: UInt32 = 0) -> PartitionKey {
        PartitionKey(topic: topic, partition: partition)
    }

    private func transactional(_ tag: String, _ producer: ProducerIdentity, _ sequence: Int32) -> ByteSlice {
        batch(tag, producer: producer, sequence: sequence, isTransactional: true)
    }

    @Test func oneEntryMovesMarkersOffsetsAndVisibility() throws {
        var (leader, topic, producer) = try begin()
        let keys = [key(topic, 0), key(topic, 1)]
        #expect(try leader.run(add(keys, producer)) == .addedToTransaction)
        #expect(
            try leader.run(.addToTransaction(name: "x", producer: producer, partitions: [], group: "g"))
                == .addedToTransaction)
        for key in keys { _ = leader.admit(transactional("a", producer, 0), key) }
        let offsets = [CommittedOffset(key: keys[0], offset: 7)]
        #expect(
            try leader.run(.addTransactionOffsets(name: "x", producer: producer, group: "g", offsets: offsets))
                == .offsetsCommitted(unknown: []))
        #expect(keys.map { leader.broker.partition($0)?.lastStableOffset } == [0, 0])
        #expect(leader.broker.group(named: "g") == nil && leader.broker.unstableOffsets(ofGroup: "g") == [keys[0]])
        let before = leader.broker.appliedIndex
        try leader.end("x", commits: true)
        #expect(try leader.apply() == [.transactionEnded(producer: producer)])
        #expect(leader.broker.appliedIndex == before + 1)
        #expect(keys.map { leader.broker.partition($0)?.lastStableOffset } == [2, 2])
        #expect(leader.broker.group(named: "g")?.offset(of: keys[0])?.offset == 7)
        #expect(leader.broker.unstableOffsets(ofGroup: "g").isEmpty)
        #expect(leader.broker.transaction(named: "x")?.phase == .committed)
    }

    @Test func theMarkerIsABatchOfOneRecord() throws {
        for commits in [true, false] {
            let bytes = RecordBatch.marker(
                commits: commits, producerId: 5, producerEpoch: 6, baseOffset: 7, leaderEpoch: 8, timestamp: 9)
            let header = try RecordBatchHeader(bytes)
            #expect(header.isControl && header.isTransactional && header.baseSequence == -1)
            #expect(header.producerId == 5 && header.producerEpoch == 6 && header.baseOffset == 7)
            #expect(try RecordBatch.markerCommits(bytes) == commits)
            let record = try RecordBatch.allRecords(of: bytes)[0]
            #expect(record.key?.array == [0, 0, 0, commits ? 1 : 0] && record.value?.array == [0, 0, 0, 0, 0, 8])
            #expect(throws: RecordError.controlBatch) { try RecordBatch.validate(bytes) }
        }
    }

    @Test func aBatchBehindTheEndIsRefused() throws {
        var (leader, topic, producer) = try begin()
        #expect(leader.admit(transactional("a", producer, 0), key(topic)) == .rejected(.invalidTransactionState))
        try leader.run(add([key(topic)], producer))
        #expect(leader.admit(transactional("a", producer, 0), key(topic, 1)) == .rejected(.invalidTransactionState))
        let plain = batch("a", producer: producer, sequence: 0)
        #expect(leader.admit(plain, key(topic)) == .rejected(.transactionMismatch))
        guard case .accepted(0, _, _) = leader.admit(transactional("a", producer, 0), key(topic)) else {
            throw Unexpected(text: "not accepted")
        }
        try leader.end("x", commits: false)
        #expect(leader.admission.isEnding(producer.id))
        #expect(leader.admit(transactional("b", producer, 1), key(topic)) == .rejected(.invalidTransactionState))
        // Others go on behind the marker, before it is applied.
        guard case .accepted(2, _, _) = leader.admit(batch("c"), key(topic)) else {
            throw Unexpected(text: "not behind the marker")
        }
        leader.seal()
        for result in try leader.apply() {
            if case .produced(let rejected) = result { #expect(rejected.isEmpty) }
        }
        #expect(!leader.admission.isEnding(producer.id))
        #expect(leader.admit(transactional("b", producer, 1), key(topic)) == .rejected(.invalidTransactionState))
        let partition = try #require(leader.broker.partition(key(topic)))
        #expect(partition.endOffset == 3 && partition.lastStableOffset == 3)
        #expect(partition.transactions.aborted(from: 0, before: 3).map(\.firstOffset) == [0])
    }

    @Test func epochsFence() throws {
        var (leader, topic, old) = try begin()
        try leader.run(add([key(topic)], old))
        _ = leader.admit(transactional("a", old, 0), key(topic))
        #expect(
            try leader.run(.initializeTransaction(name: "x", timeoutMilliseconds: 1, expected: nil))
                == .refused(.concurrentTransactions))
        try leader.end("x", commits: false, next: .initialize(timeoutMilliseconds: 5, expected: nil))
        let new = ProducerIdentity(id: old.id, epoch: old.epoch + 1)
        #expect(try leader.apply() == [.transactionEnded(producer: new)])
        #expect(try leader.run(add([key(topic)], old)) == .refused(.producerFenced))
        #expect(leader.admit(transactional("b", old, 1), key(topic)) == .rejected(.invalidProducerEpoch(current: 1)))
        #expect(try leader.run(add([key(topic)], new)) == .addedToTransaction)
        #expect(leader.admit(transactional("b", old, 1), key(topic)) == .rejected(.invalidProducerEpoch(current: 1)))
        guard case .accepted(2, _, _) = leader.admit(transactional("b", new, 0), key(topic)) else {
            throw Unexpected(text: "the new one is refused")
        }
        try leader.end("x", commits: false, next: .fence)
        #expect(try leader.apply().last == .transactionEnded(producer: ProducerIdentity(id: old.id, epoch: 2)))
        // KIP-360: only the one that was not fenced goes on; asked again it is told the same.
        let asked = Command.initializeTransaction(name: "x", timeoutMilliseconds: 1, expected: new)
        #expect(try leader.run(asked) == .refused(.producerFenced))
        let current = ProducerIdentity(id: old.id, epoch: 2)
        #expect(try initialize(&leader, expected: current).epoch == 3)
        #expect(try initialize(&leader, expected: current).epoch == 3)
        #expect(try initialize(&leader).epoch == 4)
        #expect(try leader.run(asked) == .refused(.producerFenced))
        // A plain producer cannot take its epochs.
        #expect(try leader.allocateProducer(bumping: ProducerIdentity(id: old.id, epoch: 4)).id != old.id)
    }

    @Test func epochsThatAreUsedUpAreFollowedByANewId() throws {
        var (leader, _, producer) = try begin()
        for _ in 0..<(Int(Int16.max) - 1) { producer = try initialize(&leader) }
        #expect(producer.epoch == Int16.max - 1)
        let next = try initialize(&leader)
        #expect(next.id != producer.id && next.epoch == 0)
        #expect(try leader.run(add([], producer)) == .refused(.unknownTransaction))
    }

    @Test func boundsAreKept() throws {
        var (leader, topic, producer) = try begin()
        let many = (0...UInt32(Transaction.Limits.partitions)).map { key(topic, $0) }
        #expect(try leader.run(add(many, producer)) == .refused(.transactionTooLarge))
        #expect(leader.broker.transaction(named: "x")?.phase == .empty)
        let offsets = many.map { CommittedOffset(key: key(topic, $0.partition % 2), offset: 1) }
        _ = try leader.run(.addToTransaction(name: "x", producer: producer, partitions: [], group: "g"))
        #expect(
            try leader.run(.addTransactionOffsets(name: "x", producer: producer, group: "g", offsets: offsets))
                == .refused(.transactionTooLarge))
    }

    @Test func aTopicThatIsDeletedMeanwhileGetsNoMarker() throws {
        var (leader, topic, producer) = try begin()
        let other = try leader.createTopic("u")
        try leader.run(add([key(topic), key(other)], producer))
        try leader.run(.deleteTopic(number: topic))
        try leader.end("x", commits: true)
        try leader.apply()
        #expect(leader.broker.partition(key(other))?.endOffset == 1)
        try leader.run(add([key(other)], producer))
        try leader.end("x", commits: true)
        _ = leader.propose(.deleteTopic(number: other))
        #expect(try leader.apply() == [.transactionEnded(producer: producer), .topicDeleted])
    }

    @Test func abortedTransactionsGoWithTheirRecords() throws {
        var (leader, topic, producer) = try begin()
        for round in 0..<5 {
            try leader.run(add([key(topic)], producer))
            _ = leader.admit(transactional("a", producer, Int32(round)), key(topic))
            try leader.end("x", commits: false)
            try leader.apply()
        }
        try leader.run(.deleteRecords(key(topic), before: 5))
        #expect(leader.broker.partition(key(topic))?.transactions.aborted.map(\.firstOffset) == [4, 6, 8])
        try leader.run(.deleteRecords(key(topic), before: -1))
        #expect(leader.broker.partition(key(topic))?.transactions.aborted.isEmpty == true)
    }

    @Test func idleOnesExpire() throws {
        var (leader, topic, producer) = try begin()
        try leader.run(add([key(topic)], producer))
        leader.clock += 10_000
        #expect(try initialize(&leader, "y").id != producer.id)
        try leader.run(.expireTransactions(before: leader.clock))
        #expect(leader.broker.transaction(named: "x") != nil, "it is open")
        try leader.end("x", commits: true)
        try leader.apply()
        leader.clock += 1
        #expect(leader.broker.hasExpiredTransactions(before: leader.clock))
        try leader.run(.expireTransactions(before: leader.clock))
        #expect(leader.broker.allTransactions.isEmpty)
        #expect(try leader.run(add([key(topic)], producer)) == .refused(.unknownTransaction))
    }
}
