import Bytes
import Compression
import KafkaWire
import Records

/// Writes values of keys, and delete markers, to a compacted topic: one batch after the other, or a transaction after
/// the other, some of which are aborted.
final class KeyWriter: KafkaClient {
    private unowned let compaction: SimulatedCompaction
    /// nil for one without transactions.
    private let transactionalId: String?
    private var identity: (id: Int64, epoch: Int16) = (-1, -1)
    /// By partition.
    private var sequences: [Int32] = []
    private var transaction: Int?
    private var batchesLeft = 0
    private(set) var isIdle = false

    /// Names the record's number: a delete marker has no value that could.
    static let numberHeader = "n"

    private static let codesOfTheFenced: [KafkaErrorCode] = [
        .producerFenced, .invalidProducerEpoch, .invalidProducerIdMapping, .invalidTxnState,
    ]

    init(number: Int, compaction: SimulatedCompaction, random: SimulationRandom, isTransactional: Bool) {
        self.compaction = compaction
        transactionalId = isTransactional ? "keys-\(number)" : nil
        super.init(name: "writer of keys \(number)", simulation: compaction.simulation, random: random)
    }

    private var plan: CompactionPlan { compaction.plan }

    func begin() { initialize() }

    private func initialize() {
        let request = InitProducerIdRequest(
            transactionalId: transactionalId,
            transactionTimeoutMs: transactionalId == nil ? 0 : Int32(random.between(1000...4000)))
        askLeader(request, as: InitProducerIdResponse.self, code: { $0.errorCode }, then: {
            [unowned self] response, code in
            if self.isOut(code, "InitProducerId") { return }
            self.identity = (response.producerId, response.producerEpoch)
            self.sequences = Array(repeating: 0, count: self.plan.partitions)
            self.next()
        })
    }

    /// The transaction's time was over; what it had is aborted, unless it was asked to be committed before.
    private func isOut(_ code: KafkaErrorCode, _ what: String) -> Bool {
        if [.none, .duplicateSequenceNumber].contains(code) { return false }
        guard let transaction, Self.codesOfTheFenced.contains(code) else {
            simulation.fail("\(name): \(what) was refused with \(code.name)")
            return true
        }
        compaction.history.abandoned(transaction)
        self.transaction = nil
        initialize()
        return true
    }

    // MARK: Batch after batch

    private func next() {
        if compaction.isClosing, transaction == nil {
            isIdle = true
            return
        }
        let interval = plan.writeInterval * simulation.slowdown
        simulation.after(random.between(interval / 2...interval * 3 / 2)) { [unowned self] in
            let partition = self.random.below(self.plan.partitions)
            guard let name = self.transactionalId else { return self.produce(to: partition) }
            if self.transaction == nil {
                self.transaction = self.compaction.history.begin()
                self.batchesLeft = 1 + self.random.below(4)
            }
            self.add(partition, to: name)
        }
    }

    private func add(_ partition: Int, to name: String) {
        let request = AddPartitionsToTxnRequest(
            transactionalId: name, producerId: identity.id, producerEpoch: identity.epoch,
            topics: [.init(name: SimulatedCompaction.topic, partitions: [Int32(partition)])])
        let code = { (response: AddPartitionsToTxnResponse) in
            response.topics.first?.partitions.first?.errorCode ?? .unknownServerError
        }
        askLeader(request, as: AddPartitionsToTxnResponse.self, code: code) { [unowned self] _, code in
            if self.isOut(code, "AddPartitionsToTxn") { return }
            self.produce(to: partition)
        }
    }

    private func produce(to partition: Int) {
        let numbers = (0..<(1 + random.below(4))).map { _ in
            compaction.history.send(
                key: random.skewed(below: plan.keys), to: partition,
                isTombstone: random.chance(perMille: plan.tombstonesPerMille), in: transaction)
        }
        var request = ProduceRequest(
            transactionalId: transactionalId, acks: -1, timeoutMs: Int32(timeout / 1000))
        request.append(
            topic: ByteSlice(utf8: SimulatedCompaction.topic),
            partitions: [.init(index: Int32(partition), records: batch(numbers, partition))])
        // One that leads no more and does not know it may not know the batch before either: as real producers do, it is
        // sent again (seed 917).
        let code = { (response: ProduceResponse) in
            let code = response.partitions.first?.errorCode ?? .unknownServerError
            return code == .outOfOrderSequenceNumber ? .notLeaderOrFollower : code
        }
        askLeader(request, as: ProduceResponse.self, code: code) { [unowned self] response, code in
            if self.isOut(code, "Produce") { return }
            self.sequences[partition] += Int32(numbers.count)
            let offset = code == .none ? response.partitions.first?.baseOffset : nil
            for (place, number) in numbers.enumerated() {
                let wrong = self.compaction.history.acknowledged(number, at: offset.map { $0 + Int64(place) })
                if let wrong { return self.simulation.fail("\(self.name): \(wrong)") }
            }
            self.goOn()
        }
    }

    private func batch(_ numbers: [Int], _ partition: Int) -> ByteSlice {
        let timestamp = 1_700_000_000_000 + Int64(simulation.now / 1000)
        var builder = RecordBatchBuilder(
            producerId: identity.id, producerEpoch: identity.epoch, baseSequence: sequences[partition],
            attributes: transactionalId == nil ? 0 : RecordBatch.transactionalBit)
        for number in numbers {
            let (key, isTombstone) = compaction.history.record(number)
            var writer = ByteWriter(capacity: 8)
            writer.uint64(UInt64(number))
            let header = RecordHeader(name: Self.numberHeader, value: writer.finish())
            var value = ByteWriter()
            value.zeros(random.skewed(below: simulation.plan.maximumValueBytes))
            builder.append(
                key: ByteSlice(utf8: compaction.bytes(ofKey: key)), value: isTombstone ? nil : value.finish(),
                headers: [header], timestamp: timestamp)
        }
        let plain = builder.finish()
        if plan.codec == .none { return plain }
        let body = plain.dropFirst(RecordBatchHeader.size)
        do {
            return RecordBatch.changing(
                plain, body: try Compression.compress(body, plan.codec), plan.codec, recordCount: Int32(numbers.count),
                maxTimestamp: timestamp)
        } catch {
            simulation.fail("\(name) cannot compress: \(error)")
            return plain
        }
    }

    private func goOn() {
        guard let transaction else { return next() }
        batchesLeft -= 1
        if batchesLeft > 0 { return next() }
        let commits = random.chance(perMille: 600)
        if commits { compaction.history.asked(transaction) }
        let request = EndTxnRequest(
            transactionalId: transactionalId ?? "", producerId: identity.id, producerEpoch: identity.epoch,
            committed: commits)
        askLeader(request, as: EndTxnResponse.self, code: { $0.errorCode }, then: { [unowned self] _, code in
            if self.isOut(code, "EndTxn") { return }
            self.compaction.history.ended(transaction, commits: commits)
            self.transaction = nil
            self.next()
        })
    }
}
