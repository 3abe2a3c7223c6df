import KafkaGateway
import Node

/// Everything about a run that its seed decides before it starts. Each run has its own few fault classes and its own
/// rates (swarm testing, Groce et al. 2012): a run with everything at once reaches less than runs that each do a few
/// things often.
package struct SimulationPlan: Sendable {
    package let seed: UInt64
    package var machines: Int
    package var faults: [FaultClass] = []
    /// Mean microseconds between faults.
    package var faultInterval: UInt64
    /// Microseconds of the phase with faults.
    package var safetyPhase: UInt64
    package var settings = NodeSettings()
    package var kafka = KafkaSettings()
    // Links, between nodes.
    package var latency: ClosedRange<UInt64>
    /// Frames keep their order and are late instead of lost, as on TCP; otherwise each is for itself.
    package var isStream: Bool
    /// A link on which nothing gets through one way is given up after a while.
    package var givesUpLinks = true
    // Disks; microseconds for one piece of work.
    package var diskLatency: ClosedRange<UInt64>
    // Clients.
    package var producers: Int
    package var consumers: Int
    /// Transactional ids.
    package var transactors = 0
    package var groups: GroupPlan?
    package var compaction: CompactionPlan?
    package var partitions: Int
    /// Mean microseconds between two batches of a producer.
    package var produceInterval: UInt64
    package var maximumValueBytes: Int
    /// Mean microseconds between two changes of the topic that is written to.
    package var topicLifetime: UInt64
    /// Every so many topics one has `holdfast.flush=async`; 0 for none. Then only a minority may lose power.
    package var relaxedEvery = 0
    /// Every so many topics one has `holdfast.acks.leader=allow`; 0 for none.
    package var leaderAcksEvery = 0

    package init(seed: UInt64) {
        self.seed = seed
        var random = SimulationRandom(seed: seed)
        machines = random.chance(perMille: 800) ? 3 : 5
        faultInterval = UInt64(random.between(50_000...1_500_000))
        safetyPhase = random.between(4_000_000...12_000_000)
        let least = random.between(20...500)
        latency = least...(least + random.between(50...2000))
        isStream = random.chance(perMille: 600)
        let fastest = random.between(50...500)
        diskLatency = fastest...(fastest + random.between(100...5000))
        producers = 1 + random.below(4)
        consumers = 1 + random.below(2)
        partitions = 1 + random.below(3)
        produceInterval = random.between(15_000...250_000)
        maximumValueBytes = random.pick([16, 200, 1500])
        topicLifetime = random.between(1_500_000...6_000_000)
        let changesMembers = random.chance(perMille: 400)
        for fault in FaultClass.allCases where FaultClass.injected.contains(fault) && random.chance(perMille: 300) {
            if changesMembers || !FaultClass.ofMembers.contains(fault) { faults.append(fault) }
        }
        drawSettings(&random)
        // Last, so that a class that is added changes no other choice of a seed.
        for fault in FaultClass.added where random.chance(perMille: 300) { faults.append(fault) }
        if random.chance(perMille: 500) { transactors = 1 + random.below(2) }
        if random.chance(perMille: 300) { watchSpace() }
        groups = GroupPlan(seed: seed)
        groups?.configure(&kafka.groups)
        settings.rewriteCheckMilliseconds = 100 << random.below(6)
        settings.rewriteLivePercent = random.pick([25, 60, 95])
        settings.rewriteStepBytes = 512 << random.below(8)
        compaction = CompactionPlan(seed: seed)
        compaction?.configure(&settings)
        if random.chance(perMille: 300) { relaxedEvery = random.pick([1, 1, 2]) }
        if hasRelaxed, spares == 0, random.chance(perMille: 600) {
            faults += Array(repeating: .forgetfulMinority, count: faults.count)
            produceInterval /= 4
            // Of a stream nothing can be lost alone.
            if random.chance(perMille: 600) { isStream = false }
            // What a leader has to send is then more than one message.
            if random.chance(perMille: 500) {
                settings.raft.maximumAppendBytes = 512
                settings.raft.maximumInflightBytes = 8 * 512
            }
        }
        if random.chance(perMille: 250) { leaderAcksEvery = random.pick([1, 2]) }
    }

    /// Not with members that come and go: a majority of them might lose power.
    var hasRelaxed: Bool {
        relaxedEvery > 0 && (spares == 0 || !faults.contains(where: FaultClass.ofPower.contains))
    }

    func allowsLeaderAcks(stream number: Int) -> Bool { leaderAcksEvery > 0 && number % leaderAcksEvery == 0 }

    func isRelaxed(stream number: Int) -> Bool { hasRelaxed && number % relaxedEvery == 0 }

    /// Machines beside the founders', for members still to come.
    package var spares: Int { faults.contains(where: FaultClass.ofMembers.contains) ? 2 : 0 }

    /// Without the watermark disks get full.
    private mutating func watchSpace() {
        faults.append(.lowSpace)
        settings.spaceMilliseconds = 100
        settings.minimumFreeBytes = 2 * settings.log.segmentBytes
    }

    private mutating func drawSettings(_ random: inout SimulationRandom) {
        settings.tickMilliseconds = 20
        settings.raft.electionTicks = 10 + random.below(10)
        settings.raft.heartbeatTicks = 2 + random.below(3)
        settings.raft.maximumAppendBytes = 512 << random.below(10)
        settings.raft.maximumInflightBytes = settings.raft.maximumAppendBytes * (1 + random.below(8))
        settings.raft.maximumInflightAppends = 1 + random.below(16)
        settings.raft.promotionLag = 1 << UInt64(random.below(8))
        settings.log.segmentBytes = 16384 << UInt64(random.below(3))
        settings.maximumEntryBytes = 1024 << random.below(8)
        settings.cacheBytes = 256 << random.below(12)
        settings.snapshotIntervalEntries = 20 << random.below(5)
        settings.followerReachEntries = 10 << UInt64(random.below(7))
        settings.coldReadBytes = 1024 << random.below(8)
        settings.snapshotPieceBytes = 256 << random.below(8)
        settings.spaceMilliseconds = 0
        kafka.autoCreateTopics = false
        kafka.retentionCheckMilliseconds = 200 << random.below(4)
    }
}

