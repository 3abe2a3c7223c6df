import KafkaWire

/// What must be true of a group once all is well: it comes to rest, its offsets are what its members were told, and
/// another leader moves nobody.
final class GroupAudit: KafkaClient {
    unowned let group: SimulatedGroup
    private(set) var isDone = false
    /// The newest that any member was told of when the audit began.
    private var generationBefore: Int32 = 0
    /// The first that one was told of since. Between them are those that nobody got an answer about.
    private var generationAtStart: Int32?
    /// Since when nothing has changed, and what has not.
    private var restStart: UInt64 = 0
    private var resting: (generation: Int32, elections: Int) = (-1, -1)

    init(group: SimulatedGroup, random: SimulationRandom) {
        self.group = group
        super.init(name: "audit of \(group.name)", simulation: group.simulation, random: random)
    }

    private var generation: Int32 { simulation.groupHistory.newest(group.number) }

    func begin() {
        generationBefore = generation
        awaitRest { [unowned self] in self.compareOffsets() }
    }

    /// How often a group may be dealt out anew on its way to rest: for each process that may still be counted a member
    /// and each that comes, with as many again for coordinators that change meanwhile.
    private var maximumRebalances: Int32 { Int32(4 * group.plan.places + 4) }

    private func awaitRest(_ then: @escaping () -> Void) {
        group.keepAlive()
        if generationAtStart == nil, generation != generationBefore { generationAtStart = generation }
        if let generationAtStart, generation - generationAtStart > maximumRebalances {
            return simulation.fail(
                "I17: \(group.name) went from generation \(generationAtStart) to \(generation) and is not at rest: "
                    + (group.unrest ?? ""))
        }
        let now = (generation: generation, elections: simulation.observer.elections)
        if group.unrest != nil || now != resting { restStart = simulation.now }
        resting = now
        if simulation.now - restStart > patience { return then() }
        simulation.after(50_000) { [unowned self] in self.awaitRest(then) }
    }

    /// Longer than a session under one coordinator, so that whoever has gone and is not heard of has been missed.
    private var patience: UInt64 { UInt64(group.plan.sessionMilliseconds) * 1200 + 300_000 }

    /// By somebody who is no member.
    private func compareOffsets() {
        findLeader { [unowned self] in
            self.group.offsets.ask(by: self, at: self.leader ?? 0) { [unowned self] found in
                guard found.count == self.group.plan.partitions, found.allSatisfy({ $0.errorCode == .none }) else {
                    self.forgetLeader()
                    return self.simulation.after(50_000) { [unowned self] in self.compareOffsets() }
                }
                for answer in found { self.compare(answer) }
                self.moveLeader()
            }
        }
    }

    private func compare(_ answer: OffsetFetchResponse.Partition) {
        let partition = Int(answer.partitionIndex)
        let processed = simulation.groupHistory.processed(group.number, partition)
        if max(answer.committedOffset, 0) != processed {
            simulation.fail(
                "\(group.name): \(answer.committedOffset) is committed of partition \(partition), \(processed) were "
                    + "processed")
        }
    }

    /// Nobody is to be moved by that.
    private func moveLeader() {
        let before = generation
        let members = group.members.map(\.memberId)
        let others = simulation.members.filter { $0.isUp && !$0.isLeader }
        if !others.isEmpty { simulation.handOver(to: random.pick(others).number) }
        // The new one is given the time to be found.
        simulation.after(patience + 1_000_000) { [unowned self] in
            guard self.generation == before, self.group.members.map(\.memberId) == members else {
                return self.simulation.fail(
                    "I17: \(self.group.name) was at rest in generation \(before), and another leader brought "
                        + "\(self.generation)")
            }
            self.isDone = true
        }
    }
}
