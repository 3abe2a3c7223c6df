import Bytes
import KafkaWire
import Records

/// One incarnation of a transactional producer: transaction after transaction, each over some partitions and with an
/// offset of its own group, committed or aborted. Another incarnation may take its place at any time; it goes on until
/// it is told so.
final class TransactionClient: KafkaClient {
    let author: Int
    /// Sends batches that its producer does not wait for.
    private let courier: KafkaClient
    private var identity: TransactionHistory.Identity?
    /// By partition.
    private var sequences: [Int32] = []
    private(set) var isEnded = false
    private(set) var isIdle = false
    private var transaction = 0
    private var partitions: [Int] = []

    static let topic = "transactions"
    static let partitionCount = 3
    static func group(_ author: Int) -> String { "group-of-\(author)" }

    private var transactionalId: String { "author-\(author)" }
    private var log: TransactionHistory { simulation.transactionHistory }

    init(name: String, simulation: Simulation, random: SimulationRandom, author: Int) {
        self.author = author
        var random = random
        courier = KafkaClient(name: "\(name)'s courier", simulation: simulation, random: random.fork())
        super.init(name: name, simulation: simulation, random: random)
    }

    func begin() { initialize(expected: nil) }

    // MARK: Its place

    /// It was fenced, by another incarnation or by its timeout; or it has lost count.
    private func isOut(_ code: KafkaErrorCode, _ what: String) -> Bool {
        switch code {
        case .none, .duplicateSequenceNumber: return false
        case .producerFenced, .invalidProducerEpoch, .invalidProducerIdMapping, .invalidTxnState:
            simulation.note(name, "is out", "\(what): \(code.name)")
            startAnew()
        default: simulation.fail("\(name): \(what) was refused with \(code.name)")
        }
        return true
    }

    private func startAnew() {
        identity = nil
        if !simulation.workload.isNewest(self) {
            isEnded = true
            isIdle = true
            return
        }
        initialize(expected: nil)
    }

    private func initialize(expected: TransactionHistory.Identity?) {
        let request = InitProducerIdRequest(
            transactionalId: transactionalId, transactionTimeoutMs: Int32(random.between(1000...4000)),
            producerId: expected?.id ?? -1, producerEpoch: expected?.epoch ?? -1)
        askLeader(request, as: InitProducerIdResponse.self, code: { $0.errorCode }, then: {
            [unowned self] response, code in
            if self.isOut(code, "InitProducerId") { return }
            let identity = TransactionHistory.Identity(id: response.producerId, epoch: response.producerEpoch)
            // The answer to one that asks again may be the epoch it was not told of.
            if let wrong = self.log.initialized(self.author, as: identity, at: self.simulation.now) {
                return self.simulation.fail("\(self.name): \(wrong)")
            }
            self.identity = identity
            self.sequences = Array(repeating: 0, count: Self.partitionCount)
            self.next()
        })
    }

    // MARK: One transaction

    private func next() {
        if simulation.workload.isClosing {
            isIdle = true
            return
        }
        let interval = simulation.plan.produceInterval * simulation.slowdown
        simulation.after(random.between(5_000...interval * 2 + 5_000)) { [unowned self] in
            if self.random.chance(perMille: 40) { self.simulation.workload.addIncarnation(of: self.author) }
            self.beginTransaction()
        }
    }

    private func beginTransaction() {
        guard let identity else { return }
        transaction = log.begin(author, identity)
        partitions = (0..<Self.partitionCount).filter { _ in random.chance(perMille: 600) }
        if partitions.isEmpty { partitions = [random.below(Self.partitionCount)] }
        let request = AddPartitionsToTxnRequest(
            transactionalId: transactionalId, producerId: identity.id, producerEpoch: identity.epoch,
            topics: [.init(name: Self.topic, partitions: partitions.map(Int32.init))])
        let code = { (response: AddPartitionsToTxnResponse) in
            let codes = response.topics.flatMap { $0.partitions.map(\.errorCode) }
            return codes.first { $0.isRetriable } ?? codes.first { $0.isError } ?? .none
        }
        askLeader(request, as: AddPartitionsToTxnResponse.self, code: code) { [unowned self] _, code in
            if self.isOut(code, "AddPartitionsToTxn") { return }
            if self.random.chance(perMille: 200) { return self.abandon() }
            self.produce(0)
        }
    }

