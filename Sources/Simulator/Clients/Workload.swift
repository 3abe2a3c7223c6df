/// A topic of the workload. Topics follow one another: one is written to until its time is over, then audited from
/// beginning to end and deleted, so that the log's beginning moves on.
struct Stream {
    enum Phase: Comparable {
        case creating, open, closing, deleting, deleted
    }

    let number: Int
    var phase = Phase.creating
    var name: String { "t\(number)" }
}

/// The clients of a run and the topics they share.
final class Workload {
    private(set) var streams: [Stream] = []
    /// The stream that new values go to.
    private(set) var current: Int?
    private(set) var producers: [ProducerClient] = []
    private var consumers: [ConsumerClient] = []
    private var director: DirectorClient?
    /// Every incarnation, in order.
    private var transactors: [TransactionClient] = []
    private var transactionReader: TransactionReader?
    private var groups: [SimulatedGroup] = []
    private var compaction: SimulatedCompaction?
    private unowned var simulation: Simulation?
    let plan: SimulationPlan
    private var random: SimulationRandom
    /// No new values: what is left is brought to its end.
    private(set) var isClosing = false

    init(plan: SimulationPlan, random: SimulationRandom) {
        self.plan = plan
        self.random = random
    }

    func begin(in simulation: Simulation) {
        let director = DirectorClient(name: "director", simulation: simulation, random: random.fork())
        self.director = director
        for number in 0..<plan.producers {
            producers.append(
                ProducerClient(
                    name: "producer\(number)", simulation: simulation, random: random.fork(),
                    style: number == 0 ? .idempotent : random.pick([.idempotent, .idempotent, .plain, .careless])))
        }
        for number in 0..<plan.consumers {
            consumers.append(
                ConsumerClient(name: "consumer\(number)", simulation: simulation, random: random.fork()))
        }
        if plan.transactors > 0 {
            self.simulation = simulation
            transactionReader = TransactionReader(
                name: "reader of transactions", simulation: simulation, random: random.fork())
        }
        if let groups = plan.groups { addGroups(groups, to: simulation) }
        compaction = plan.compaction.map { SimulatedCompaction(simulation: simulation, plan: $0) }
        director.begin()
        transactionReader?.begin()
        for producer in producers { producer.begin() }
        for consumer in consumers { consumer.begin() }
        for group in groups { group.begin() }
        compaction?.begin()
    }

    private func addGroups(_ plan: GroupPlan, to simulation: Simulation) {
        var random = SimulationRandom(seed: plan.seed)
        for _ in 0..<plan.groups {
            groups.append(SimulatedGroup(simulation: simulation, plan: plan, random: random.fork()))
        }
    }

    // MARK: Transactions

    /// Their topic is there.
    func beginTransactions() {
        guard let simulation, transactors.isEmpty else { return }
        for _ in 0..<plan.transactors { addIncarnation(of: simulation.transactionHistory.addAuthor()) }
    }

    /// Another producer takes over an author's transactional id; the one before has not been told.
    func addIncarnation(of author: Int) {
        guard let simulation, transactors.count < 200, !isClosing else { return }
        let client = TransactionClient(
            name: "transactor\(transactors.count)", simulation: simulation, random: random.fork(), author: author)
        transactors.append(client)
        client.begin()
    }

    func isNewest(_ client: TransactionClient) -> Bool {
        transactors.last { $0.author == client.author } === client
    }

    // MARK: Streams

    func addStream() -> Stream {
        streams.append(Stream(number: streams.count))
        return streams[streams.count - 1]
    }

    func opened(_ number: Int) {
        streams[number].phase = .open
        if let current { streams[current].phase = .closing }
        current = number
    }

    func advance(_ number: Int, to phase: Stream.Phase) { streams[number].phase = phase }

    /// Nobody will send anything to that stream any more.
    func isQuiet(_ stream: Int) -> Bool { producers.allSatisfy { $0.pendingBatches(in: stream) == 0 } }

    // MARK: The end

    func close() {
        isClosing = true
        for group in groups { group.close() }
        compaction?.close()
    }

    /// Every value sent has been acknowledged or given up.
    var isDrained: Bool {
        producers.allSatisfy(\.isIdle) && transactors.allSatisfy(\.isIdle) && groups.allSatisfy(\.isDrained)
            && compaction?.isDrained ?? true
    }

    /// Every producer that waits for acknowledgements has had one.
    func acknowledgements(since time: UInt64) -> Bool {
        producers.allSatisfy { !$0.isAcknowledged || $0.lastAcknowledgement >= time }
    }

    /// All that is left is read and compared; the topics that remain are compared with those that should.
    func beginFinalAudit() {
        director?.beginFinalAudit()
        transactionReader?.beginFinalAudit()
        for group in groups { group.beginFinalAudit() }
        compaction?.beginFinalAudit()
    }

    var isAudited: Bool {
        director?.isAudited ?? false && transactionReader?.isAudited ?? true && groups.allSatisfy(\.isAudited)
            && compaction?.isAudited ?? true
    }

    /// Why it is not, if that is because of a group.
    var unrest: String? {
        groups.first { !$0.isAudited }.map { group in
            "\(group.name) does not come to rest: \(group.unrest ?? "another leader is to be tried")"
        }
    }
}
