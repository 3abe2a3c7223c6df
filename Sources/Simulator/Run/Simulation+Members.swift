import LogStore
import Node
import Raft

// Machines that join, leave, and lose their disks.

extension Simulation {
    var members: [Machine] { machines.filter { clusterOperator.membership.contains($0.id.rawValue) } }

    /// A new data directory: as one of the founders, or to join (`founders` has no voters then).
    func format(_ machine: Machine, founders: Membership) {
        let identity = NodeIdentity(cluster: cluster, node: machine.id, membership: founders)
        do {
            try Node.format(machine.disk, identity: identity, settings: plan.settings.log, entropy: machine.entropy)
        } catch {
            fail("node \(machine.id) cannot be formatted: \(error)")
        }
    }

    /// The disk is gone, and an empty one is in its place.
    func loseDisk(of machine: Machine, _ how: Crash) {
        crash(machine, how)
        note("node \(machine.id)", "disk lost")
        replaceDisk(of: machine, .lost)
        start(machine)
    }

    /// Formatted anew, under the same number, and started.
    func formatAnew(_ machine: Machine, isPosing: Bool = false) {
        crash(machine, .killed)
        let isFirst = machine.data == .none
        replaceDisk(of: machine, isPosing ? .posing : .own)
        let founders = Membership(voters: machines.prefix(plan.machines).map(\.id.rawValue))
        format(machine, founders: isPosing ? founders : Membership(voters: []))
        note("node \(machine.id)", "formatted", isPosing ? "as a founder" : "to join")
        start(machine)
        guard isFirst else { return }
        for other in machines where other !== machine && other.data != .none {
            schedule(.connect(pair: pair(machine.number, other.number)), after: 1000)
        }
    }

    private func replaceDisk(of machine: Machine, _ data: MachineData) {
        machine.replaceDisk(data)
        observer.diskReplaced(machine)
    }

    /// The cluster has lost what this machine had, and the process said so instead of going on without.
    func refused(_ machine: Machine, _ fault: FaultClass) {
        machine.disk.killProcess()
        if !machine.hasRefused { coverage[fault] += 1 }
        machine.hasRefused = true
    }

    /// The process was told that it is no member any more. It ends, as the server does, when its loop comes to it.
    func leave(_ machine: Machine) {
        guard !machine.isLeaving else { return }
        guard clusterOperator.mayLeave(machine) else { return fail("node \(machine.id), a member, left the cluster") }
        machine.isLeaving = true
        let incarnation = machine.incarnation
        note("node \(machine.id)", "leaves")
        after(networkRandom.between(1_000...50_000)) { [unowned self] in
            if machine.incarnation == incarnation { self.crash(machine, .killed) }
        }
    }

    /// Who was removed has ended and ends again when it is started. One that was removed before its own log said that
    /// it is a member waits to become one (seed 4523).
    var haveRemovedEnded: Bool {
        machines.allSatisfy { machine in
            !machine.isUp || machine.data != .own || !clusterOperator.hasRemoved(machine)
                || machine.node?.replica.awaitsMembership == true
        }
    }
}
