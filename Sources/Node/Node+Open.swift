import Broker
import Bytes
import LogStore
import Ports
import Raft

extension Node {
    static let groupDirectory = "group-0"

    /// The explicit first start: writes the identity file and an empty log below the disk's root. Refuses a root that
    /// holds anything of a node already.
    package static func format(
        _ disk: any Disk, identity: NodeIdentity, settings: LogStoreSettings, entropy: any Entropy
    ) throws(NodeFault) {
        let present = try onDisk { () throws(DiskFailure) in try disk.list("") }
        if let found = present.first(where: { $0.name == NodeIdentity.fileName || $0.name == groupDirectory }) {
            throw .badIdentity("the directory is already formatted: it holds '\(found.name)'")
        }
        var identity = identity
        while identity.incarnation == 0 { identity.incarnation = entropy.next() }
        do {
            try LogStore.format(disk, directory: groupDirectory, settings: settings, entropy: entropy.next)
        } catch {
            throw .log(error)
        }
        try onDisk { () throws(DiskFailure) in
            let file = try disk.open(NodeIdentity.fileName, .createNew)
            defer { disk.close(file) }
            try disk.write(file, offset: 0, [identity.encoded()])
            try disk.sync(file)
            try disk.syncDirectory("")
        }
    }

    private static func onDisk<Result>(
        _ body: () throws(DiskFailure) -> Result
    ) throws(NodeFault) -> Result {
        do {
            return try body()
        } catch {
            throw .disk(error)
        }
    }

    /// Reads the identity file; its absence means the directory was never formatted, or has lost its state.
    package static func readIdentity(_ disk: any Disk) throws(NodeFault) -> NodeIdentity {
        let bytes = try onDisk { () throws(DiskFailure) -> ByteSlice? in
            guard try disk.list("").contains(where: { $0.name == NodeIdentity.fileName }) else { return nil }
            let file = try disk.open(NodeIdentity.fileName, .readOnly)
            defer { disk.close(file) }
            return try disk.read(file, offset: 0, count: Int(min(try disk.size(file), 1 << 20)))
        }
        guard let bytes else { throw .notFormatted }
        do {
            return try NodeIdentity(decoding: bytes)
        } catch {
            throw .badIdentity(error.description)
        }
    }

    /// Recovers everything from disk (blocking) and joins it into a node, which then waits for its loop.
    package static func open(
        _ environment: NodeEnvironment, identity: NodeIdentity
    ) throws(NodeFault) -> (node: Node, findings: [RecoveryFinding]) {
        let opened: (store: LogStore, recovered: RecoveredLog)
        do {
            opened = try LogStore.open(
                environment.disk, directory: groupDirectory, settings: environment.settings.log,
                entropy: environment.entropy.next)
        } catch {
            throw .log(error)
        }
        if let damaged = opened.recovered.damaged.first, identity.membership.voters.count == 1 {
            throw .unreadableEntry(index: damaged.first, damaged.description)
        }
        let restored = try restore(opened.store, opened.recovered, environment, identity)
        let replica = Replica(
            environment: ReplicaEnvironment(
                group: GroupID(0), identity: identity, settings: environment.settings, disk: environment.queue,
                transport: environment.transport, clock: environment.clock, entropy: environment.entropy),
            restored: restored)
        let node = Node(identity: identity, replica: replica, environment: environment)
        return (node, opened.recovered.findings)
    }

    private static func restore(
        _ log: LogStore, _ recovered: RecoveredLog, _ environment: NodeEnvironment, _ identity: NodeIdentity
    ) throws(NodeFault) -> RestoredReplica {
        var broker = Broker()
        var history = ConfigurationLog(base: identity.membership)
        if let snapshot = recovered.snapshot {
            (broker, history) = try SnapshotCodec.load(snapshot, of: log, from: environment.disk)
        }
        for configuration in recovered.configurations where configuration.index > history.lastIndex {
            do {
                history.append(try GroupConfiguration(decoding: [configuration.payload]), at: configuration.index)
            } catch {
                throw .undecodableEntry(index: configuration.index, error)
            }
        }
        let applied = recovered.snapshot?.index ?? 0
        let base = log.base
        let state = RestoredState(
            term: recovered.term, vote: recovered.vote, snapshot: Position(index: base.index, term: base.term),
            runs: recovered.runs.map { TermRun(term: $0.term, first: $0.first) }, lastIndex: recovered.lastIndex,
            baseMembership: history.entry(at: base.index).configuration.membership,
            // Those of entries still to come, which the snapshot tells of already, come again with their entries.
            memberships: history.memberships(after: base.index, through: recovered.lastIndex),
            commit: min(applied, recovered.lastIndex), isRejoining: log.isRejoining, rejoins: log.rejoins)
        return RestoredReplica(
            raft: state, log: log, broker: broker, lastTimestamp: broker.clock, appliedIndex: applied,
            configurations: history, snapshot: recovered.snapshot)
    }
}
