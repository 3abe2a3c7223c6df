import Node
import Ports
import Raft

/// Changes who the members are, one job at a time, each a few steps about one machine. A change is asked of a node that
/// takes itself for the leader, through the calls that the admin port uses, again and again until it is known to be
/// made: what it was told last is what the cluster must have in the end.
final class ClusterOperator {
    enum Step: String {
        /// The machine's disk is lost, and its process must refuse to start with the empty one.
        case loseDisk
        /// The empty disk is formatted as a founder's again, which the others must not believe.
        case pose
        case awaitRefusal
        case format
        case add, promote, remove
    }

    private unowned let simulation: Simulation
    private var random: SimulationRandom
    /// By the changes that were confirmed.
    private(set) var membership: Membership
    private var steps: [Step] = []
    private var subject: Machine?
    private var fault = FaultClass.memberAdded
    /// Those whose directory was a member's that has been removed.
    private var removed: [Int] = []
    /// Those that have ever been members.
    private var known: [Int]
    /// Entries that the learner lacked when it was to be promoted and was not yet.
    private(set) var missing: UInt64?
    /// Counts what was asked: later answers to earlier questions are not heard.
    private var question = 0

    init(simulation: Simulation) {
        self.simulation = simulation
        random = SimulationRandom(seed: simulation.plan.seed ^ 0x6f70_6572_6174_6f72)
        known = simulation.machines.filter { $0.data == .own }.map(\.number)
        membership = Membership(voters: known.map { MemberID($0 + 1) })
    }

    var isIdle: Bool { steps.isEmpty }
    /// What it is about, for messages.
    var undone: String {
        "\(fault.rawValue) of node \(subject.map { "\($0.id)" } ?? "none"), at \(steps.first?.rawValue ?? "its end"),"
    }
    func isAbout(_ machine: Machine) -> Bool { !isIdle && subject === machine }
    func hasRemoved(_ machine: Machine) -> Bool { removed.contains(machine.number) }

    /// Its removal was confirmed, or has been asked for, and its directory is that of the member removed.
    func mayLeave(_ machine: Machine) -> Bool {
        hasRemoved(machine) || machine.data == .posing || (isAbout(machine) && steps.first == .remove && !isDiskLost)
    }

    private var isDiskLost: Bool { [.lostDisk, .lostDiskAsFounder].contains(fault) }

    // MARK: Jobs

    func begin(_ fault: FaultClass) {
        guard isIdle else { return }
        missing = nil
        switch fault {
        case .memberAdded: add(fault)
        case .memberRemoved: remove(fault, removable.filter { !$0.isLeader })
        case .leaderRemoved: remove(fault, removable.filter(\.isLeader))
        case .lostDisk, .lostDiskAsFounder: loseDisk(fault)
        default: if random.chance(perMille: 500) { add(fault) } else { remove(fault, removable) }
        }
    }

    private func add(_ fault: FaultClass) {
        let outside = simulation.machines.filter { machine in
            !membership.contains(machine.id.rawValue) && isAffordable(membership.voters + [machine.id.rawValue])
        }
        guard !outside.isEmpty, membership.voters.count <= simulation.plan.machines else { return }
        begin(fault, random.pick(outside), [.format, .add, .promote])
    }

    private func remove(_ fault: FaultClass, _ machines: [Machine]) {
        guard !machines.isEmpty else { return }
        let returns = random.chance(perMille: 500)
        begin(fault, random.pick(machines), [.remove] + (returns ? [.format, .add, .promote] : []))
    }

    private func loseDisk(_ fault: FaultClass) {
        let machines = removable.filter { simulation.nemesis.victims.contains($0.number) && $0.data == .own }
        guard !machines.isEmpty else { return }
        let machine = random.pick(machines)
        let isKnown = isKnownToAll(machine)
        if fault == .lostDiskAsFounder, !isKnown { return }
        var orders: [[Step]] = [[.remove, .format, .add, .promote]]
        if isKnown { orders.append([.format, .remove, .add, .promote]) }
        if fault == .lostDiskAsFounder {
            return begin(fault, machine, [.loseDisk, .awaitRefusal, .pose, .awaitRefusal] + random.pick(orders))
        }
        orders.append([.remove, .add, .format, .promote])
        begin(fault, machine, [.loseDisk, .awaitRefusal] + random.pick(orders))
    }

    private func begin(_ fault: FaultClass, _ machine: Machine, _ steps: [Step]) {
        self.fault = fault
        subject = machine
        self.steps = steps
        simulation.note("operator", "begins", "\(fault.rawValue) of node \(machine.id)")
        proceed()
    }

    // MARK: The fault budget

    private var removable: [Machine] {
        simulation.machines.filter { machine in
            let id = machine.id.rawValue
            return membership.voters.contains(id) && isAffordable(membership.voters.filter { $0 != id })
        }
    }

    /// Of these voters, those that may lose what they have are a minority.
    private func isAffordable(_ voters: [MemberID]) -> Bool {
        let victims = voters.count { simulation.nemesis.victims.contains(Int($0) - 1) }
        return voters.count >= 2 && victims <= (voters.count - 1) / 2
    }

    /// Every other voter has it on its disk which directory that machine has. Before that nobody can tell another.
    private func isKnownToAll(_ machine: Machine) -> Bool {
        simulation.machines.allSatisfy { other in
            guard other !== machine, membership.voters.contains(other.id.rawValue) else { return true }
            guard let replica = other.node?.replica else { return false }
            let durable = replica.configurations.entry(at: replica.view.flushedIndex).configuration
            return durable.record(of: machine.id.rawValue).incarnation != 0
        }
    }

