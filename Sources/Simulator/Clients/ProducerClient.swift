import Bytes
import KafkaWire
import Records

/// A producer. Idempotent ones number their batches and send again until they are told what became of them; plain ones
/// send again too, and may write twice; careless ones ask for no acknowledgement.
final class ProducerClient: KafkaClient {
    enum Style { case idempotent, plain, careless }

    private struct Batch {
        let values: [History.Value]
        let sequence: Int32
        var attempts = 0
    }

    /// The batches for one partition, in order.
    private struct Lane {
        let place: History.Partition
        var batches: [Batch] = []
        /// How many of them are on their way.
        var inFlight = 0
        var nextSequence: Int32 = 0
        /// An answer said that something before was lost: everything not acknowledged is sent again, once nothing is on
        /// its way any more.
        var mustRepeat = false
    }

    private let style: Style
    private var lanes: [Lane] = []
    private var identity: (id: Int64, epoch: Int16)?
    /// The number of this producer in the history; a new one for each life.
    private var author: Int
    /// Counts lives: answers to an earlier one are not heard.
    private var life = 0
    private var isPumping = false
    private var stalledUntil: UInt64 = 0
    private(set) var lastAcknowledgement: UInt64 = 0
    /// Values for each step, while there is an overload.
    var burst = 1

    init(name: String, simulation: Simulation, random: SimulationRandom, style: Style) {
        self.style = style
        author = simulation.history.addProducer(isIdempotent: style == .idempotent)
        super.init(name: name, simulation: simulation, random: random)
    }

    func begin() {
        if style == .idempotent { identify() }
        scheduleStep()
    }

    var isAcknowledged: Bool { style != .careless }
    var isIdle: Bool { lanes.allSatisfy(\.batches.isEmpty) }

    func pendingBatches(in stream: Int) -> Int {
        lanes.reduce(0) { $1.place.stream == stream ? $0 + $1.batches.count : $0 }
    }

    // MARK: Faults

    /// The process is killed; another takes its place, with an identity of its own.
    func kill() {
        closeAll()
        life += 1
        lanes = []
        identity = nil
        author = simulation.history.addProducer(isIdempotent: style == .idempotent)
        if style == .idempotent { identify() }
    }

    func stall(until time: UInt64) { stalledUntil = max(stalledUntil, time) }

    // MARK: Values

    private func scheduleStep() {
        let interval = simulation.plan.produceInterval * simulation.slowdown
        simulation.after(random.between(interval / 2...interval * 3 / 2)) { [unowned self] in self.step() }
    }

    private func step() {
        scheduleStep()
        guard simulation.now >= stalledUntil else { return }
        if !simulation.workload.isClosing, let stream = simulation.workload.current {
            for _ in 0..<burst { addBatch(to: stream) }
        }
        pump()
    }

    private func addBatch(to stream: Int) {
        let place = History.Partition(stream: stream, partition: random.below(simulation.plan.partitions))
        let position = lanes.firstIndex { $0.place == place } ?? lanes.count
        if position == lanes.count { lanes.append(Lane(place: place)) }
        // A producer holds only so much.
        guard lanes[position].batches.count < 50 else { return }
        let values = (0..<(1 + random.below(3))).map { _ in simulation.history.invoke(producer: author, to: place) }
        lanes[position].batches.append(Batch(values: values, sequence: lanes[position].nextSequence))
        lanes[position].nextSequence += Int32(values.count)
    }

    private func encode(_ batch: Batch) -> ByteSlice {
        let timestamp = 1_700_000_000_000 + Int64(simulation.now / 1000)
        var builder = RecordBatchBuilder(
            producerId: identity?.id ?? -1, producerEpoch: identity?.epoch ?? -1,
            baseSequence: identity == nil ? -1 : batch.sequence)
        for value in batch.values {
            var writer = ByteWriter(capacity: 64)
            writer.uint64(value.word)
            writer.zeros(random.skewed(below: simulation.plan.maximumValueBytes))
            builder.append(key: nil, value: writer.finish(), timestamp: timestamp)
        }
        return builder.finish()
    }

    // MARK: Sending

