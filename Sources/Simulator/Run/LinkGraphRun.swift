/// Three nodes whose links, each in each direction, are open or not: 64 graphs, entered from each of the three possible
/// leaders, held, and healed. Every one is run: partial and one-way partitions are where consensus implementations
/// fail (Alquraan et al., "An Analysis of Network-Partitioning Failures in Cloud Systems", OSDI 2018).
package struct LinkGraphRun: Sendable {
    package static let count = 64 * 3
    private static let ways = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)]
    /// How long a graph is held after the cluster has had time to find its leader; and the longest time in which a
    /// cluster that can serve must do so. Microseconds.
    private static let hold: UInt64 = 3_000_000
    private static let bound: UInt64 = 15_000_000

    package let number: Int

    package init(number: Int) { self.number = number }

    private var leader: Int { number / 64 }
    private func isOpen(_ way: Int) -> Bool { ((number % 64) >> way) & 1 == 1 }

    /// Two nodes that reach each other both ways are a majority that can elect and commit.
    private var canServe: Bool { [0, 2, 4].contains { isOpen($0) && isOpen($0 + 1) } }

    private var plan: SimulationPlan {
        var plan = SimulationPlan(seed: UInt64(number))
        plan.machines = 3
        plan.faults = []
        plan.isStream = false
        plan.givesUpLinks = false
        plan.latency = 100...500
        plan.diskLatency = 100...1000
        plan.producers = 1
        plan.transactors = 0
        plan.consumers = 1
        plan.produceInterval = 80_000
        plan.settings.followerReachEntries = 10_000
        return plan
    }

    /// What went wrong, or nil.
    package func run(trace: ((UInt64, String, String, String) -> Void)? = nil) -> String? {
        let simulation = Simulation(plan: plan, trace: trace)
        simulation.boot()
        func serves(since start: UInt64, within bound: UInt64 = Self.bound) -> Bool {
            simulation.run(until: start + bound) { simulation.workload.acknowledgements(since: start) }
        }
        guard serves(since: 0), becomesLeader(simulation) else {
            return simulation.violation ?? "no leader to begin with"
        }
        let closed = Self.ways.indices.filter { !isOpen($0) }.map { Self.ways[$0] }
        for (from, to) in closed { simulation.block(from: from, to: to) }
        let entered = simulation.now
        simulation.note("phase", "cut", description)
        if canServe, !serves(since: entered) {
            return simulation.violation ?? "a connected majority does not serve: \(description)"
        }
        _ = simulation.run(until: simulation.now + Self.hold) { false }
        let settled = simulation.now
        // Not only once: whoever is badly connected must not keep the others from their work.
        if canServe, !serves(since: settled, within: Self.hold) {
            return simulation.violation ?? "a connected majority does not go on serving: \(description)"
        }
        let before = simulation.machines.first(where: \.isLeader)?.node?.replica.view.term
        for (from, to) in closed { simulation.unblock(from: from, to: to) }
        if canServe, let before, let wrong = isDisturbed(simulation, since: before) { return wrong }
        if !serves(since: simulation.now) {
            return simulation.violation ?? "does not serve after healing: \(description)"
        }
        simulation.finish()
        return simulation.violation
    }

    /// Who was cut off and comes back must not depose a leader that all the others follow (thesis §9.6).
    private func isDisturbed(_ simulation: Simulation, since term: UInt64) -> String? {
        _ = simulation.run(until: simulation.now + Self.hold) { false }
        let now = simulation.machines.compactMap { $0.node?.replica.view.term }.max() ?? term
        guard simulation.violation == nil, now > term else { return simulation.violation }
        return "healing led from term \(term) to \(now): \(description)"
    }

    private func becomesLeader(_ simulation: Simulation) -> Bool {
        simulation.run(until: simulation.now + Self.bound) {
            if simulation.machines[leader].isLeader { return true }
            simulation.handOver(to: leader)
            return false
        }
    }

    private var description: String {
        let open = Self.ways.indices.filter(isOpen).map { "\(Self.ways[$0].0 + 1)→\(Self.ways[$0].1 + 1)" }
        return "leader \(leader + 1), links \(open.joined(separator: " "))"
    }
}