    // MARK: Steps

    private func proceed() {
        guard let step = steps.first, let machine = subject else { return }
        switch step {
        case .loseDisk: simulation.loseDisk(of: machine, random.pick([.killed, .power]))
        case .pose: simulation.formatAnew(machine, isPosing: true)
        case .format:
            removed.removeAll { $0 == machine.number }
            simulation.formatAnew(machine)
        case .awaitRefusal: if !machine.hasRefused { return again() }
        case .add: return ask(.addLearner(machine.id.rawValue))
        case .promote: return ask(.promote(machine.id.rawValue))
        case .remove: return ask(.remove(machine.id.rawValue))
        }
        finishStep()
    }

    private func finishStep() {
        steps.removeFirst()
        simulation.after(random.between(1_000...300_000)) { [unowned self] in self.proceed() }
    }

    private func again() {
        simulation.after(random.between(10_000...200_000)) { [unowned self] in self.proceed() }
    }

    // MARK: Changes

    private func ask(_ change: MembershipChange) {
        let leaders = simulation.machines.filter { !$0.isPaused && $0.node?.replica.isLeader == true }
        guard !leaders.isEmpty, let subject else { return again() }
        let leader = random.pick(leaders)
        let number = nextQuestion()
        let addresses = MemberAddresses(
            peer: Endpoint(host: "n\(subject.id)", port: 7), kafka: Endpoint(host: "n\(subject.id)", port: 9))
        let record = steps.first == .add ? MemberRecord(id: subject.id.rawValue, addresses: addresses) : nil
        let before = leader.node?.replica.configurations.lastIndex
        leader.node?.replica.change(change, record: record) { [unowned self] outcome in
            guard number == self.question else { return }
            self.answered(change, outcome)
        }
        let isUnderWay = leader.node?.replica.configurations.lastIndex != before
        if fault == .twoChanges, number == question, isUnderWay { askMeanwhile(leader) }
        simulation.finishTurn(leader)
    }

    /// Nothing may have come of it when patience ends: the process may be gone, or cut off.
    private func nextQuestion() -> Int {
        question += 1
        let number = question
        simulation.after(random.between(300_000...3_000_000)) { [unowned self] in
            guard number == self.question else { return }
            self.question += 1
            self.proceed()
        }
        return number
    }

    private func answered(_ change: MembershipChange, _ outcome: ChangeOutcome) {
        question += 1
        simulation.note("operator", "\(change)", "\(outcome)")
        switch outcome {
        case .committed: made(change)
        // It may be made already, unless that was a leader of the past.
        case .refused(.alreadyMember), .refused(.unknownMember):
            simulation.after(1_000) { [unowned self] in self.look(change) }
        case .refused(.notCaughtUp(let matched, let last)):
            missing = last - min(matched, last)
            again()
        case .refused(.lastVoter): simulation.fail("\(change) was refused: that was the last voter")
        case .refused, .unknown: again()
        }
    }

    /// Another change at once: two that differ by more than one voter could each have a majority of its own.
    private func askMeanwhile(_ leader: Machine) {
        let other = MemberID(1 + random.below(simulation.machines.count))
        let changes: [MembershipChange] = [.restate, .remove(other), .addLearner(other), .promote(other)]
        let change = random.pick(changes)
        var refusal: ChangeRefusal?
        leader.node?.replica.change(change) { if case .refused(let why) = $0 { refusal = why } }
        guard case .pending = refusal else {
            return simulation.fail("node \(leader.id) took \(change) while another change was under way")
        }
        simulation.coverage[.twoChanges] += 1
    }

    /// Asks a leader that is sure to be one who the members are.
    private func look(_ change: MembershipChange) {
        let leaders = simulation.machines.filter { !$0.isPaused && $0.isLeader }
        guard !leaders.isEmpty else { return again() }
        let leader = random.pick(leaders)
        let number = nextQuestion()
        leader.node?.replica.readBarrier { [unowned self, unowned leader] isSure in
            guard number == self.question else { return }
            self.question += 1
            guard isSure, let replica = leader.node?.replica else { return self.again() }
            self.found(replica.configurations.entry(at: replica.appliedIndex).configuration.membership, change)
        }
        simulation.finishTurn(leader)
    }

    private func found(_ found: Membership, _ change: MembershipChange) {
        if found == membership { return again() }
        guard found == after(change) else {
            let told = "the operator was told \(membership) before \(change)"
            return simulation.fail("I14: the members are \(found), \(told)")
        }
        made(change)
    }

    private func after(_ change: MembershipChange) -> Membership {
        let (voters, learners) = (membership.voters, membership.learners)
        return switch change {
        case .addLearner(let member): Membership(voters: voters, learners: learners + [member])
        case .promote(let member): Membership(voters: voters + [member], learners: learners.filter { $0 != member })
        case .remove(let member): Membership(voters: voters.filter { $0 != member }, learners: learners)
        case .restate: membership
        }
    }

    private func made(_ change: MembershipChange) {
        membership = after(change)
        guard let subject else { return }
        switch change {
        case .remove:
            if !isDiskLost { removed.append(subject.number) }
            if [.memberRemoved, .leaderRemoved].contains(fault) { simulation.coverage[fault] += 1 }
        case .promote:
            simulation.coverage[known.contains(subject.number) ? .memberReturned : .memberAdded] += 1
            known.append(subject.number)
        case .addLearner, .restate: break
        }
        finishStep()
    }
}
