import KafkaWire

/// A compacted topic of a run: who writes to it, and who looks at what is left.
final class SimulatedCompaction {
    unowned let simulation: Simulation
    let plan: CompactionPlan
    let history: KeyHistory
    private var random: SimulationRandom
    private var writers: [KeyWriter] = []
    private var reader: KeyReader?
    private(set) var isClosing = false

    static let topic = "compacted"

    init(simulation: Simulation, plan: CompactionPlan) {
        self.simulation = simulation
        self.plan = plan
        history = KeyHistory(partitions: plan.partitions, keepsTombstones: plan.keepsTombstones)
        random = SimulationRandom(seed: plan.seed)
    }

    func begin() {
        let reader = KeyReader(compaction: self, random: random.fork())
        self.reader = reader
        reader.begin()
    }

    /// The topic is there.
    func open() {
        for number in 0..<plan.writers {
            let isTransactional = random.chance(perMille: plan.transactionalPerMille)
            writers.append(
                KeyWriter(
                    number: number, compaction: self, random: random.fork(), isTransactional: isTransactional))
        }
        for writer in writers { writer.begin() }
    }

    func close() { isClosing = true }

    func beginFinalAudit() { reader?.beginFinalAudit() }

    var isDrained: Bool { writers.allSatisfy(\.isIdle) }
    var isAudited: Bool { reader?.isAudited ?? false }

    func bytes(ofKey key: Int) -> String { "key-\(key)" }

    func key(of bytes: String) -> Int? { bytes.hasPrefix("key-") ? Int(bytes.dropFirst(4)) : nil }
}
