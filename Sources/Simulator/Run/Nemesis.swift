import Node
import Ports

/// Injects a run's faults, and heals them.
final class Nemesis {
    var random: SimulationRandom
    private let plan: SimulationPlan
    /// What ends each fault that is under way, by its number, in order of number.
    private var cures: [(number: Int, end: () -> Void)] = []
    private var nextNumber = 0
    private(set) var isActive = true
    /// The minority whose stored bytes may be damaged: the others always have a good copy.
    let victims: [Int]
    /// The one whose wall clock jumps: records expire by what a majority's clocks say.
    private var jumping: Machine?
    /// The minority comes back to a leader whose records do not reach it. Once at a time.
    var isForgetting = false
    /// Machines that lose power during their next recovery.
    private var crashesInRecovery: [Int] = []

    init(random: SimulationRandom, plan: SimulationPlan) {
        var random = random
        let order = (0..<plan.machines).shuffled(using: &random)
        let isHurt = plan.faults.contains(where: FaultClass.ofVictims.contains)
            || plan.hasRelaxed && plan.faults.contains(where: FaultClass.ofPower.contains)
        victims = isHurt ? Array(order.prefix((plan.machines - 1) / 2)) : []
        self.random = random
        self.plan = plan
    }

    /// Whether `machine` may lose power.
    private func mayLosePower(_ machine: Machine) -> Bool {
        !plan.hasRelaxed || victims.contains(machine.number)
    }

    /// Whether `machine` may be waiting for what it has lost.
    func mayLack(_ machine: Machine) -> Bool { plan.hasRelaxed && victims.contains(machine.number) }

    func begin(in simulation: Simulation) {
        guard !plan.faults.isEmpty else { return }
        simulation.schedule(.nemesis, after: pause)
    }

    private var pause: UInt64 { random.between(plan.faultInterval / 2...plan.faultInterval * 3 / 2) }
    func restartDelay() -> UInt64 { random.between(20_000...1_500_000) }

    func act(in simulation: Simulation) {
        guard isActive else { return }
        inject(random.pick(plan.faults), in: simulation)
        simulation.schedule(.nemesis, after: pause)
    }

    /// No more faults; those under way end.
    func stop(in simulation: Simulation) {
        isActive = false
        while let cure = cures.first {
            cures.removeFirst()
            cure.end()
        }
        crashesInRecovery = []
        for machine in simulation.machines {
            machine.disk.losesPower = nil
            machine.disk.faults = []
        }
    }

    func heal(_ number: Int, in simulation: Simulation) {
        guard let position = cures.firstIndex(where: { $0.number == number }) else { return }
        let cure = cures.remove(at: position)
        cure.end()
        // The next fault often comes while the cluster recovers from this one.
        if isActive, random.chance(perMille: 300) { inject(random.pick(plan.faults), in: simulation) }
    }

    /// `end` is called after `duration` microseconds, or when the faults stop.
    func cure(after duration: UInt64, in simulation: Simulation, _ end: @escaping () -> Void) {
        cures.append((nextNumber, end))
        simulation.schedule(.heal(number: nextNumber), after: duration)
        nextNumber += 1
    }

