/// What a run came to.
package struct SimulationResult: Sendable {
    package let seed: UInt64
    /// What went wrong, or nil.
    package private(set) var violation: String?
    package let coverage: Coverage
    /// Over every event of the run.
    package let eventHash: UInt64
    package let events: Int
    /// Microseconds of simulated time.
    package let simulated: UInt64
    package let acknowledged: Int
    package let elections: Int
    /// Microseconds from the end of the faults to the first acknowledgement that every producer had.
    package let recovery: UInt64

    /// The same seed must have given the same run, event by event.
    package mutating func compare(with other: SimulationResult) {
        guard violation == nil, eventHash != other.eventHash || events != other.events else { return }
        violation = "not deterministic: \(events) events and then \(other.events), with other hashes"
    }
}

extension Simulation {
    /// The leader hands over to another machine, if there is a leader that can.
    func handOver(to machine: Int) {
        guard let leader = machines.first(where: \.isLeader) else { return }
        leader.node?.replica.transferLeadership(to: machines[machine].id)
        finishTurn(leader)
    }

    /// Longest time, in simulated microseconds, in which a healthy core must serve again, and all must agree.
    private static let livenessBound: UInt64 = 20_000_000

    /// The whole run: faults under load; then a healthy majority alone must serve; then everything that can run must
    /// come to the same end.
    package func run() -> SimulationResult {
        var recovery: UInt64 = 0
        boot()
        if violation == nil {
            nemesis.begin(in: self)
            _ = run(until: plan.safetyPhase) { false }
        }
        if violation == nil { recovery = converge() }
        if violation == nil { finish() }
        coverage[.committedUnflushed] += observer.unflushedCommits
        coverage[.leaderAckLost] += history.lostLeaderAcks
        for machine in machines { machine.gateway?.abandon() }
        return SimulationResult(
            seed: plan.seed, violation: violation, coverage: coverage, eventHash: eventHash, events: eventCount,
            simulated: now, acknowledged: history.acknowledgedCount, elections: observer.elections,
            recovery: recovery)
    }

    /// I17: the faults are over, some nodes are down for good: the others must serve.
    private func converge() -> UInt64 {
        note("phase", "liveness", "faults end")
        nemesis.stop(in: self)
        guard endChanges() else { return 0 }
        let voters = machines.filter { clusterOperator.membership.voters.contains($0.id.rawValue) }
        let majority = voters.count / 2 + 1
        var core = voters.filter { !$0.isKeptDown && !$0.isDamaged }
        guard core.count >= majority else {
            fail("only \(core.count) of \(voters.count) voters can run, although a minority was damaged")
            return 0
        }
        // Those that have lost what they had written cannot do without the others.
        let sure = core.filter { !nemesis.mayLack($0) }
        let isFew = networkRandom.chance(perMille: 500)
        if sure.count >= majority {
            core = isFew ? Array(sure.shuffled(using: &networkRandom).prefix(majority)) : sure
        }
        for machine in machines where !core.contains(where: { $0 === machine }) { crash(machine, .killed) }
        for machine in core where !machine.isUp { start(machine) }
        let start = now
        let names = core.map { "\($0.id)" }.joined(separator: ", ")
        note("phase", "core", "nodes \(names)")
        guard run(until: now + Self.livenessBound, { self.workload.acknowledgements(since: start) }) else {
            fail("I17: nodes \(names) are connected and healthy, and do not serve")
            return 0
        }
        return now - start
    }

    /// A change of the members that is under way comes to its end: who counts is known then. A learner need not catch
    /// up with a cluster that is kept as busy as its links and disks can bear; its operator asks for less then, and is
    /// patient as long as the learner lacks less and less.
    private func endChanges() -> Bool {
        if clusterOperator.isIdle { return true }
        note("phase", "members", "all nodes start")
        for machine in machines where !machine.isUp { start(machine) }
        if run(until: now + Self.livenessBound / 2, { self.clusterOperator.isIdle }) { return true }
        note("operator", "slows writers", "\(clusterOperator.undone) takes long")
        slowdown = 10
        var missing = UInt64.max
        while clusterOperator.missing ?? 0 < missing {
            missing = clusterOperator.missing ?? 0
            if run(until: now + Self.livenessBound / 2, { self.clusterOperator.isIdle }) { return true }
        }
        fail("I17: \(clusterOperator.undone) does not come to its end")
        return false
    }

    /// Everything that can run does, and all that clients were told is compared with what is there.
    func finish() {
        note("phase", "convergence", "all nodes start")
        for machine in machines where !machine.isUp { start(machine) }
        workload.close()
        guard run(until: now + Self.livenessBound, { self.workload.isDrained }) else {
            return fail("I17: values are still unacknowledged long after all faults ended")
        }
        workload.beginFinalAudit()
        guard run(until: now + Self.livenessBound, { self.workload.isAudited }) else {
            return fail("I17: \(workload.unrest ?? "the topics cannot be read to their end")")
        }
        guard isEqual() else {
            let difference = observer.difference(members)
            return fail("I18: \(difference ?? "a node does not start, or one that was removed does not end")")
        }
        compareMembers()
    }

    private func isEqual() -> Bool {
        let members = members
        return run(until: now + Self.livenessBound) {
            members.allSatisfy { $0.isUp || $0.isKeptDown } && self.haveRemovedEnded
                && self.observer.difference(members) == nil
        }
    }

    /// The members are whom the operator was told they are.
    private func compareMembers() {
        let expected = clusterOperator.membership
        for machine in members {
            guard let found = machine.node?.replica.configuration.membership, found != expected else { continue }
            return fail("I14: node \(machine.id) has \(found), the operator was told \(expected)")
        }
    }
}