    private func batch(_ partition: Int) -> (request: ProduceRequest, count: Int32) {
        let count = 1 + random.below(3)
        var builder = RecordBatchBuilder(
            producerId: identity?.id ?? -1, producerEpoch: identity?.epoch ?? -1, baseSequence: sequences[partition],
            attributes: RecordBatch.transactionalBit)
        for _ in 0..<count {
            var writer = ByteWriter(capacity: 8)
            writer.uint64(log.add(to: transaction, in: partition).word)
            writer.zeros(random.skewed(below: simulation.plan.maximumValueBytes))
            builder.append(key: nil, value: writer.finish(), timestamp: 1_700_000_000_000)
        }
        var request = ProduceRequest(
            transactionalId: transactionalId, acks: -1, timeoutMs: Int32(timeout / 1000))
        request.append(
            topic: ByteSlice(utf8: Self.topic),
            partitions: [.init(index: Int32(partition), records: builder.finish())])
        return (request, Int32(count))
    }

    private func produce(_ position: Int) {
        guard position < partitions.count else { return addOffsets() }
        let partition = partitions[position]
        let (request, count) = batch(partition)
        let code = { (response: ProduceResponse) in response.partitions.first?.errorCode ?? .unknownServerError }
        askLeader(request, as: ProduceResponse.self, code: code) { [unowned self] _, code in
            if self.isOut(code, "Produce") { return }
            self.sequences[partition] += count
            self.produce(position + 1)
        }
    }

    private func addOffsets() {
        guard let identity else { return }
        let request = AddOffsetsToTxnRequest(
            transactionalId: transactionalId, producerId: identity.id, producerEpoch: identity.epoch,
            groupId: Self.group(author))
        askLeader(request, as: AddOffsetsToTxnResponse.self, code: { $0.errorCode }, then: { [unowned self] _, code in
            if self.isOut(code, "AddOffsetsToTxn") { return }
            self.commitOffsets()
        })
    }

    private func commitOffsets() {
        guard let identity else { return }
        let request = TxnOffsetCommitRequest(
            transactionalId: transactionalId, groupId: Self.group(author), producerId: identity.id,
            producerEpoch: identity.epoch,
            topics: [
                .init(name: Self.topic, partitions: [.init(partitionIndex: 0, committedOffset: Int64(transaction))])
            ])
        let code = { (response: TxnOffsetCommitResponse) in
            response.topics.first?.partitions.first?.errorCode ?? .unknownServerError
        }
        askLeader(request, as: TxnOffsetCommitResponse.self, code: code) { [unowned self] _, code in
            if self.isOut(code, "TxnOffsetCommit") { return }
            self.end(commits: self.random.chance(perMille: 700)) { [unowned self] in self.next() }
        }
    }

    private func end(commits: Bool, then: @escaping () -> Void) {
        guard let identity else { return }
        let number = transaction
        if commits { log.asked(number, at: simulation.now) }
        let request = EndTxnRequest(
            transactionalId: transactionalId, producerId: identity.id, producerEpoch: identity.epoch,
            committed: commits)
        askLeader(request, as: EndTxnResponse.self, code: { $0.errorCode }, then: { [unowned self] _, code in
            if self.isOut(code, "EndTxn") { return }
            if let wrong = self.log.ended(number, commits: commits) { return self.simulation.fail(wrong) }
            then()
        })
    }

    /// Aborts, while a batch is on its way that may come before the abort or after it. Goes on when it is known whether
    /// the batch was taken; with the next epoch if that cannot be known (KIP-360).
    private func abandon() {
        guard let leader else { return end(commits: false) { [unowned self] in self.next() } }
        let partition = partitions[0]
        let (request, count) = batch(partition)
        var code: KafkaErrorCode?
        var isAborted = false
        let goOn = { [unowned self] in
            guard isAborted, let code else { return }
            switch code {
            case .none: self.sequences[partition] += count
            case .invalidTxnState: break
            default: return self.initialize(expected: self.identity)
            }
            self.next()
        }
        // Mostly behind the abort: just behind it, or when it is long applied.
        let delay = random.pick([0, random.between(0...4_000), random.between(0...40_000)])
        simulation.after(delay) { [unowned self] in
            self.courier.call(request, to: leader, as: ProduceResponse.self) { response in
                code = response?.partitions.first?.errorCode ?? .networkException
                goOn()
            }
        }
        simulation.after(random.between(0...1_000)) { [unowned self] in
            self.end(commits: false) {
                isAborted = true
                goOn()
            }
        }
    }
}