    private func inject(_ fault: FaultClass, in simulation: Simulation) {
        switch fault {
        case .isolateLeader, .isolateFollower, .isolateLeaderAndClients, .clientsCutOff, .cutLink, .cutOneWay,
            .flapping, .loss, .duplication, .reordering, .delay, .clog:
            disturbLinks(fault, in: simulation)
        case .killOne, .killSeveral, .killAll, .pause, .pauseAndKill, .powerOne, .powerAll:
            stopProcesses(fault, in: simulation)
        case .crashInRecovery, .crashInSnapshot, .crashInTruncation, .crashInElection, .crashInSegmentRoll:
            armCrashPoint(fault, in: simulation)
        case .syncError, .writeError, .readError, .noSpace, .stall, .slowDisk: disturbDisk(fault, in: simulation)
        case .damagedLog, .damagedSidecar, .damagedSnapshot, .damagedVoteSlot, .staleSector, .misdirectedWrite:
            damage(fault, in: simulation)
        case .bitRot: turnBits(in: simulation)
        case .forgetfulMinority:
            random.chance(perMille: 400) ? forgetBehindLeader(in: simulation) : forgetWithKeeper(in: simulation)
        case .lowSpace: crowdDisks(in: simulation)
        case .leaderRelay: relay(4 + random.below(6), after: nil, in: simulation)
        case .clockJump, .clockDrift: disturbClock(fault, in: simulation)
        case .memberAdded, .memberRemoved, .leaderRemoved, .lostDisk, .lostDiskAsFounder, .twoChanges:
            simulation.clusterOperator.begin(fault)
        case .transferToMember: transferToMember(in: simulation)
        case .transfer, .clientKilled, .clientStalled, .overload: disturbClients(fault, in: simulation)
        case .lostWrite, .tornWrite, .reorderedWrites, .lostName, .memberReturned: break
        // Groups see to their members themselves.
        case .groupMemberCrashed, .groupMemberPaused, .groupMemberLeft, .staticMemberReplaced, .groupProtocolChanged,
            .sharedWithClassic, .classicRebalance, .consumerRebalance, .staleCommitRefused, .groupTransactionCommitted,
            .groupTransactionAborted, .slowRevocation, .unstableOffsets, .formerCoordinatorAsked:
            break
        case .partitionCleaned, .segmentsRewritten, .replacementRefused, .committedUnflushed, .rejoined,
            .acknowledgedByLeader, .leaderAckLost:
            break
        }
    }

    func fired(_ fault: FaultClass, in simulation: Simulation, _ detail: @autoclosure () -> String = "") {
        simulation.coverage[fault] += 1
        simulation.note("nemesis", fault.rawValue, detail())
    }

    /// What a power loss has done to what was not synced.
    func note(_ loss: PowerLoss, in simulation: Simulation) {
        simulation.coverage[.lostWrite] += loss.lostWrites
        simulation.coverage[.tornWrite] += loss.tornWrites
        simulation.coverage[.lostName] += loss.lostNames
        if loss.isReordered { simulation.coverage[.reorderedWrites] += 1 }
    }
}

// MARK: - Links

extension Nemesis {
    private func disturbLinks(_ fault: FaultClass, in simulation: Simulation) {
        let leader = simulation.machines.first(where: \.isLeader)?.number
        let all = simulation.machines.filter { $0.data != .none }.map(\.number)
        let place = random.below(all.count)
        let anyone = all[place]
        let other = all[(place + 1 + random.below(all.count - 1)) % all.count]
        let duration = random.between(100_000...4_000_000)
        switch fault {
        case .isolateLeader, .isolateLeaderAndClients:
            guard let leader else { return }
            fired(fault, in: simulation, "node \(leader + 1)")
            isolate(leader, withClients: fault == .isolateLeaderAndClients, for: duration, in: simulation)
        case .isolateFollower:
            let chosen = random.pick(all.filter { $0 != leader })
            fired(fault, in: simulation, "node \(chosen + 1)")
            isolate(chosen, withClients: false, for: duration, in: simulation)
        case .clientsCutOff:
            fired(fault, in: simulation, "node \(anyone + 1)")
            simulation.clientBlocks[anyone] += 1
            cure(after: duration, in: simulation) { simulation.clientBlocks[anyone] -= 1 }
        case .cutLink, .cutOneWay:
            fired(fault, in: simulation, "from \(anyone + 1) to \(other + 1)")
            let ways = fault == .cutLink ? [(anyone, other), (other, anyone)] : [(anyone, other)]
            block(ways, for: duration, in: simulation)
        case .flapping:
            fired(fault, in: simulation, "between \(anyone + 1) and \(other + 1)")
            for step in 0..<(3 + random.below(10)) {
                simulation.after(UInt64(step) * 150_000) { [unowned self] in
                    guard self.isActive else { return }
                    let time = self.random.between(10_000...140_000)
                    self.block([(anyone, other), (other, anyone)], for: time, in: simulation)
                }
            }
        case .clog:
            fired(fault, in: simulation, "from \(anyone + 1) to \(other + 1)")
            block([(anyone, other)], for: random.between(20_000...290_000), in: simulation)
        default: degrade(fault, for: duration, in: simulation)
        }
    }

