import Bytes
import KafkaGateway
import KafkaWire
import LogStore
import Node
import Ports
import Raft

/// One run: production nodes and their Kafka doors on simulated machines, with clients, faults and checks, in one
/// thread on a virtual clock. The seed decides everything; see the catalog's page on simulations.
package final class Simulation {
    package internal(set) var plan: SimulationPlan
    /// By how much all who write take longer between two requests.
    var slowdown: UInt64 = 1
    let time = SimulationTime()
    var queue = EventQueue()
    var trace = SimulationTrace()
    let machines: [Machine]
    let pairs: [LinkPair]
    var ends: [LinkEnd?] = []
    var sockets: [ClientSocket] = []
    /// Client connections to a machine are blocked by so many faults.
    var clientBlocks: [Int] = []
    let history = History()
    let transactionHistory = TransactionHistory()
    let groupHistory = GroupHistory()
    let observer: ClusterObserver
    package internal(set) var coverage = Coverage()
    /// Reorders and loses frames.
    var networkRandom: SimulationRandom
    var diskRandom: SimulationRandom
    var nemesis: Nemesis
    private(set) var workload: Workload
    private(set) lazy var clusterOperator = ClusterOperator(simulation: self)
    /// What is put off, by token; and tokens that are free again.
    private var timers: [(() -> Void)?] = []
    private var freeTimers: [Int] = []
    /// What went wrong first.
    package private(set) var violation: String?
    let cluster = ClusterID(high: 0x486f_6c64, low: 0x6661_7374)

    package init(plan: SimulationPlan, trace sink: ((UInt64, String, String, String) -> Void)? = nil) {
        self.plan = plan
        var random = SimulationRandom(seed: plan.seed ^ 0x7369_6d75_6c61_7465)
        networkRandom = random.fork()
        diskRandom = random.fork()
        nemesis = Nemesis(random: random.fork(), plan: plan)
        let count = plan.machines + plan.spares
        observer = ClusterObserver(machines: count)
        trace.sink = sink
        var machines: [Machine] = []
        for number in 0..<count {
            let data = number < plan.machines ? MachineData.own : .none
            machines.append(Machine(number: number, seed: random.next(), time: time, data: data))
        }
        self.machines = machines
        clientBlocks = Array(repeating: 0, count: count)
        ends = Array(repeating: nil, count: count)
        pairs = (0..<count).flatMap { low in (low + 1..<max(count, low + 1)).map { LinkPair(low: low, high: $0) } }
        workload = Workload(plan: plan, random: random.fork())
    }

    package var now: UInt64 { time.now }
    package var eventHash: UInt64 { trace.hash }
    package var eventCount: Int { trace.events }

    func fail(_ reason: String) {
        guard violation == nil else { return }
        violation = reason
        note("checker", "VIOLATION", reason)
    }

    func note(_ who: @autoclosure () -> String, _ what: String, _ detail: @autoclosure () -> String = "") {
        trace.note(now, who(), what, detail())
    }

    // MARK: Events

    func schedule(_ event: SimulationEvent, after delay: UInt64) { queue.add(event, at: now + delay) }

    /// Calls `body` when `delay` microseconds have passed.
    func after(_ delay: UInt64, _ body: @escaping () -> Void) {
        let token = freeTimers.popLast() ?? timers.count
        if token == timers.count { timers.append(body) } else { timers[token] = body }
        schedule(.timer(token), after: delay)
    }

    /// Handles the next event; false when there is none, or something is wrong.
    func step() -> Bool {
        guard violation == nil, let entry = queue.pop() else { return false }
        time.now = max(now, entry.time)
        handle(entry.event)
        return violation == nil
    }

    /// Runs until `isDone`, at most to `limit`; true if it was done in time.
    func run(until limit: UInt64, _ isDone: () -> Bool) -> Bool {
        while !isDone() {
            guard let next = queue.nextTime, next <= limit else {
                time.now = max(now, limit)
                return isDone()
            }
            if !step() { return false }
        }
        return true
    }

    private func handle(_ event: SimulationEvent) {
        switch event {
        case .tick(let machine, let incarnation): tick(machine, incarnation, event)
        case .diskWork(let machine, let incarnation, let thread): runDisk(machine, incarnation, thread, event)
        case .frame(let from, let to, let connection, let bytes): frameArrived(from, to, connection, bytes, event)
        case .link(let end, let peer, let connection, let isUp):
            linkChanged(end, peer, connection, isUp: isUp, event)
        case .connect(let pair): connect(pair)
        case .giveUp(let pair, let connection): giveUp(pair, connection)
        case .request(let socket, let bytes): requestArrived(socket, bytes, event)
        case .response(let socket, let bytes): responseArrived(socket, bytes)
        case .closed(let socket): socketClosed(socket)
        case .timer(let token): timerEnded(token)
        case .start(let machine): if !machines[machine].isUp { start(machines[machine]) }
        case .nemesis: nemesis.act(in: self)
        case .heal(let number): nemesis.heal(number, in: self)
        }
    }

    private func timerEnded(_ token: Int) {
        trace.event(now, 9, 0, 0)
        let body = timers[token]
        timers[token] = nil
        freeTimers.append(token)
        body?()
    }

    /// The machine if that process still runs on it. While it is stopped (SIGSTOP), `event` waits.
    func process(_ number: Int, _ incarnation: Int?, _ event: SimulationEvent) -> Machine? {
        let machine = machines[number]
        guard machine.isUp, incarnation == nil || machine.incarnation == incarnation else { return nil }
        guard machine.isPaused else { return machine }
        machine.hold(event)
        return nil
    }

    private func tick(_ number: Int, _ incarnation: Int, _ event: SimulationEvent) {
        guard let machine = process(number, incarnation, event) else { return }
        trace.event(now, 1, number, 0)
        machine.ticks += 1
        machine.node?.tick()
        if machine.ticks % 3 == 0 { machine.gateway?.tick() }
        finishTurn(machine)
        scheduleTick(machine)
    }

    private func scheduleTick(_ machine: Machine) {
        guard machine.isUp else { return }
        let interval = machine.clock.real(UInt64(plan.settings.tickMilliseconds) * 1000)
        schedule(.tick(machine: machine.number, incarnation: machine.incarnation), after: interval)
    }

    /// After every event of a machine: the loop's end of turn, then a look at what came of it.
    func finishTurn(_ machine: Machine) {
        machine.node?.endTurn()
        machine.gateway?.endTurn()
        if machine.disk.isWithoutPower { return crash(machine, .power) }
        if let fault = machine.node?.replica.fault { return processEnded(machine, fault) }
        if machine.node?.replica.removedAt != nil { leave(machine) }
        if let reason = observer.look(at: machine, machines) { fail(reason) }
    }

    // MARK: Processes

    func boot() {
        for machine in machines where machine.data == .own {
            format(machine, founders: clusterOperator.membership)
            start(machine)
        }
        for pair in pairs.indices where [pairs[pair].low, pairs[pair].high].allSatisfy({ machines[$0].data == .own }) {
            schedule(.connect(pair: pair), after: 1000)
        }
        workload.begin(in: self)
    }

    func start(_ machine: Machine) {
        guard !machine.isKeptDown, machine.data != .none else { return }
        machine.incarnation += 1
        machine.ticks = 0
        machine.isLeaving = false
        machine.isThreadBusy = Array(repeating: false, count: DiskThread.allCases.count)
        machine.queue = SimulatedDiskQueue(machine.disk)
        let end = LinkEnd(machine: machine.number, simulation: self)
        trace.event(now, 2, machine.number, machine.incarnation)
        nemesis.starting(machine, in: self)
        do throws(NodeFault) {
            let identity = try Node.readIdentity(machine.disk)
            let environment = NodeEnvironment(
                settings: plan.settings, disk: machine.disk, queue: machine.queue, transport: end, clock: machine.clock,
                entropy: machine.entropy)
            let number = machine.number
            machine.queue.onWork = { [unowned self] in self.scheduleDisk(self.machines[number], $0) }
            let node = try Node.open(environment, identity: identity).node
            ends[machine.number] = end
            install(node, on: machine)
            if machine.data == .lost { return fail("node \(machine.id) started although its data is lost") }
            if machine.isNewlyDamaged, let lost = observer.lostEntries(machine) { return keepDown(machine, lost) }
            if let lost = observer.lostDurable(machine) { return fail(lost) }
            machine.isNewlyDamaged = false
        } catch {
            return startFailed(machine, error)
        }
        note("node \(machine.id)", "started", "incarnation \(machine.incarnation)")
        scheduleTick(machine)
        finishTurn(machine)
    }

    private func install(_ node: Node, on machine: Machine) {
        let number = machine.number
        machine.node = node
        var settings = plan.kafka
        for other in machines {
            settings.endpoints[other.id] = KafkaEndpoint(host: "n\(other.id)", port: Int32(other.id.rawValue))
        }
        let gateway = KafkaGateway(node: node, settings: settings)
        machine.gateway = gateway
        node.replica.onApplied = { [unowned gateway] in gateway.onApplied() }
        node.replica.onRoleChange = { [unowned self, unowned gateway] change in
            gateway.onRoleChange()
            self.trace.mix(change.term)
            self.note("node \(number + 1)", "\(change.role)", "term \(change.term)")
            if change.role == .leader { self.observer.becameLeader(self.machines[number], term: change.term) }
        }
        node.replica.onEvent = { [unowned self] event in
            switch event {
            case .intakeStopped: self.coverage[.lowSpace] += 1
            case .rejoined: self.coverage[.rejoined] += 1
            case .cleaned: self.coverage[.partitionCleaned] += 1
            case .rewritten: self.coverage[.segmentsRewritten] += 1
            case .replacementRefused: self.coverage[.replacementRefused] += 1
            case .snapshotReceived(let index, _): self.observer.received(snapshot: index, self.machines[number])
            default: break
            }
            self.note("node \(number + 1)", "event", "\(event)")
        }
        observer.started(machine)
    }

    /// Damage to the very last entries of a log, above every mark of what is durable, looks like a torn tail. The node
    /// cannot tell, so this is not among the faults it survives: see the catalog's page on what is not covered.
    private func keepDown(_ machine: Machine, _ lost: String) {
        note("node \(machine.id)", "kept down", lost)
        crash(machine, .killed)
        machine.isKeptDown = true
    }

    private func startFailed(_ machine: Machine, _ error: NodeFault) {
        machine.node = nil
        ends[machine.number] = nil
        note("node \(machine.id)", "no start", "\(error)")
        if machine.data == .lost, case .notFormatted = error { return refused(machine, .lostDisk) }
        if machine.disk.isWithoutPower {
            nemesis.note(machine.disk.losePower(), in: self)
            return schedule(.start(machine: machine.number), after: 100_000)
        }
        machine.disk.killProcess()
        if machine.mayFail, error.isDiskFailure(damaged: machine.isDamaged) {
            return schedule(.start(machine: machine.number), after: 500_000)
        }
        guard machine.isDamaged else { return fail("node \(machine.id) does not start: \(error)") }
        machine.isKeptDown = true
    }

    private func processEnded(_ machine: Machine, _ fault: NodeFault) {
        note("node \(machine.id)", "stopped", "\(fault)")
        crash(machine, .killed)
        if machine.data == .posing, case .foreignData = fault { return refused(machine, .lostDiskAsFounder) }
        if fault.isCuredByStart { return schedule(.start(machine: machine.number), after: 1_000) }
        if machine.mayFail, fault.isDiskFailure(damaged: machine.isDamaged) {
            return schedule(.start(machine: machine.number), after: 300_000)
        }
        guard machine.isDamaged else { return fail("node \(machine.id) stopped: \(fault)") }
        machine.isKeptDown = true
    }

    enum Crash { case killed, power }

    func crash(_ machine: Machine, _ how: Crash) {
        guard machine.isUp else { return }
        trace.event(now, 3, machine.number, how == .power ? 1 : 0)
        note("node \(machine.id)", how == .power ? "power lost" : "killed")
        machine.queue.dropAll()
        machine.queue.onWork = nil
        machine.gateway?.abandon()
        machine.node = nil
        machine.gateway = nil
        ends[machine.number] = nil
        _ = machine.resume()
        let wasWithoutPower = machine.disk.isWithoutPower
        if how == .power { nemesis.note(machine.disk.losePower(), in: self) } else { machine.disk.killProcess() }
        linksOfProcessBroke(machine, isSilent: how == .power)
        socketsOfProcessBroke(machine, isSilent: how == .power)
        if wasWithoutPower { schedule(.start(machine: machine.number), after: nemesis.restartDelay()) }
    }

    func resume(_ machine: Machine) {
        guard machine.isUp, machine.isPaused else { return }
        note("node \(machine.id)", "resumed")
        // What has waited comes before what arrives just now.
        queue.addFirst(machine.resume(), at: now)
    }

    // MARK: Disks

    func scheduleDisk(_ machine: Machine, _ thread: DiskThread) {
        guard !machine.isThreadBusy[thread.rawValue] else { return }
        machine.isThreadBusy[thread.rawValue] = true
        let latency = diskRandom.between(plan.diskLatency) + machine.diskDelay
        let start = max(now, machine.stalledUntil)
        queue.add(
            .diskWork(machine: machine.number, incarnation: machine.incarnation, thread), at: start + latency)
    }

    private func runDisk(_ number: Int, _ incarnation: Int, _ thread: DiskThread, _ event: SimulationEvent) {
        guard let machine = process(number, incarnation, event) else { return }
        if machine.stalledUntil > now { return queue.add(event, at: machine.stalledUntil) }
        trace.event(now, 4, number, thread.rawValue)
        machine.isThreadBusy[thread.rawValue] = false
        let isLeft: Bool
        switch thread {
        case .writer:
            // What has queued up goes out together, as in the log-writer thread.
            for _ in 0..<(1 + diskRandom.below(4)) where machine.queue.runNextBatch() {}
            isLeft = machine.queue.pendingBatches > 0
        case .reader:
            machine.queue.runNextRead()
            isLeft = machine.queue.pendingReads > 0
        case .jobs:
            machine.queue.runNextJob()
            isLeft = machine.queue.pendingJobs > 0
        }
        finishTurn(machine)
        if isLeft, machine.isUp, machine.incarnation == incarnation { scheduleDisk(machine, thread) }
    }
}

extension NodeFault {
    /// A call to the operating system failed; what is on the disk may be well, unless something there was `damaged`.
    fileprivate func isDiskFailure(damaged: Bool) -> Bool {
        switch self {
        case .disk, .log(.disk): true
        case .unreadableEntry: !damaged
        default: false
        }
    }
}