extension FaultClass {
    /// Those that the nemesis injects, with the added ones; the others come about by these.
    static let injected: [FaultClass] = allCases.filter {
        !consequences.contains($0) && !added.contains($0) && $0 != .lowSpace && $0 != .forgetfulMinority
    }

    static let added: [FaultClass] = [.bitRot, .leaderRelay]

    private static let consequences: [FaultClass] = [
        .lostWrite, .tornWrite, .reorderedWrites, .lostName, .memberReturned,
    ] + ofGroups + ofRewriting + ofRelaxed + ofLeaderAcks

    /// Groups see to their members themselves.
    static let ofGroups: [FaultClass] = [
        .groupMemberCrashed, .groupMemberPaused, .groupMemberLeft, .staticMemberReplaced, .groupProtocolChanged,
        .sharedWithClassic, .classicRebalance, .consumerRebalance, .staleCommitRefused, .groupTransactionCommitted,
        .groupTransactionAborted, .slowRevocation, .unstableOffsets, .formerCoordinatorAsked,
    ]

    /// What the leader's upkeep of the log does by itself.
    static let ofRewriting: [FaultClass] = [.partitionCleaned, .segmentsRewritten, .replacementRefused]

    /// What comes of topics that are flushed later.
    static let ofRelaxed: [FaultClass] = [.committedUnflushed, .rejoined]

    /// What comes of topics whose leader acknowledges alone.
    static let ofLeaderAcks: [FaultClass] = [.acknowledgedByLeader, .leaderAckLost]

    /// These come together or not at all: a run with them has machines to spare.
    static let ofMembers: [FaultClass] = [
        .memberAdded, .memberRemoved, .leaderRemoved, .lostDisk, .lostDiskAsFounder, .twoChanges,
    ]

    /// After these a machine may not have what it had: they come to a minority only.
    static let ofVictims: [FaultClass] = [
        .syncError, .writeError, .readError, .damagedLog, .damagedSidecar, .damagedSnapshot, .damagedVoteSlot,
        .staleSector, .misdirectedWrite, .lostDisk, .lostDiskAsFounder,
    ]

    /// The same, where a machine without power loses what it had said to have written.
    static let ofPower: [FaultClass] = [
        .powerOne, .powerAll, .crashInRecovery, .crashInSnapshot, .crashInTruncation, .crashInElection,
        .crashInSegmentRoll, .forgetfulMinority,
    ]
}