    func isolate(_ machine: Int, withClients: Bool, for duration: UInt64, in simulation: Simulation) {
        let others = simulation.machines.indices.filter { $0 != machine }
        block(others.flatMap { [(machine, $0), ($0, machine)] }, for: duration, in: simulation)
        guard withClients else { return }
        // These clients are on the leader's side: the other machines cannot be reached.
        for other in others { simulation.clientBlocks[other] += 1 }
        cure(after: duration, in: simulation) { for other in others { simulation.clientBlocks[other] -= 1 } }
    }

    /// Each new leader is cut off within moments of its election, and the one before is back: logs of several terms
    /// compete, as in Figure 8 of the paper.
    private func relay(_ rounds: Int, after last: (machine: Int, cut: Int)?, in simulation: Simulation) {
        guard isActive, rounds > 0 else { return }
        let delay = random.pick([0, random.below(3_000), random.below(20_000), random.below(200_000)])
        let leader = simulation.machines.first { $0.number != last?.machine && $0.node?.replica.isLeader == true }
        guard let leader else {
            simulation.after(500) { [unowned self] in self.relay(rounds, after: last, in: simulation) }
            return
        }
        simulation.after(UInt64(delay)) { [unowned self] in
            guard self.isActive else { return }
            self.fired(.leaderRelay, in: simulation, "node \(leader.id)")
            let others = simulation.machines.indices.filter { $0 != leader.number }
            let ways = others.flatMap { [(leader.number, $0), ($0, leader.number)] }
            let cut = self.nextNumber
            self.block(ways, for: 3_000_000, in: simulation)
            if let last { self.heal(last.cut, in: simulation) }
            self.relay(rounds - 1, after: (leader.number, cut), in: simulation)
        }
    }

    func block(_ ways: [(Int, Int)], for duration: UInt64, in simulation: Simulation) {
        for (from, to) in ways { simulation.block(from: from, to: to) }
        cure(after: duration, in: simulation) { for (from, to) in ways { simulation.unblock(from: from, to: to) } }
    }

    /// Every link is bad for a while. What that does is counted frame by frame.
    private func degrade(_ fault: FaultClass, for duration: UInt64, in simulation: Simulation) {
        simulation.note("nemesis", fault.rawValue)
        let amount = random.below(1000)
        let longest: UInt64 = random.pick([2_000, 50_000, 500_000, 5_000_000])
        for pair in simulation.pairs.indices {
            switch fault {
            case .loss: simulation.pairs[pair].lossPerMille = amount * 3 / 10
            case .duplication: simulation.pairs[pair].duplicationPerMille = amount / 2
            case .reordering: simulation.pairs[pair].reorderingPerMille = amount
            default: simulation.pairs[pair].extraDelay = longest
            }
        }
        cure(after: duration, in: simulation) {
            for pair in simulation.pairs.indices {
                switch fault {
                case .loss: simulation.pairs[pair].lossPerMille = 0
                case .duplication: simulation.pairs[pair].duplicationPerMille = 0
                case .reordering: simulation.pairs[pair].reorderingPerMille = 0
                default: simulation.pairs[pair].extraDelay = 0
                }
            }
        }
    }
}

// MARK: - Processes and power

