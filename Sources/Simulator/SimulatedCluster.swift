import Bytes
import LogStore
import Node
import Ports
import Raft

/// Several production `Node`s over simulated disks, links and time, in one thread. Runs one step at a time in a fixed
/// order, so that the same calls give the same run.
package final class SimulatedCluster {
    package final class Member {
        package let id: NodeID
        package fileprivate(set) var disk: SimulatedDisk
        package fileprivate(set) var queue: SimulatedDiskQueue
        /// Nil while the node is down.
        package fileprivate(set) var node: Node?
        package fileprivate(set) var fault: NodeFault?
        /// The node was told that it is no member any more; its process ends with the tick.
        package fileprivate(set) var isRemoved = false

        init(id: NodeID, disk: SimulatedDisk) {
            self.id = id
            self.disk = disk
            queue = SimulatedDiskQueue(disk)
        }
    }

    package let clock = VirtualClock()
    package let network = SimulatedNetwork()
    /// Of nodes that start from now on.
    package var settings: NodeSettings
    package private(set) var members: [Member]
    private let entropy: SeededEntropy
    private let cluster = ClusterID(high: 1, low: 2)

    /// Formats and starts `count` nodes.
    package init(count: Int, seed: UInt64, settings: NodeSettings) throws(NodeFault) {
        self.settings = settings
        entropy = SeededEntropy(seed: seed)
        members = (1...count).map { Member(id: NodeID(UInt32($0)), disk: SimulatedDisk(seed: seed &+ UInt64($0))) }
        let membership = Membership(voters: members.map(\.id.rawValue))
        for member in members {
            let identity = NodeIdentity(cluster: cluster, node: member.id, membership: membership)
            try Node.format(member.disk, identity: identity, settings: settings.log, entropy: entropy)
            try start(member)
        }
    }

    /// A cluster with copies of the disks of another, none of its nodes running: many runs from one beginning.
    package init(copying other: SimulatedCluster, seed: UInt64) {
        settings = other.settings
        entropy = SeededEntropy(seed: seed)
        members = other.members.map {
            Member(id: $0.id, disk: $0.disk.duplicate(seed: seed &+ UInt64($0.id.rawValue)))
        }
    }

    /// Another machine, its directory formatted to join; not a member until it is added. Started.
    package func addMachine() throws(NodeFault) -> Member {
        let id = NodeID(UInt32(members.count + 1))
        let member = Member(id: id, disk: SimulatedDisk(seed: entropy.next()))
        members.append(member)
        try join(member)
        return member
    }

    /// The disk of a node that is down is lost, and replaced by an empty one, formatted as `founders` or to join.
    package func replaceDisk(of member: Member, founders: Membership? = nil) throws(NodeFault) {
        precondition(member.node == nil, "node \(member.id) is running")
        member.disk = SimulatedDisk(seed: entropy.next())
        if founders == nil { return try join(member) }
        let identity = NodeIdentity(cluster: cluster, node: member.id, membership: founders ?? Membership(voters: []))
        try Node.format(member.disk, identity: identity, settings: settings.log, entropy: entropy)
    }

    private func join(_ member: Member) throws(NodeFault) {
        let identity = NodeIdentity(cluster: cluster, node: member.id, membership: Membership(voters: []))
        try Node.format(member.disk, identity: identity, settings: settings.log, entropy: entropy)
        try start(member)
    }

    package func member(_ id: UInt32) -> Member { members[Int(id) - 1] }

    package func start(_ member: Member) throws(NodeFault) {
        precondition(member.node == nil, "node \(member.id) is running")
        let identity = try Node.readIdentity(member.disk)
        member.queue = SimulatedDiskQueue(member.disk)
        member.fault = nil
        member.isRemoved = false
        let environment = NodeEnvironment(
            settings: settings, disk: member.disk, queue: member.queue, transport: network.attach(member.id),
            clock: clock, entropy: entropy)
        let node = try Node.open(environment, identity: identity).node
        node.replica.onFault = { [unowned member] in member.fault = $0 }
        node.replica.onRemoved = { [unowned member] _ in member.isRemoved = true }
        member.node = node
        network.refreshConnections()
    }

    /// The process ends; what the operating system has of its writes stays (`losesPower` false) or is subject to the
    /// disk's whims.
    package func crash(_ member: Member, losesPower: Bool) {
        member.queue.dropAll()
        member.node = nil
        network.detach(member.id)
        if losesPower { member.disk.losePower() } else { member.disk.killProcess() }
    }

    /// Lets `milliseconds` pass, a tick at a time; disks and links keep up.
    package func run(milliseconds: Int) {
        for _ in 0..<(milliseconds / settings.tickMilliseconds) {
            tick()
            settle()
            for member in members where member.isRemoved && member.node != nil { crash(member, losesPower: false) }
        }
    }

    /// Time passes, and nothing else happens yet.
    package func tick() {
        clock.advance(milliseconds: UInt64(settings.tickMilliseconds))
        for member in members { member.node?.tick() }
    }

    /// Runs until no disk work and no frame is left. Time stands still.
    package func settle() {
        while step() {}
    }

    /// Runs one piece of disk work of each node, then delivers one frame; false if there was nothing to do. Time stands
    /// still.
    @discardableResult package func step() -> Bool {
        var isBusy = false
        for member in members where member.node != nil {
            member.node?.endTurn()
            if runSomeDiskWork(of: member) { isBusy = true }
        }
        return network.deliverNext() || isBusy
    }

    /// Batches, reads and jobs overtake each other, as they do on threads of their own.
    private func runSomeDiskWork(of member: Member) -> Bool {
        switch entropy.next() % 3 {
        case 0: member.queue.runNextRead() || member.queue.runNext()
        case 1: member.queue.runNextJob() || member.queue.runNext()
        default: member.queue.runNext()
        }
    }

    /// Runs until `condition` holds, at most `limit` simulated milliseconds.
    package func run(until condition: () -> Bool, limit: Int = 20_000) -> Bool {
        var passed = 0
        while !condition() {
            if passed >= limit { return false }
            run(milliseconds: settings.tickMilliseconds)
            passed += settings.tickMilliseconds
        }
        return true
    }

    /// The member that leads and takes requests, if there is exactly one.
    package var leader: Member? {
        let leaders = members.filter { $0.node?.replica.admission != nil }
        return leaders.count == 1 ? leaders[0] : nil
    }
}
