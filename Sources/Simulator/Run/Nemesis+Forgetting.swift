// A minority loses power just when what it had written and not flushed counts. Nothing acknowledged may be lost by it.

extension Nemesis {
    /// The victims and one machine more, the keeper, are a majority, and alone with each other for a while. Then the
    /// victims lose power, and come back to those that were away; what the keeper alone has left must not be forgotten.
    func forgetWithKeeper(in simulation: Simulation) {
        let others = simulation.machines.indices.filter { !victims.contains($0) }
        let keeper = random.pick(others)
        let away = others.filter { $0 != keeper }
        let together = victims + [keeper]
        guard together.allSatisfy({ simulation.machines[$0].isUp }) else { return }
        let time = random.between(50_000...1_200_000)
        block(away.flatMap { one in together.flatMap { [(one, $0), ($0, one)] } }, for: time, in: simulation)
        let ending = random.below(3)
        simulation.after(time) { [unowned self] in
            guard self.isActive else { return }
            self.forget(in: simulation)
            switch ending {
            case 0:
                let time = self.random.between(2_500_000...6_000_000)
                self.isolate(keeper, withClients: false, for: time, in: simulation)
            case 1:
                self.isolate(keeper, looks: 5_000, in: simulation) { $0.node?.replica.isLeader == true }
            default: self.restart(keeper, in: simulation)
            }
        }
    }

    /// The keeper begins anew too, and does not know what it had committed. Heartbeats pass while its records do not,
    /// and it goes when the victims take themselves to have again what they had.
    private func restart(_ keeper: Int, in simulation: Simulation) {
        let machine = simulation.machines[keeper]
        simulation.crash(machine, .killed)
        cure(after: 1_000, in: simulation) { if !machine.isUp { simulation.start(machine) } }
        narrow(from: keeper, to: simulation.machines.indices.filter { $0 != keeper }, in: simulation)
        isolate(keeper, looks: 8_000, in: simulation) { [unowned self] in
            $0.node?.replica.isLeader == true && self.areWhole(simulation)
        }
    }

    /// The leader's records reach nobody but the victims, and its own disk is slower than theirs. The victims lose
    /// power, and have again all that was committed; then the leader has its own write done, and is alone. What the
    /// victims had acknowledged before must not count.
    func forgetBehindLeader(in simulation: Simulation) {
        guard let leader = simulation.machines.first(where: \.isLeader), !victims.contains(leader.number),
            !isForgetting, !simulation.plan.isStream, victims.allSatisfy({ simulation.machines[$0].isUp })
        else { return }
        let away = simulation.machines.indices.filter { $0 != leader.number && !victims.contains($0) }
        narrow(from: leader.number, to: away, in: simulation)
        isForgetting = true
        cure(after: 8_000_000, in: simulation) { [unowned self] in self.isForgetting = false }
        var haveForgotten = false
        isolate(leader.number, looks: 8_000, in: simulation) { [unowned self] in
            if haveForgotten, self.areWhole(simulation) { return true }
            $0.stalledUntil = max($0.stalledUntil, simulation.now + 1_500)
            return false
        }
        awaitUnflushed(looks: 1_000, in: simulation) { [unowned self] in
            self.forget(in: simulation)
            self.narrow(from: leader.number, to: self.victims, passing: 1, in: simulation)
            haveForgotten = true
        }
    }

    /// Looks every half millisecond, so many times, until the victims have said that they have written more than one
    /// entry that they have not flushed.
    private func awaitUnflushed(looks: Int, in simulation: Simulation, _ body: @escaping () -> Void) {
        guard isActive, looks > 0 else { return }
        let views = victims.compactMap { simulation.machines[$0].node?.replica.view }
        if views.contains(where: { $0.writtenIndex > $0.flushedIndex + 1 }) {
            return simulation.after(2_000) { [unowned self] in if self.isActive { body() } }
        }
        simulation.after(500) { [unowned self] in self.awaitUnflushed(looks: looks - 1, in: simulation, body) }
    }

    private func areWhole(_ simulation: Simulation) -> Bool {
        victims.allSatisfy { simulation.machines[$0].node?.replica.raft.isRejoining == false }
    }

    private func forget(in simulation: Simulation) {
        for machine in victims.map({ simulation.machines[$0] }) where machine.isUp {
            fired(.forgetfulMinority, in: simulation, "node \(machine.id)")
            simulation.crash(machine, .power)
            cure(after: random.between(500...60_000), in: simulation) {
                if !machine.isUp { simulation.start(machine) }
            }
        }
    }

    /// Only short frames go from one machine to others for eight seconds, but for so many long ones to each.
    private func narrow(from machine: Int, to others: [Int], passing longFrames: Int = 0, in simulation: Simulation) {
        guard !simulation.plan.isStream else { return }
        let ends = others.map { other in
            let pair = simulation.pairs[simulation.pair(machine, other)]
            return (pair, pair.direction(from: machine))
        }
        for (pair, direction) in ends {
            pair.narrowings[direction] += 1
            pair.longFramesToPass[direction] = longFrames
        }
        cure(after: 8_000_000, in: simulation) {
            for (pair, direction) in ends { pair.narrowings[direction] -= 1 }
        }
    }

    /// Looks at a machine every millisecond, so many times, until it is as it should be. Then it is alone.
    private func isolate(
        _ number: Int, looks: Int, in simulation: Simulation, once isReady: @escaping (Machine) -> Bool
    ) {
        guard isActive, looks > 0 else { return }
        guard isReady(simulation.machines[number]) else {
            return simulation.after(1_000) { [unowned self] in
                self.isolate(number, looks: looks - 1, in: simulation, once: isReady)
            }
        }
        isolate(number, withClients: false, for: 3_000_000, in: simulation)
    }
}