extension Nemesis {
    private func stopProcesses(_ fault: FaultClass, in simulation: Simulation) {
        let running = simulation.machines.filter(\.isUp)
        guard !running.isEmpty else { return }
        let one = random.chance(perMille: 500) ? running.first(where: \.isLeader) : nil
        var chosen = one ?? random.pick(running)
        if fault == .powerOne, !mayLosePower(chosen) {
            guard let other = running.first(where: mayLosePower) else { return }
            chosen = other
        }
        switch fault {
        case .pause, .pauseAndKill:
            let duration = random.pick([random.between(100_000...1_000_000), random.between(1_000_000...8_000_000)])
            fired(fault, in: simulation, "node \(chosen.id) for \(duration / 1000) ms")
            chosen.pause(until: simulation.now + duration)
            let incarnation = chosen.incarnation
            cure(after: duration, in: simulation) { [unowned self] in
                guard chosen.isUp, chosen.incarnation == incarnation else { return }
                if fault == .pauseAndKill { return self.stop([chosen], .killed, in: simulation) }
                if !self.isActive || chosen.pausedUntil <= simulation.now { simulation.resume(chosen) }
            }
        case .killOne, .powerOne:
            fired(fault, in: simulation, "node \(chosen.id)")
            stop([chosen], fault == .killOne ? .killed : .power, in: simulation)
        case .killSeveral:
            let count = min(running.count, 2)
            fired(fault, in: simulation, "\(count) nodes")
            stop(Array(running.shuffled(using: &random).prefix(count)), .killed, in: simulation)
        default:
            fired(fault, in: simulation)
            for machine in running {
                stop([machine], fault == .powerAll && mayLosePower(machine) ? .power : .killed, in: simulation)
            }
        }
    }

    private func stop(_ machines: [Machine], _ how: Simulation.Crash, in simulation: Simulation) {
        for machine in machines {
            simulation.crash(machine, how)
            cure(after: restartDelay(), in: simulation) { if !machine.isUp { simulation.start(machine) } }
        }
    }

    private func armCrashPoint(_ fault: FaultClass, in simulation: Simulation) {
        let running = simulation.machines.filter { $0.isUp && mayLosePower($0) }
        guard !running.isEmpty else { return }
        let machine = random.pick(running)
        if fault == .crashInRecovery {
            crashesInRecovery.append(machine.number)
            return stop([machine], random.pick([.killed, .power]), in: simulation)
        }
        let generation = machine.node?.replica.view.logGeneration
        // Not the first such write but one of the first few.
        var skip = random.below(3)
        machine.disk.losesPower = { [unowned self] operation, path in
            guard let view = machine.node?.replica.view,
                Self.isAt(fault, operation, path, hasTruncated: view.logGeneration != generation)
            else { return false }
            skip -= 1
            guard skip < 0 else { return false }
            self.fired(fault, in: simulation, "node \(machine.id), \(operation) of \(path)")
            return true
        }
    }

    private static func isAt(_ fault: FaultClass, _ operation: String, _ path: String, hasTruncated: Bool) -> Bool {
        switch fault {
        case .crashInSnapshot: path.contains(".snapshot") || path.contains(".received")
        case .crashInTruncation: hasTruncated && (path.hasSuffix("term-and-vote") || operation == "remove")
        case .crashInElection: !hasTruncated && path.hasSuffix("term-and-vote")
        default: operation == "rename" && path.hasSuffix(".spare")
        }
    }

    /// A process is about to recover from `machine`'s disk.
    func starting(_ machine: Machine, in simulation: Simulation) {
        guard let position = crashesInRecovery.firstIndex(of: machine.number) else { return }
        crashesInRecovery.remove(at: position)
        let call = 1 + random.below(4)
        var calls = 0
        machine.disk.losesPower = { [unowned self] operation, path in
            // Once it serves, its recovery is over.
            if machine.isUp { return false }
            calls += 1
            guard calls == call else { return false }
            self.fired(.crashInRecovery, in: simulation, "node \(machine.id), \(operation) of \(path)")
            return true
        }
    }
}

