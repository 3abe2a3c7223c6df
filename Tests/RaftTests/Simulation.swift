import Raft

/// A group of `TestMember`s in a hostile world, driven by one seed.
final class Simulation {
    struct Options {
        var voters: Int
        var learners = 0
        var steps = 1200
        var changesMembership = false
    }

    let options: Options
    var dice: Dice
    var members: [TestMember] = []
    var network: [Envelope] = []
    /// Directed links that are down.
    var cut: Set<[MemberID]> = []
    /// Links that one end was told are down, and not that they are up again.
    var broken: Set<[MemberID]> = []
    var lossPercent: Int
    var duplicatePercent: Int
    var reorderPercent: Int
    var crashPercent: Int
    var payload: UInt64 = 0
    var nextRead: UInt64 = 0
    var checks = SimulationChecks()
    /// Counts of what happened, so that a run that exercises nothing can be told.
    var fired: [String: Int] = [:]

    init(seed: UInt64, options: Options) {
        self.options = options
        dice = Dice(seed: seed)
        lossPercent = dice.below(20)
        duplicatePercent = dice.below(20)
        reorderPercent = dice.below(40)
        crashPercent = dice.below(3)
        let ids = (1...options.voters + options.learners).map { MemberID($0) }
        let membership = Membership(
            voters: Array(ids.prefix(options.voters)), learners: Array(ids.dropFirst(options.voters)))
        let snapshot = Snapshot(position: .zero, membership: membership, state: [])
        let settings = RaftSettings(
            electionTicks: 10, heartbeatTicks: 2, maximumAppendBytes: 300, maximumInflightBytes: 600,
            maximumInflightAppends: 4, promotionLag: 5, commitUpdate: dice.happens(50) ? .atOnce : .atNextTick)
        for id in ids {
            let member = TestMember(id: id, settings: settings, disk: TestDisk(snapshot: snapshot), seed: dice.next())
            member.appliesAtOnce = dice.happens(50)
            members.append(member)
        }
    }

    var up: [TestMember] { members.filter(\.isUp) }
    var leaders: [TestMember] { up.filter { $0.raft.role == .leader } }

    func count(_ event: some StringProtocol) { fired[String(event), default: 0] += 1 }

    /// Random events, then a healed world in which the group must come together.
    func run() {
        for _ in 0..<options.steps {
            act()
            if dice.happens(3) { checks.checkLogs(of: members) }
        }
        heal()
        checks.checkLogs(of: members)
    }

    private func act() {
        if leaders.count > 1, dice.happens(20) { read() }
        switch dice.below(100) {
        case 0..<34: deliver()
        case 34..<44: tick()
        case 44..<67: if let member = dice.element(of: up) { workDisk(member) }
        case 67..<79: if let member = dice.element(of: up) { answerLoad(member) }
        case 79..<86: propose()
        case 86..<88: read()
        case 88..<90: if let member = dice.element(of: up) { fetchSnapshot(member) }
        case 90..<93: if let member = dice.element(of: up) { applyOrSnapshot(member) }
        case 93: transfer()
        case 94: if options.changesMembership { changeMembership() } else { changeLinks() }
        case 95: changeLinks()
        case 96..<98: changeMembership()
        default: crashOrRestart()
        }
    }

    // MARK: Events

    private func tick() {
        // Time runs alike everywhere, with a little drift.
        for member in up where !dice.happens(5) {
            member.raft.tick()
            drain(member)
        }
        if dice.happens(crashPercent), let member = dice.element(of: up) { crash(member) }
    }

    private func deliver() {
        guard !network.isEmpty else { return }
        for _ in 0..<min(network.count, 1 + dice.below(8)) {
            let number = dice.happens(reorderPercent) ? dice.below(network.count) : 0
            let envelope = network[number]
            if dice.happens(duplicatePercent) { count("duplicate") } else { network.remove(at: number) }
            if dice.happens(lossPercent) { count("loss") } else { hand(envelope) }
        }
    }

