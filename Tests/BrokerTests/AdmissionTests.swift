import Bytes
import Records
import Testing

@testable import Broker

struct AdmissionTests {
    private func key(_ topic: UInt32, _ partition: UInt32 = 0) -> PartitionKey {
        PartitionKey(topic: topic, partition: partition)
    }

    private func table(_ entry: LogEntry) throws -> [ProduceItem] {
        guard case .produce(let table) = try Command.decode(entry.payload) else {
            throw Unexpected(text: "not a produce entry")
        }
        return table.items
    }

    private func accepted(_ offset: Int64) -> AdmissionOutcome {
        .accepted(baseOffset: offset, logAppendTime: -1, logStartOffset: 0)
    }

    @Test func oneTurnIsOneRowForEachPartition() throws {
        var leader = Leader(term: 7)
        let topic = try leader.createTopic(partitions: 3)
        for number in 0..<300 {
            let partition = UInt32(number % 3)
            #expect(leader.admit(batch("\(number)"), key(topic, partition)) == accepted(Int64(number / 3)))
        }
        #expect(leader.admission.openBatches == 300)
        leader.seal()
        #expect(leader.admission.openBatches == 0 && leader.admission.openBytes == 0)
        #expect(leader.seal() == nil)
        let items = try table(leader.pending[0])
        #expect(items.map(\.key.partition) == [0, 1, 2])
        #expect(items.allSatisfy { $0.recordCount == 100 && !$0.isIdempotent && $0.baseOffset == 0 })
        #expect(try leader.apply() == [.produced(rejected: [])])
        for partition in UInt32(0)..<3 {
            let records = try leader.consume(key(topic, partition))
            #expect(records.map { $0.value?.text } == (0..<100).map { "\($0 * 3 + Int(partition)).0" })
            #expect(records.map(\.offset) == (0..<100).map { Int64($0) })
        }
    }