// MARK: - Disks

extension Nemesis {
    private func disturbDisk(_ fault: FaultClass, in simulation: Simulation) {
        let machine = random.pick(simulation.machines.filter { $0.data != .none })
        let disk = machine.disk
        switch fault {
        case .stall:
            machine.stalledUntil = simulation.now + random.between(500_000...6_000_000)
            fired(fault, in: simulation, "node \(machine.id)")
            cure(after: machine.stalledUntil - simulation.now, in: simulation) { machine.stalledUntil = 0 }
        case .slowDisk:
            machine.diskDelay = random.between(5_000...100_000)
            fired(fault, in: simulation, "node \(machine.id), \(machine.diskDelay) µs")
            cure(after: random.between(200_000...4_000_000), in: simulation) { machine.diskDelay = 0 }
        case .noSpace:
            machine.mayFail = true
            let refused = disk.refusedForSpace
            disk.capacity = disk.usedBytes + random.between(0...65_536)
            simulation.note("nemesis", "no-space", "node \(machine.id)")
            cure(after: random.between(500_000...3_000_000), in: simulation) {
                simulation.coverage[.noSpace] += disk.refusedForSpace - refused
                disk.capacity = 1 << 40
            }
        default:
            // After a failed write or sync the medium may not have what the system shows: like damage, for a minority.
            let victim = simulation.machines[random.pick(victims)]
            let operation = fault == .syncError ? "sync" : fault == .writeError ? "write" : "read"
            let disk = victim.disk
            victim.mayFail = true
            let fired = disk.firedFaults.count
            disk.faults.append(SimulatedDisk.Fault(operation: operation, skip: random.below(20)))
            simulation.note("nemesis", fault.rawValue, "node \(victim.id)")
            cure(after: random.between(500_000...3_000_000), in: simulation) {
                simulation.coverage[fault] += disk.firedFaults.count - fired
                disk.faults = []
            }
        }
    }

    /// The leader's disk, or any number of disks, gets low on space for a while.
    private func crowdDisks(in simulation: Simulation) {
        let machines = simulation.machines.filter { $0.data != .none }
        var crowded = Array(machines.shuffled(using: &random).prefix(1 + random.below(machines.count)))
        if let leader = machines.first(where: \.isLeader), random.chance(perMille: 400) { crowded = [leader] }
        let minimum = plan.settings.minimumFreeBytes
        for machine in crowded {
            machine.mayFail = true
            machine.disk.capacity = machine.disk.usedBytes + random.between(minimum / 2...minimum - 1)
            simulation.note("nemesis", "low-space", "node \(machine.id)")
        }
        let disks = crowded.map(\.disk)
        cure(after: random.between(500_000...4_000_000), in: simulation) {
            for disk in disks { disk.capacity = 1 << 40 }
        }
    }

    /// Bytes change under a node that is down, and it starts again.
    private func damage(_ fault: FaultClass, in simulation: Simulation) {
        let machine = simulation.machines[random.pick(victims)]
        guard !machine.isKeptDown, !simulation.clusterOperator.isAbout(machine),
            let path = target(of: fault, on: machine.disk)
        else { return }
        simulation.crash(machine, .killed)
        machine.noteDamage()
        let size = machine.disk.contents(path)?.count ?? 0
        let sector = 512 * random.below(max(size / 512, 1))
        let other = 512 * random.below(max(size / 512, 1))
        let slot = random.pick([0, 4096])
        let byte = random.below(max(size, 1))
        let bit = UInt8(1) << UInt8(random.below(8))
        fired(fault, in: simulation, "node \(machine.id), \(path), byte \(byte), sector \(sector / 512)")
        machine.disk.damage(path) { bytes in
            switch fault {
            case .staleSector: for place in sector..<min(sector + 512, bytes.count) { bytes[place] = 0 }
            case .misdirectedWrite:
                for place in 0..<512 where max(sector, other) + place < bytes.count {
                    bytes[sector + place] = bytes[other + place]
                }
            case .damagedVoteSlot: bytes[slot + byte % 64] ^= bit
            default: bytes[byte] ^= bit
            }
        }
        cure(after: restartDelay(), in: simulation) { if !machine.isUp { simulation.start(machine) } }
    }

