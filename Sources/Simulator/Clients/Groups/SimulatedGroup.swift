import KafkaWire

/// A consumer group of a run: its topic, the processes that come and go as its members, and what must be true of it
/// when they do not any more.
final class SimulatedGroup {
    unowned let simulation: Simulation
    let number: Int
    let plan: GroupPlan
    /// What was written to the topic; its only stream is 0.
    let values = History()
    private var random: SimulationRandom
    /// New members speak the classic protocol; else that of KIP-848.
    private(set) var isClassic: Bool
    private var places: [Place]
    /// Every process there has been, in order: answers may still be on their way to them.
    private var processes: [GroupMemberClient] = []
    private var writer: GroupWriter?
    private var keeper: OffsetKeeper?
    private lazy var audit = GroupAudit(group: self, random: random.fork())
    private var isOpen = false
    private(set) var isClosing = false
    /// The last protocol change has not been seen to have happened yet.
    private var isChanging = false

    /// Room for one process. A static member's name belongs to its place.
    private struct Place {
        let instance: String?
        var process: GroupMemberClient?
    }

    private static let maximumProcesses = 60

    var name: String { "readers-\(number)" }
    var topic: String { "read-\(number)" }
    var offsets: CommittedOffsets {
        .init(group: name, number: number, topic: topic, partitions: plan.partitions)
    }

    init(simulation: Simulation, plan: GroupPlan, random: SimulationRandom) {
        var random = random
        self.simulation = simulation
        self.plan = plan
        number = simulation.groupHistory.addGroup(partitions: plan.partitions)
        isClassic = plan.beginsClassic
        places = (0..<plan.places).map {
            Place(instance: random.chance(perMille: plan.staticPerMille) ? "place-\($0)" : nil)
        }
        self.random = random
    }

    func begin() {
        let writer = GroupWriter(random: random.fork(), group: self)
        self.writer = writer
        writer.begin()
        // Its numbers are its own, so that it changes nothing of the others'.
        guard plan.hasKeepers else { return }
        keeper = OffsetKeeper(random: SimulationRandom(seed: plan.seed ^ UInt64(number)), group: self)
    }

    /// The topic is there.
    func open() {
        isOpen = true
        for place in places.indices where place == 0 || random.chance(perMille: 600) { start(place) }
        scheduleChange()
        keeper?.begin()
    }

    // MARK: Members

    /// Those that have not ended.
    var members: [GroupMemberClient] { processes.filter { !$0.isEnded } }

    private func start(_ place: Int) {
        guard isClosing || processes.count < Self.maximumProcesses else { return }
        let name = "member \(number).\(processes.count)"
        let instance = places[place].instance
        let process = isClassic
            ? ClassicMemberClient(name: name, random: random.fork(), group: self, instance: instance)
            : ConsumerMemberClient(name: name, random: random.fork(), group: self, instance: instance)
        simulation.note(name, "starts", "\(isClassic ? "classic" : "consumer"), \(instance ?? "no instance")")
        processes.append(process)
        places[place].process = process
        process.begin()
    }

    /// A member has been told that it is one.
    func established(_ member: GroupMemberClient) {
        if isChanging, member.isClassic == isClassic {
            isChanging = false
            simulation.coverage[.groupProtocolChanged] += 1
        }
    }

    // MARK: What happens to them

    private func scheduleChange() {
        simulation.after(random.between(plan.changeInterval / 2...plan.changeInterval * 3 / 2)) { [unowned self] in
            guard !self.isClosing else { return }
            self.change(self.random.below(self.places.count))
            self.scheduleChange()
        }
    }

    private func change(_ place: Int) {
        guard let process = places[place].process, !process.isEnded else { return start(place) }
        switch random.below(1000) {
        case 0..<250: kill(process)
        case 250..<450:
            let longest = UInt64(plan.sessionMilliseconds) * 3000
            simulation.coverage[.groupMemberPaused] += 1
            simulation.note(process.name, "stands still")
            process.pause(until: simulation.now + random.between(50_000...longest))
        case 450..<600:
            simulation.note(process.name, "leaves")
            process.leave()
        case 600..<800: replace(process, place)
        case 800..<850: changeProtocol()
        default: break
        }
    }

    private func kill(_ process: GroupMemberClient) {
        simulation.coverage[.groupMemberCrashed] += 1
        simulation.note(process.name, "is killed")
        process.end()
    }

    /// Another process comes in its place at once. Of a static member of the classic protocol the one before is not
    /// told; in the other protocol it says that it is away, or nobody could come.
    private func replace(_ process: GroupMemberClient, _ place: Int) {
        if process.instance == nil { kill(process) } else if !process.isClassic { process.leave() }
        if process.instance != nil { simulation.coverage[.staticMemberReplaced] += 1 }
        start(place)
    }

    private func changeProtocol() {
        isClassic.toggle()
        isChanging = true
        simulation.note(name, "changes", "to the \(isClassic ? "classic" : "consumer") protocol")
        for place in places.indices where !plan.mixesProtocols {
            guard let process = places[place].process, !process.isEnded else { continue }
            if random.chance(perMille: 800) { process.leave() } else { kill(process) }
        }
        if let process = places[0].process, !process.isEnded { replace(process, 0) } else { start(0) }
    }

    // MARK: The end

    /// Nothing happens to the members any more. A static one of the classic protocol may not have heard yet that a
    /// process of the other has its name, and could only ask for it again and again.
    func close() {
        isClosing = true
        for place in places {
            guard let instance = place.instance, place.process?.isClassic == false else { continue }
            for process in members where process.isClassic && process.instance == instance { process.end() }
        }
    }

    /// The last one may still have been about to leave.
    func keepAlive() { if isOpen, members.isEmpty { start(0) } }

    var isDrained: Bool { !isOpen || writer?.isIdle ?? true }

    /// A member may find that a connection is of no use only when nobody answers for longer than its session.
    func beginFinalAudit() {
        for process in members { process.reconnect() }
        audit.begin()
    }

    var isAudited: Bool { !isOpen || audit.isDone }

    /// What keeps the group from being at rest; nil if nothing does. At rest all members agree on who reads what, each
    /// partition is read by one, and all of it is read and committed.
    var unrest: String? {
        let members = members
        guard let first = members.first else { return "there are no members" }
        // It may have been replaced, and does not know it yet.
        if let other = members.first(where: { $0.isPaused }) { return "\(other.name) stands still" }
        if let other = members.first(where: { !$0.isStable }) { return "\(other.name) is not sure of its share" }
        if let other = members.first(where: { $0.generation != first.generation }) {
            return "\(first.name) is at \(first.generation), \(other.name) at \(other.generation)"
        }
        for partition in 0..<plan.partitions {
            let readers = members.filter { $0.holdings[partition] != nil }
            guard readers.count == 1, let holding = readers[0].holdings[partition] else {
                return "partition \(partition) is read by \(readers.map(\.name))"
            }
            let end = values.acknowledgedEnd(of: .init(stream: 0, partition: partition))
            guard holding.isDone, holding.position ?? 0 >= end else {
                return "\(readers[0].name) has read partition \(partition) to \(holding.position ?? -1), committed "
                    + "\(holding.committed), of \(holding.end ?? -1), of which \(end) are acknowledged"
            }
        }
        return nil
    }
}
