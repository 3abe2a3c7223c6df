import Broker
import Bytes
import LogStore
import Ports
import Raft

/// One group on one node: Raft, the log, and the broker state machine, joined. Owned by the event loop; every method
/// runs to completion and never blocks. It turns Raft's outputs into disk and peer work, and their completions into
/// Raft's inputs.
package final class Replica {
    package let group: GroupID
    package let node: NodeID
    let settings: NodeSettings
    let disk: any DiskQueue
    let transport: any Transport
    let clock: any Clock
    let entropy: any Entropy

    package internal(set) var raft: Raft
    package internal(set) var log: LogStore
    package internal(set) var broker: Broker
    /// The leader's view at the tail of the log; nil unless this node leads and has applied its own no-op.
    package internal(set) var admission: Admission?

    var cache = EntryCache()
    /// The newest entry's timestamp: the leader's stamps never go back.
    var lastTimestamp: Int64
    /// The last entry the broker has applied; ahead of the log's end only while a received snapshot's entries arrive.
    package internal(set) var appliedIndex: UInt64
    package internal(set) var configurations: ConfigurationLog
    var acquaintances: Acquaintances
    /// The committed configuration by which this node is no longer a member.
    package internal(set) var removedAt: UInt64?
    /// The newest configuration by which others have told this node that it is no member, and it could not tell
    /// whether it ever was one.
    var toldOutside: UInt64?

    var waiters = WaiterQueue()
    /// When the entries of this leadership were proposed, oldest first.
    var proposals = ProposalTimes()
    /// Payload bytes of the entries this leader has proposed and not yet applied.
    var uncommittedBytes = 0
    var diskWork = DiskWork()
    var incoming: [LogEntry] = []
    var coldEntries: [MemberID: [LogEntry]] = [:]
    var coldApply = ColdApply.idle
    var snapshots: SnapshotState
    var upkeep = Upkeep()
    /// Since a transfer of leadership from here began; nil without one.
    var handOverTicks: Int?
    var rows: RowState
    private lazy var rewriter = Rewriter(self)
    /// Since this process began.
    var ticks = 0
    var repair = RepairState()
    var clocks = ClockReadings()
    var space = SpaceReadings()
    var isDraining = false
    /// What every node answers clients about has changed: followers should hear of the commit at once.
    var appliedMetadata = false
    /// Entries at the end of the log are written and no sync for them is under way.
    var needsSync = false
    var reads: [UInt64: (Bool) -> Void] = [:]
    var nextReadID: UInt64 = 1

    package internal(set) var metrics = ReplicaMetrics()
    /// A role or leader change, already reflected in the properties above.
    package var onRoleChange: ((RoleChange) -> Void)?
    /// New entries were applied: consumers waiting at the tail may find data.
    package var onApplied: (() -> Void)?
    /// An entry this leader proposed was applied, so many nanoseconds later.
    package var onOwnCommit: ((UInt64) -> Void)?
    /// Told once, of the fault that stopped this replica, also if it came before anybody listened.
    package var onFault: ((NodeFault) -> Void)? {
        didSet { if let fault { onFault?(fault) } }
    }
    /// Why this replica has stopped: from then on it neither votes nor acknowledges nor applies anything.
    package private(set) var fault: NodeFault?
    /// The newest configuration has changed.
    package var onConfiguration: (() -> Void)?
    /// This node was removed from the group, by the configuration at this index.
    package var onRemoved: ((UInt64) -> Void)?
    package var onEvent: ((ReplicaEvent) -> Void)?

    init(environment: ReplicaEnvironment, restored: RestoredReplica) {
        group = environment.group
        node = environment.identity.node
        acquaintances = Acquaintances(environment.identity)
        settings = environment.settings
        disk = environment.disk
        transport = environment.transport
        clock = environment.clock
        entropy = environment.entropy
        raft = Raft(
            id: environment.identity.node.rawValue, settings: environment.settings.raft, restored: restored.raft,
            seed: environment.entropy.next())
        log = restored.log
        broker = restored.broker
        lastTimestamp = restored.lastTimestamp
        appliedIndex = restored.appliedIndex
        configurations = restored.configurations
        rows = RowState(cacheBytes: environment.settings.rowCacheBytes)
        snapshots = SnapshotState(newest: restored.snapshot)
        resetSealing()
        damageChanged()
    }

    package var isLeader: Bool { raft.role == .leader }
    /// The leader as far as this node knows.
    package var leader: NodeID? { raft.leader.map { NodeID($0) } }
    package var term: UInt64 { raft.term }

    /// Gathers what the cores decided and carries it out until there is nothing left.
    func drain() {
        guard !isDraining, fault == nil else { return }
        isDraining = true
        defer { isDraining = false }
        while true {
            let outputs = raft.takeOutputs()
            if outputs.isEmpty { break }
            for output in outputs where fault == nil { perform(output) }
        }
        refreshAdmission()
    }

    package func tick() {
        guard fault == nil else { return }
        ticks += 1
        raft.tick()
        tickTransfer()
        drain()
        tickSync()
        tickHandOver()
        recordIncarnations()
        restartLogIfPossible()
        maintainLog()
        tickUpkeep()
        tickRepair()
        tickScrub()
        tickClock()
        tickSpace()
        rewriter.tick()
        drain()
    }

    /// Whether what is done every `milliseconds` is due in this tick. `atOnce`: in the first one, too.
    func isDue(every milliseconds: Int, atOnce: Bool = false) -> Bool {
        let period = max(milliseconds / settings.tickMilliseconds, 1)
        return ticks % period == (atOnce ? 1 % period : 0)
    }

    /// The leader's admission exists exactly while this node leads and has applied the no-op of its own term.
    private func refreshAdmission() {
        let mayAdmit = raft.isReady
        if mayAdmit, admission == nil {
            admission = Admission(leading: broker, term: raft.term)
            judgeIntake()
            onEvent?(.admitting(term: raft.term))
        } else if !mayAdmit, admission != nil {
            admission = nil
        }
    }

    func abandon() {
        _ = waiters.takeAll()
        reads = [:]
        diskWork = DiskWork()
    }

    func stop(_ fault: NodeFault) {
        guard self.fault == nil else { return }
        self.fault = fault
        admission = nil
        for waiter in waiters.takeAll() { waiter.target.proposalEnded(ticket: waiter.ticket, .unknown) }
        onFault?(fault)
    }
}