    private func hand(_ envelope: Envelope) {
        guard let member = members.first(where: { $0.id == envelope.receiver }), member.isUp else { return }
        guard !cut.contains([envelope.sender, envelope.receiver]) else { return }
        perform(member.step(envelope), of: member)
    }

    func drain(_ member: TestMember) { perform(member.raft.takeOutputs(), of: member) }

    private func perform(_ outputs: [RaftOutput], of member: TestMember) {
        for output in outputs {
            checks.observe(output, of: member, among: members)
            count(Self.name(of: output))
            if let envelope = member.perform(output) { network.append(envelope) }
            if case .commit = output { checks.checkApplied(member) }
        }
        // What the core said of itself while it acted (applied) may have led to more.
        let more = member.raft.takeOutputs()
        if !more.isEmpty { perform(more, of: member) }
    }

    private func workDisk(_ member: TestMember) {
        for _ in 0...dice.below(3) {
            guard let operation = member.performDisk() else { return }
            if case .install = operation { checks.checkApplied(member) }
            drain(member)
        }
    }

    private func answerLoad(_ member: TestMember) {
        guard !member.loads.isEmpty else { return }
        member.answerLoad(dice.below(member.loads.count))
        drain(member)
    }

    private func propose() {
        guard let member = dice.element(of: leaders), member.raft.isReady else { return }
        var entries: [Entry] = []
        for _ in 0...dice.below(3) {
            payload += 1
            entries.append(Entry(term: 0, payload: payload, bytes: 1 + dice.below(200)))
        }
        if case .accepted = member.propose(entries) { count("propose") }
        drain(member)
    }

    private func read() {
        // A deposed leader that does not know is where a read can go wrong.
        let oldest = leaders.min { $0.raft.term < $1.raft.term }
        guard let member = leaders.count > 1 ? oldest : leaders.first else { return }
        nextRead += 1
        guard member.raft.requestRead(id: nextRead) == .accepted else { return }
        checks.noteRead(nextRead, members: members)
        drain(member)
    }

    /// The files of the offer arrive, or do not.
    private func fetchSnapshot(_ member: TestMember) {
        guard let (offer, sender) = member.offers.first else { return }
        member.offers.removeFirst()
        let source = members.first { $0.id == sender }
        guard let source, source.isUp, source.disk.snapshot.position == offer.position, !dice.happens(20) else {
            member.raft.onSnapshotFailed(from: sender)
            return drain(member)
        }
        count("install")
        member.disk.submit(.install(source.disk.snapshot))
    }

    private func applyOrSnapshot(_ member: TestMember) {
        if !member.appliesAtOnce, member.unapplied > member.raft.appliedIndex {
            member.apply(through: member.unapplied)
            checks.checkApplied(member)
        }
        drain(member)
        // A snapshot of what is not flushed here yet has its own test.
        guard member.raft.appliedIndex <= member.raft.flushedIndex, dice.happens(40) else { return }
        member.takeSnapshot(keeping: LogIndex(dice.below(8)))
        count("snapshot")
    }

    private func transfer() {
        guard let member = dice.element(of: leaders) else { return }
        let target = members[dice.below(members.count)].id
        if member.raft.transferLeadership(to: target) == .started { count("transfer") }
        drain(member)
    }

    /// Isolates a member, cuts one direction, heals, or breaks and restores a connection.
    private func changeLinks() {
        let leader = dice.happens(50) ? dice.element(of: leaders)?.id : nil
        let victim = leader ?? members[dice.below(members.count)].id
        let other = members[dice.below(members.count)].id
        switch dice.below(6) {
        case 0:
            for member in members where member.id != victim {
                cut.insert([member.id, victim])
                cut.insert([victim, member.id])
            }
            count("isolation")
        case 1: cut.insert([victim, other])
        case 2:
            guard let member = members.first(where: { $0.id == victim }), member.isUp, other != victim else { return }
            network.removeAll { $0.sender == victim && $0.receiver == other }
            member.raft.onPeerDisconnected(other)
            drain(member)
            if dice.happens(80) { member.raft.onPeerConnected(other) } else { broken.insert([victim, other]) }
            drain(member)
            count("reconnect")
        default: cut.removeAll()
        }
    }

