/// What a simulation does to a cluster. `Coverage` counts how often each has taken effect, not how often it was tried.
package enum FaultClass: String, CaseIterable, Sendable {
    // Links between nodes, and between clients and nodes.
    case isolateLeader = "isolate-leader"
    case isolateFollower = "isolate-follower"
    case isolateLeaderAndClients = "isolate-leader-and-clients"
    case clientsCutOff = "clients-cut-off"
    case cutLink = "cut-link"
    case cutOneWay = "cut-one-way"
    case flapping
    case loss
    case duplication
    case reordering
    case delay
    case clog
    // Processes.
    case killOne = "kill-one"
    case killSeveral = "kill-several"
    case killAll = "kill-all"
    case pause
    case pauseAndKill = "pause-and-kill"
    // Power: what was not synced may be lost.
    case powerOne = "power-one"
    case powerAll = "power-all"
    case lostWrite = "lost-write"
    case tornWrite = "torn-write"
    case reorderedWrites = "reordered-writes"
    case lostName = "lost-name"
    // Power lost at a named point of the node's work.
    case crashInRecovery = "crash-in-recovery"
    case crashInSnapshot = "crash-in-snapshot"
    case crashInTruncation = "crash-in-truncation"
    case crashInElection = "crash-in-election"
    case crashInSegmentRoll = "crash-in-segment-roll"
    // Disks.
    case syncError = "sync-error"
    case writeError = "write-error"
    case readError = "read-error"
    case noSpace = "no-space"
    case stall
    case slowDisk = "slow-disk"
    // Damage at rest, on a minority.
    case damagedLog = "damaged-log"
    case damagedSidecar = "damaged-sidecar"
    case damagedSnapshot = "damaged-snapshot"
    case damagedVoteSlot = "damaged-vote-slot"
    case staleSector = "stale-sector"
    case misdirectedWrite = "misdirected-write"
    // Clocks.
    case clockJump = "clock-jump"
    case clockDrift = "clock-drift"
    // The members: what an operator asks of the cluster, and a disk that is gone.
    case memberAdded = "member-added"
    case memberRemoved = "member-removed"
    case leaderRemoved = "leader-removed"
    case memberReturned = "member-returned"
    case lostDisk = "lost-disk"
    case lostDiskAsFounder = "lost-disk-as-founder"
    case twoChanges = "two-changes"
    case transferToMember = "transfer-to-member"
    // Operators and clients.
    case transfer
    case clientKilled = "client-killed"
    case clientStalled = "client-stalled"
    case overload
    // Damage under a running node, on a minority.
    case bitRot = "bit-rot"
    // Links again.
    case leaderRelay = "leader-relay"
    // Disks again: low on space, before they are full.
    case lowSpace = "low-space"
    // Consumer groups: what happens to members, and what comes of it.
    case groupMemberCrashed = "group-member-crashed"
    case groupMemberPaused = "group-member-paused"
    case groupMemberLeft = "group-member-left"
    case staticMemberReplaced = "static-member-replaced"
    case groupProtocolChanged = "group-protocol-changed"
    case sharedWithClassic = "shared-with-classic"
    case classicRebalance = "classic-rebalance"
    case consumerRebalance = "consumer-rebalance"
    case staleCommitRefused = "stale-commit-refused"
    case groupTransactionCommitted = "group-transaction-committed"
    case groupTransactionAborted = "group-transaction-aborted"
    // No faults, but what they are to come in the way of: batches that others take the place of.
    case partitionCleaned = "partition-cleaned"
    case segmentsRewritten = "segments-rewritten"
    case replacementRefused = "replacement-refused"
    case slowRevocation = "slow-revocation"
    case unstableOffsets = "unstable-offsets"
    case formerCoordinatorAsked = "former-coordinator-asked"
    // Topics that are flushed later: a minority loses power just when what it had written counts; commits of entries
    // that no majority has on disk; nodes that lost some and have them again.
    case forgetfulMinority = "forgetful-minority"
    case committedUnflushed = "committed-unflushed"
    case rejoined
    // Topics whose leader acknowledges alone, and what a change of leader has lost of that.
    case acknowledgedByLeader = "acknowledged-by-leader"
    case leaderAckLost = "leader-ack-lost"
}

/// How often each fault has fired.
package struct Coverage: Equatable, Sendable {
    private var counts = [Int](repeating: 0, count: FaultClass.allCases.count)

    package init() {}

    private static let positions: [FaultClass: Int] = Dictionary(
        uniqueKeysWithValues: FaultClass.allCases.enumerated().map { ($1, $0) })

    package subscript(fault: FaultClass) -> Int {
        get { counts[Self.position(of: fault)] }
        set { counts[Self.position(of: fault)] = newValue }
    }

    private static func position(of fault: FaultClass) -> Int {
        guard let position = positions[fault] else { preconditionFailure("\(fault) is not among all faults") }
        return position
    }

    package mutating func add(_ other: Coverage) {
        for position in counts.indices { counts[position] += other.counts[position] }
    }

    /// Those that never fired, in declaration order.
    package var missing: [FaultClass] { FaultClass.allCases.filter { self[$0] == 0 } }
}