    @Test func idempotentBatchesHaveARowEach() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let producer = try leader.allocateProducer()
        for sequence in Int32(0)..<3 {
            _ = leader.admit(batch("i", producer: producer, sequence: sequence), key(topic))
            _ = leader.admit(batch("p"), key(topic))
            _ = leader.admit(batch("q"), key(topic))
        }
        leader.seal()
        let items = try table(leader.pending[0])
        #expect(items.map(\.isIdempotent) == [true, false, true, false, true, false])
        #expect(items.map(\.recordCount) == [1, 2, 1, 2, 1, 2])
        #expect(items.map(\.baseSequence) == [0, -1, 1, -1, 2, -1])
        #expect(items.map(\.flags) == [ProduceItem.startsProducerFlag, 0, 0, 0, 0, 0])
        try leader.apply()
        // They lie end to end, so they are one range all the same.
        #expect(leader.broker.partition(key(topic))?.index.itemCount == 1)
        #expect(try leader.consume(key(topic)).count == 9)
    }

    @Test func rowsAreBoundedInSize() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        for number in 0..<400 { _ = leader.admit(batch("\(number)", padding: 900), key(topic)) }
        leader.seal()
        let items = try table(leader.pending[0])
        #expect(items.count >= 3 && items.count <= 5)
        #expect(items.allSatisfy { Int($0.length) <= PartitionIndex.mergedBytes })
        try leader.apply()
        #expect(try leader.consume(key(topic), maximumBytes: 10_000).count == 400)
    }

    @Test func largeBatchesAreKeptByReference() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let large = batch("large", padding: 40_000)
        _ = leader.admit(batch("before"), key(topic))
        _ = leader.admit(large, key(topic))
        _ = leader.admit(batch("after"), key(topic))
        let pieces = leader.admission.seal(index: 99) ?? []
        #expect(pieces.count == 4)
        #expect(pieces.contains { $0.storage === large.storage })
        #expect(try ProduceTable.prefixLength(of: joined(pieces)) == pieces.first?.count)
        let header = try RecordBatchHeader(large)
        #expect(header.baseOffset == 1 && header.partitionLeaderEpoch == 1)
    }

    @Test func prefixIsAllThatApplyNeeds() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        _ = leader.admit(batch("a", count: 3), key(topic))
        leader.seal()
        let entry = leader.pending[0]
        var other = leader.broker
        let prefix = try ProduceTable.prefixLength(of: entry.payload.slice(0, 10)) ?? 0
        _ = try other.apply(
            index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload.slice(0, prefix))
        try leader.apply()
        #expect(other.digest() == leader.broker.digest())
    }

    @Test func refusalsLeaveNoTrace() throws {
        var leader = Leader()
        let topic = try leader.createTopic(configs: [
            ConfigEntry(name: "max.message.bytes", value: "200"),
            ConfigEntry(name: "message.timestamp.after.max.ms", value: "10"),
            ConfigEntry(name: "message.timestamp.before.max.ms", value: "500"),
        ])
        leader.clock = 1_400
        let large = batch("x", padding: 200)
        var damaged = batch("x").array
        damaged[40] ^= 1
        var transactional = batch("x").array
        transactional[22] = 1 << 4
        let fixed = ByteSlice(transactional)
        let sum = CRC32C.checksum(fixed.dropFirst(21))
        for byte in 0..<4 { transactional[17 + byte] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * byte)) }
        let several = joined([
            batch("a"), batch("b", producer: ProducerIdentity(id: 3, epoch: 0), sequence: 0),
        ])
        #expect(leader.admit(batch("x"), key(topic, 1)) == .rejected(.unknownPartition))
        #expect(leader.admit(batch("x"), key(topic + 1)) == .rejected(.unknownPartition))
        #expect(leader.admit(large, key(topic)) == .rejected(.messageTooLarge(size: large.count, limit: 200)))
        #expect(leader.admit(several, key(topic)) == .rejected(.severalIdempotentBatches))
        #expect(leader.admit(ByteSlice(transactional), key(topic)) == .rejected(.transactionMismatch))
        #expect(leader.admit(.empty, key(topic)) == .rejected(.invalidBatch(.truncated(needed: 61, available: 0))))
        if case .rejected(.invalidBatch(.badChecksum)) = leader.admit(ByteSlice(damaged), key(topic)) {
        } else {
            Issue.record("a damaged batch was taken")
        }
        // The second of two batches is bad: neither is taken.
        #expect(leader.admit(joined([batch("a"), large]), key(topic)) != accepted(0))
        for (timestamp, isTimely) in [(Int64(1_410), true), (1_411, false), (900, true), (899, false), (-1, true)] {
            let outcome = leader.admission.openBatches
            _ = leader.admit(batch("x", timestamp: timestamp), key(topic))
            #expect(leader.admission.openBatches == outcome + (isTimely ? 1 : 0), "\(timestamp)")
        }
        #expect(leader.admission.openBatches == 3)
        leader.seal()
        #expect(try leader.apply() == [.produced(rejected: [])])
        #expect(try leader.consume(key(topic)).map(\.offset) == [0, 1, 2])
    }

    @Test func severalBatchesInOneField() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let field = joined([batch("a", count: 2), batch("b", padding: 20_000), batch("c", count: 3)])
        #expect(leader.admit(field, key(topic)) == accepted(0))
        #expect(leader.admit(batch("d"), key(topic)) == accepted(6))
        leader.seal()
        try leader.apply()
        let values = try leader.consume(key(topic)).compactMap { $0.value?.text.prefix(3) }
        #expect(values == ["a.0", "a.1", "b.0", "c.0", "c.1", "c.2", "d.0"])
    }

    @Test func logAppendTimeNeverGoesBack() throws {
        var leader = Leader()
        let topic = try leader.createTopic(configs: [
            ConfigEntry(name: "message.timestamp.type", value: "LogAppendTime")
        ])
        leader.clock = 5_000
        #expect(
            leader.admit(batch("a", timestamp: 9), key(topic))
                == .accepted(baseOffset: 0, logAppendTime: 5_000, logStartOffset: 0))
        leader.clock = 4_000
        #expect(
            leader.admit(batch("b", timestamp: 99_999), key(topic))
                == .accepted(baseOffset: 1, logAppendTime: 5_000, logStartOffset: 0))
        leader.seal()
        try leader.apply()
        #expect(try leader.consume(key(topic)).map(\.timestamp) == [5_000, 5_000])
        #expect(leader.broker.partition(key(topic))?.maxTimestamp() == 5_000)
        let producer = try leader.allocateProducer()
        leader.clock = 6_000
        let sent = batch("c", producer: producer, sequence: 0)
        _ = leader.admit(sent.detached(), key(topic))
        leader.seal()
        try leader.apply()
        leader.clock = 7_000
        #expect(
            leader.admit(sent.detached(), key(topic))
                == .duplicate(baseOffset: 2, logAppendTime: 6_000, logStartOffset: 0))
    }

    /// A producer that sets the log-append bit on a create-time topic does not get to decide that.
    @Test func createTimeTopicClearsTheAppendTimeBit() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let bytes = batch("a", timestamp: 77)
        RecordBatch.stampAppendTime(123, in: bytes)
        #expect(leader.admit(bytes, key(topic)) == accepted(0))
        leader.seal()
        try leader.apply()
        #expect(try leader.consume(key(topic)).map(\.timestamp) == [77])
    }

    @Test func duplicatesAreAnsweredFromEveryStage() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let producer = try leader.allocateProducer()
        let send = { (leader: inout Leader, sequence: Int32) in
            leader.admit(batch("s\(sequence)", producer: producer, sequence: sequence), self.key(topic))
        }
        let pending = { (offset: Int64, index: UInt64?) in
            AdmissionOutcome.pendingDuplicate(
                baseOffset: offset, logAppendTime: -1, logStartOffset: 0, index: index)
        }
        #expect(send(&leader, 0) == accepted(0))
        #expect(send(&leader, 0) == pending(0, nil))
        let first = leader.seal()
        #expect(send(&leader, 0) == pending(0, first))
        #expect(send(&leader, 1) == accepted(1))
        #expect(send(&leader, 1) == pending(1, nil))
        let second = leader.seal()
        #expect(send(&leader, 0) == pending(0, first))
        #expect(send(&leader, 1) == pending(1, second))
        try leader.apply(1)
        #expect(send(&leader, 0) == .duplicate(baseOffset: 0, logAppendTime: -1, logStartOffset: 0))
        #expect(send(&leader, 1) == pending(1, second))
        try leader.apply()
        #expect(send(&leader, 1) == .duplicate(baseOffset: 1, logAppendTime: -1, logStartOffset: 0))
        #expect(send(&leader, 3) == .rejected(.outOfOrderSequence(expected: 2)))
        for sequence in Int32(2)..<8 { #expect(send(&leader, sequence) == accepted(Int64(sequence))) }
        // Beyond the window at the tail, but still in the applied one.
        #expect(send(&leader, 1) == .duplicate(baseOffset: 1, logAppendTime: -1, logStartOffset: 0))
        #expect(send(&leader, 3) == pending(3, nil))
        // A new leader knows it all from the log.
        leader.seal()
        try leader.apply()
        leader.changeTerm()
        #expect(send(&leader, 7) == .duplicate(baseOffset: 7, logAppendTime: -1, logStartOffset: 0))
        #expect(send(&leader, 2) == .rejected(.duplicateSequence))
        #expect(send(&leader, 8) == accepted(8))
    }

    /// Duplicate sequence is success to a client: it must not be said of what is only in flight.
    @Test func olderThanTheWindowButNotYetApplied() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let producer = try leader.allocateProducer()
        let send = { (leader: inout Leader, sequence: Int32) in
            leader.admit(batch("s\(sequence)", producer: producer, sequence: sequence), self.key(topic))
        }
        let pending = { (index: UInt64?) in
            AdmissionOutcome.pendingDuplicate(baseOffset: -1, logAppendTime: -1, logStartOffset: 0, index: index)
        }
        for sequence in Int32(0)..<4 { #expect(send(&leader, sequence) == accepted(Int64(sequence))) }
        leader.seal()
        for sequence in Int32(4)..<9 { #expect(send(&leader, sequence) == accepted(Int64(sequence))) }
        #expect(send(&leader, 0) == pending(nil))
        let second = leader.seal()
        #expect(send(&leader, 0) == pending(second))
        try leader.apply(1)
        #expect(send(&leader, 0) == .duplicate(baseOffset: 0, logAppendTime: -1, logStartOffset: 0))
        try leader.apply(1)
        #expect(send(&leader, 0) == .rejected(.duplicateSequence))
    }

    @Test func epochsFence() throws {
        var leader = Leader()
        let topic = try leader.createTopic(partitions: 2)
        let old = try leader.allocateProducer()
        #expect(leader.admit(batch("a", producer: old, sequence: 0), key(topic)) == accepted(0))
        let new = try leader.allocateProducer(bumping: old)
        #expect(new == ProducerIdentity(id: old.id, epoch: 1))
        #expect(
            leader.admit(batch("b", producer: old, sequence: 1), key(topic))
                == .rejected(.invalidProducerEpoch(current: 1)))
        #expect(
            leader.admit(batch("b", producer: old, sequence: 0), key(topic, 1))
                == .rejected(.invalidProducerEpoch(current: 1)))
        #expect(
            leader.admit(batch("b", producer: new, sequence: 1), key(topic))
                == .rejected(.outOfOrderSequence(expected: 0)))
        #expect(leader.admit(batch("b", producer: new, sequence: 0), key(topic)) == accepted(1))
        // The bump is in flight while an older batch was admitted already: apply keeps the leader's decision.
        _ = leader.propose(.allocateProducer(bumping: new))
        #expect(leader.admit(batch("c", producer: new, sequence: 1), key(topic)) == accepted(2))
        leader.seal()
        #expect(try leader.apply().last == .produced(rejected: []))
    }

    @Test func unknownProducerWithALaterSequence() throws {
        var leader = Leader()
        let topic = try leader.createTopic("t")
        let producer = try leader.allocateProducer()
        let late = { (leader: inout Leader, topic: UInt32, producer: ProducerIdentity, sequence: Int32) in
            leader.admit(batch("l", timestamp: 0, producer: producer, sequence: sequence), self.key(topic))
        }
        // Young and unknown here: the batch before is still to come.
        #expect(late(&leader, topic, producer, 5) == .rejected(.outOfOrderSequence(expected: nil)))
        #expect(late(&leader, topic, producer, 0) == accepted(0))
        // An id that this cluster has not given out, or too long ago: taken, as KIP-360 has it.
        #expect(late(&leader, topic, ProducerIdentity(id: 1 << 40, epoch: 3), 5) == accepted(1))
        // The topic went, and its producers' state with it.
        leader.seal()
        try leader.run(.deleteTopic(number: topic))
        let second = try leader.createTopic("t")
        #expect(late(&leader, second, producer, 1) == accepted(0))
        leader.clock += 1
        let young = try leader.allocateProducer()
        #expect(late(&leader, second, young, 1) == .rejected(.outOfOrderSequence(expected: nil)))
        leader.clock += leader.broker.limits.producerExpirationMilliseconds
        #expect(late(&leader, second, young, 9) == accepted(1))
        // Stored once, expired since: begins anew, and what lies before it is not claimed to be stored.
        leader.seal()
        try leader.apply()
        leader.clock += leader.broker.limits.producerExpirationMilliseconds
        #expect(late(&leader, second, young, 40) == accepted(2))
        #expect(late(&leader, second, young, 9) == .rejected(.outOfOrderSequence(expected: 41)))
        leader.seal()
        #expect(try leader.apply() == [.produced(rejected: [])])
    }

    @Test func batchesForATopicDeletedInBetweenAreRejectedByApply() throws {
        var leader = Leader()
        let topic = try leader.createTopic("gone")
        let other = try leader.createTopic("stays")
        _ = leader.propose(.deleteTopic(number: topic))
        #expect(leader.admit(batch("a", count: 2), key(topic)) == accepted(0))
        #expect(leader.admit(batch("b"), key(other)) == accepted(0))
        leader.seal()
        let rejected = RejectedItem(key: key(topic), baseOffset: 0, recordCount: 2, error: .unknownPartition)
        #expect(try leader.apply() == [.topicDeleted, .produced(rejected: [rejected])])
        #expect(leader.admit(batch("a"), key(topic)) == .rejected(.unknownPartition))
        #expect(leader.admit(batch("b"), key(other)) == accepted(1))
    }

    @Test func applyChecksOffsetsAndSequencesAgain() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        var item = ProduceItem(
            key: key(topic), baseOffset: 1, recordCount: 1, position: 61, length: 61, maxTimestamp: 0)
        #expect(
            try leader.run(.produce(ProduceTable(items: [item])))
                == .produced(rejected: [
                    RejectedItem(
                        key: key(topic), baseOffset: 1, recordCount: 1, error: .offsetMismatch(expected: 1, found: 0))
                ]))
        item.baseOffset = 0
        item.producerId = 4
        item.producerEpoch = 0
        item.baseSequence = 0
        #expect(try leader.run(.produce(ProduceTable(items: [item]))) == .produced(rejected: []))
        item.baseOffset = 1
        #expect(
            try leader.run(.produce(ProduceTable(items: [item])))
                == .produced(rejected: [
                    RejectedItem(key: key(topic), baseOffset: 1, recordCount: 1, error: .duplicateSequence)
                ]))
        #expect(leader.broker.partition(key(topic))?.endOffset == 1)
    }

    @Test func recordsAreDeletedFromTheFrontOnly() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        for number in 0..<10 {
            _ = leader.admit(batch("\(number)", count: 2), key(topic))
            leader.seal()
        }
        try leader.apply()
        let first = leader.broker.lowestLiveIndex ?? 0
        #expect(try leader.run(.deleteRecords(key(topic), before: 7)) == .recordsDeleted(logStartOffset: 7))
        #expect(try leader.run(.deleteRecords(key(topic), before: 3)) == .recordsDeleted(logStartOffset: 7))
        #expect(leader.broker.lowestLiveIndex == first + 3)
        var ranges: [StoredRange] = []
        #expect(
            leader.broker.locate(key(topic), from: 6, maximumBytes: 1, into: &ranges)
                == .outOfRange(logStart: 7, end: 20))
        #expect(leader.broker.locate(key(topic), from: 20, maximumBytes: 1, into: &ranges) == .atEnd)
        #expect(
            leader.broker.locate(key(topic), from: 21, maximumBytes: 1, into: &ranges)
                == .outOfRange(logStart: 7, end: 20))
        #expect(leader.broker.locate(key(9), from: 0, maximumBytes: 1, into: &ranges) == .unknownPartition)
        #expect(ranges.isEmpty)
        #expect(try leader.consume(key(topic)).map(\.offset) == (7..<20).map { Int64($0) })
        #expect(
            try leader.run(.deleteRecords(key(topic), before: 21))
                == .refused(.offsetOutOfRange(logStart: 7, end: 20)))
        #expect(
            try leader.run(.deleteRecords(key(topic), before: -2))
                == .refused(.offsetOutOfRange(logStart: 7, end: 20)))
        #expect(try leader.run(.deleteRecords(key(topic), before: -1)) == .recordsDeleted(logStartOffset: 20))
        #expect(leader.broker.lowestLiveIndex == nil)
        #expect(
            leader.admit(batch("next"), key(topic))
                == .accepted(baseOffset: 20, logAppendTime: -1, logStartOffset: 20))
    }

    @Test func offsetsRunOutWithoutATrap() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let item = ProduceItem(
            key: key(topic), baseOffset: 0, recordCount: .max, position: 61, length: 61, maxTimestamp: 0)
        #expect(try leader.run(.produce(ProduceTable(items: [item]))) == .produced(rejected: []))
        #expect(leader.admit(batch("x"), key(topic)) == accepted(Int64(UInt32.max)))
        leader.changeTerm()
        let slot = leader.broker.directory.slot(topic) ?? 0
        leader.broker.directory.topics[slot].partitions[0].endOffset = .max - 5
        #expect(leader.admit(batch("x"), key(topic)) == .rejected(.offsetsExhausted))
    }
}