    /// Any leader, also a deposed one, is asked for any change; the core has to refuse what is not safe.
    private func changeMembership() {
        guard options.changesMembership, let leader = dice.element(of: leaders) else { return }
        let now = leader.raft.membership
        let id = members[dice.below(members.count)].id
        let change: MembershipChange
        switch dice.below(8) {
        case 0..<3: change = .promote(dice.element(of: now.learners) ?? id)
        case 3, 4: change = .addLearner(dice.element(of: members.map(\.id).filter { !now.contains($0) }) ?? id)
        case 5, 6: change = .remove(id)
        default: change = .restate
        }
        // A group of one or two hardly lives in such a world.
        if case .remove = change, now.voters.count < options.voters { return }
        payload += 1
        switch leader.change(change, payload: payload) {
        case .accepted: count("\(change)".prefix { $0 != "(" } + " accepted")
        case .refused(let refusal): count("\(refusal)".prefix { $0 != "(" } + " refused")
        }
        drain(leader)
    }

    private func crash(_ member: TestMember) {
        for _ in 0..<dice.below(3) { _ = member.disk.perform() }
        member.crash()
        count("crash")
    }

    private func restart(_ member: TestMember) {
        member.restart(seed: dice.next())
        checks.noteRestart(member)
        drain(member)
    }

    private func crashOrRestart() {
        if let member = dice.element(of: members.filter { !$0.isUp }) {
            restart(member)
        } else if dice.happens(30), let member = dice.element(of: up) {
            crash(member)
        }
        if dice.happens(3) {
            for member in up { crash(member) }
            count("power loss")
        }
    }

    // MARK: Liveness

    private func heal() {
        cut.removeAll()
        lossPercent = 0
        duplicatePercent = 0
        reorderPercent = 0
        for member in members where !member.isUp { restart(member) }
        for member in members {
            // Only links known to be broken come up: what else is stuck must get going by itself.
            for other in members where broken.contains([member.id, other.id]) { member.raft.onPeerConnected(other.id) }
            drain(member)
        }
        var mark: UInt64?
        for round in 0..<600 {
            calmRound()
            if mark == nil, round > 40, let leader = leaders.max(by: { $0.raft.term < $1.raft.term }),
                leader.raft.isReady, leader.raft.transferTarget == nil
            {
                payload += 1
                mark = payload
                _ = leader.propose([Entry(term: 0, payload: payload, bytes: 10)])
                drain(leader)
            }
            if let mark, checks.hasConverged(members, on: mark) { return }
        }
        checks.fail("no progress after healing: \(members.map { $0.raft.description })")
    }

    private func calmRound() {
        for member in members {
            member.raft.tick()
            drain(member)
        }
        for _ in 0..<8 {
            let batch = network
            network = []
            for envelope in batch { hand(envelope) }
            for member in members { calmShell(member) }
        }
    }

    private func calmShell(_ member: TestMember) {
        while member.performDisk() != nil { drain(member) }
        while !member.loads.isEmpty { answerLoad(member) }
        fetchSnapshot(member)
        if !member.appliesAtOnce, member.unapplied > member.raft.appliedIndex {
            member.apply(through: member.unapplied)
        }
        drain(member)
    }

    static func name(of output: RaftOutput) -> String {
        switch output {
        case .truncateSuffix: "truncate"
        case .receiveSnapshot: "receive"
        case .readReady: "read ready"
        case .readFailed: "read failed"
        case .role(let change): change.role == .leader ? "leader" : "role"
        case .commit: "commit"
        default: "other"
        }
    }
}