/// What one group needs from its node.
struct ReplicaEnvironment {
    let group: GroupID
    let identity: NodeIdentity
    let settings: NodeSettings
    let disk: any DiskQueue
    let transport: any Transport
    let clock: any Clock
    let entropy: any Entropy
}

/// What one group found on its disk.
struct RestoredReplica {
    let raft: RestoredState
    let log: LogStore
    let broker: Broker
    let lastTimestamp: Int64
    let appliedIndex: UInt64
    let configurations: ConfigurationLog
    let snapshot: SnapshotMetadata?
}

/// For logs: one line per state transition.
package enum ReplicaEvent {
    case admitting(term: UInt64)
    case snapshotWritten(index: UInt64, bytes: UInt64)
    case snapshotReceived(index: UInt64, bytes: UInt64)
    /// A background job failed; it will be tried again.
    case jobFailed(DiskFailure)
    case prefixDeleted(from: UInt64, before: UInt64)
    /// The index of the segment that begins with `first` is missing or damaged; it is made again.
    case indexDamaged(first: UInt64)
    /// Entries that were durable cannot be read; copies are being asked for.
    case damageFound(first: UInt64, last: UInt64)
    case repaired(first: UInt64, last: UInt64, from: NodeID)
    /// A damaged entry was only unreadable for a while.
    case readableAgain(index: UInt64)
    /// Copies of damaged entries are not what stood there.
    case repairRefused(first: UInt64, last: UInt64, from: NodeID)
    /// A file other than a segment is damaged; it is written again.
    case fileDamaged(String)
    case chainDiffers(NodeID, index: UInt64)
    /// Entries from `first` could not be read back for a peer.
    case unreadable(first: UInt64)
    /// The peer's data directory is not the one its id is known with; nothing it says is heard.
    case strangerRefused(NodeID)
    /// Less is free on this node's disk than it wants to keep, or enough again.
    case diskLow(DiskSpace)
    case diskHasRoom(DiskSpace)
    /// This leader takes no records any more; these voters' disks are low. Or it takes them again.
    case intakeStopped(low: [NodeID])
    case intakeResumed
    case handingOverForSpace(to: NodeID)
    /// This leader has compacted a partition, up to here; or moved so many bytes to the end of the log.
    case cleaned(PartitionKey, through: Int64)
    case rewritten(bytes: Int)
    /// These were deleted or replaced while their batches were being read.
    case replacementRefused([PartitionKey])
    /// What this node lost when its machine crashed has come again from the leader.
    case rejoined
    /// The others do not know this node as a member, yet.
    case awaitingMembership
    /// This node is to join under an id that the others know with another data directory.
    case knownWithOtherData
}

/// Counters since start; the shell adds histograms of its own.
package struct ReplicaMetrics: Sendable {
    package var proposedEntries: UInt64 = 0
    package var proposedBytes: UInt64 = 0
    /// Of topics that do not ask for a sync before the acknowledgement; a follower's, too.
    package var relaxedEntries: UInt64 = 0
    package var appliedEntries: UInt64 = 0
    package var coldReads: UInt64 = 0
    package var damagedEntries: UInt64 = 0
    package var repairedEntries: UInt64 = 0
    package var scrubbedEntries: UInt64 = 0
    /// Bytes of entries compared with their checksums before they were sent to clients.
    package var verifiedBytes: UInt64 = 0
    package var rewrittenFiles: UInt64 = 0
    /// Bytes of batches that were put elsewhere in the log, as they were or compacted.
    package var rewrittenBytes: UInt64 = 0
    package var indexesWritten: UInt64 = 0
    package var indexLookUps: UInt64 = 0
    package var snapshotsWritten: UInt64 = 0
    package var outcomeQueries: UInt64 = 0
    package var roleChanges: UInt64 = 0
    package var rejectedFrames: UInt64 = 0
}