    /// A bit turns in each of the sealed segments of a running node, the leader's if it may be damaged.
    private func turnBits(in simulation: Simulation) {
        let running = victims.map { simulation.machines[$0] }.filter { $0.isUp && !$0.isPaused }
        guard let machine = running.first(where: \.isLeader) ?? running.first else { return }
        for path in machine.disk.paths.filter({ $0.hasSuffix(".log") }).dropLast() {
            let byte = random.below(machine.disk.contents(path)?.count ?? 1)
            machine.noteDamage()
            fired(.bitRot, in: simulation, "node \(machine.id), \(path), byte \(byte)")
            machine.disk.flip(path, byte: byte, mask: UInt8(1) << UInt8(random.below(8)))
        }
    }

    private func target(of fault: FaultClass, on disk: SimulatedDisk) -> String? {
        let suffix =
            switch fault {
            case .damagedSidecar: ".idx"
            case .damagedSnapshot: ".snapshot"
            case .damagedVoteSlot: "term-and-vote"
            default: ".log"
            }
        let paths = disk.paths.filter { $0.hasSuffix(suffix) && (disk.contents($0)?.count ?? 0) > 0 }
        return paths.isEmpty ? nil : random.pick(paths)
    }
}

// MARK: - Clocks and clients

extension Nemesis {
    private func disturbClock(_ fault: FaultClass, in simulation: Simulation) {
        if fault == .clockJump {
            let machine = jumping ?? random.pick(simulation.machines)
            jumping = machine
            let jump = Int64(random.below(7_200_000)) - 3_600_000
            fired(fault, in: simulation, "node \(machine.id) by \(jump) ms")
            machine.clock.wallOffsetMilliseconds += jump
        } else {
            let machine = random.pick(simulation.machines)
            let drift = Int64(random.below(200_001)) - 100_000
            fired(fault, in: simulation, "node \(machine.id) by \(drift) millionths")
            machine.clock.setDrift(drift)
            cure(after: random.between(500_000...5_000_000), in: simulation) { machine.clock.setDrift(0) }
        }
    }

    /// As an operator asks for it: to a voter that is near the leader's log.
    private func transferToMember(in simulation: Simulation) {
        guard let leader = simulation.machines.first(where: { $0.isLeader && !$0.isPaused }),
            let replica = leader.node?.replica
        else { return }
        let others = replica.raft.membership.voters.filter { $0 != leader.id.rawValue }
        guard !others.isEmpty else { return }
        let target = random.pick(others)
        if replica.transferLeadership(to: NodeID(target)) == .started {
            fired(.transferToMember, in: simulation, "from node \(leader.id) to \(target)")
        }
        simulation.finishTurn(leader)
    }

    private func disturbClients(_ fault: FaultClass, in simulation: Simulation) {
        let producer = random.pick(simulation.workload.producers)
        switch fault {
        case .transfer:
            guard let leader = simulation.machines.first(where: \.isLeader), !leader.isPaused else {
                return
            }
            fired(fault, in: simulation, "from node \(leader.id)")
            leader.node?.beginHandOver()
            simulation.finishTurn(leader)
        case .clientKilled:
            fired(fault, in: simulation, producer.name)
            producer.kill()
        case .clientStalled:
            fired(fault, in: simulation, producer.name)
            producer.stall(until: simulation.now + random.between(200_000...3_000_000))
        default:
            fired(fault, in: simulation)
            for producer in simulation.workload.producers { producer.burst = 10 }
            cure(after: random.between(100_000...600_000), in: simulation) {
                for producer in simulation.workload.producers { producer.burst = 1 }
            }
        }
    }
}