    private func identify() {
        let life = life
        call(
            InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0),
            to: random.below(simulation.machines.count), as: InitProducerIdResponse.self
        ) { [unowned self] response in
            guard life == self.life else { return }
            guard let response, response.errorCode == .none else {
                if let code = response?.errorCode, !code.isRetriable { self.simulation.fail("InitProducerId: \(code)") }
                return self.simulation.after(self.random.between(50_000...150_000)) { [unowned self] in
                    if life == self.life { self.identify() }
                }
            }
            self.identity = (response.producerId, response.producerEpoch)
            self.pump()
        }
    }

    /// Sends what may be sent.
    private func pump() {
        guard !isPumping, simulation.now >= stalledUntil, style != .idempotent || identity != nil else { return }
        guard lanes.contains(where: { !$0.batches.isEmpty }) else { return }
        guard let leader else {
            isPumping = true
            return findLeader { [unowned self] in
                self.isPumping = false
                self.pump()
            }
        }
        let limit = style == .idempotent ? 5 : 1
        for position in lanes.indices {
            if lanes[position].mustRepeat {
                guard lanes[position].inFlight == 0 else { continue }
                lanes[position].mustRepeat = false
            }
            while lanes[position].inFlight < min(limit, lanes[position].batches.count) { send(position, to: leader) }
        }
        lanes.removeAll { $0.batches.isEmpty && simulation.workload.streams[$0.place.stream].phase > .open }
    }

    private func send(_ position: Int, to leader: Int) {
        let place = lanes[position].place
        let number = lanes[position].inFlight
        lanes[position].inFlight += 1
        lanes[position].batches[number].attempts += 1
        let batch = lanes[position].batches[number]
        for value in batch.values { simulation.history.attempted(value) }
        let acks = acks(for: place)
        var request = ProduceRequest(acks: acks, timeoutMs: Int32(timeout / 1000))
        request.append(
            topic: ByteSlice(utf8: simulation.workload.streams[place.stream].name),
            partitions: [.init(index: Int32(place.partition), records: encode(batch))])
        if style == .careless {
            tell(request, to: leader, version: 9)
            // Not even an error would be told; only a closed connection, now and then.
            if random.chance(perMille: 50) { forgetLeader() }
            lanes[position].batches.removeFirst()
            lanes[position].inFlight -= 1
            return
        }
        let life = life
        call(request, to: leader, as: ProduceResponse.self) { [unowned self] response in
            guard life == self.life else { return }
            let isByLeader = acks == 1 && self.simulation.plan.allowsLeaderAcks(stream: place.stream)
            self.answered(place, batch, response?.partitions.first, isByLeader: isByLeader)
        }
    }

    private func acks(for place: History.Partition) -> Int16 {
        let isAllowed = simulation.plan.allowsLeaderAcks(stream: place.stream)
        if style == .plain, random.chance(perMille: isAllowed ? 700 : 200) { return 1 }
        return style == .careless ? 0 : -1
    }

    private func answered(
        _ place: History.Partition, _ batch: Batch, _ answer: ProduceResponse.Partition?, isByLeader: Bool
    ) {
        guard let position = lanes.firstIndex(where: { $0.place == place }) else { return }
        lanes[position].inFlight -= 1
        let code = answer?.errorCode ?? .networkException
        switch code {
        case .none where isByLeader:
            simulation.coverage[.acknowledgedByLeader] += 1
            for value in batch.values { simulation.history.acknowledgedByLeader(value) }
            lanes[position].batches.removeAll { $0.sequence == batch.sequence }
        case .none, .duplicateSequenceNumber:
            acknowledged(batch, code == .none ? answer?.baseOffset : nil)
            lanes[position].batches.removeAll { $0.sequence == batch.sequence }
        default: refused(position, batch, code)
        }
        simulation.after(code == .none ? 0 : random.between(5_000...60_000)) { [unowned self] in self.pump() }
    }

    private func acknowledged(_ batch: Batch, _ offset: Int64?) {
        lastAcknowledgement = simulation.now
        for (number, value) in batch.values.enumerated() {
            let place = offset.map { $0 + Int64(number) }
            if let wrong = simulation.history.acknowledged(value, at: place) { return simulation.fail(wrong) }
        }
    }

    private func refused(_ position: Int, _ batch: Batch, _ code: KafkaErrorCode) {
        let isGap = code == .outOfOrderSequenceNumber && style == .idempotent
        guard code.isRetriable || isGap else {
            return simulation.fail("\(name): a produce request was refused for good with \(code.name)")
        }
        forgetLeader()
        lanes[position].mustRepeat = true
        // A plain producer may lose patience: then the batch is in the log or it is not.
        if style == .plain, batch.attempts > 3, random.chance(perMille: 300) { lanes[position].batches.removeFirst() }
    }
}
