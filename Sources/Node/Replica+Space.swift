import Broker
import LogStore
import Ports
import Raft

/// The watermark: before a disk is full, which would end the node, records are refused. Nothing that was acknowledged
/// is deleted for that; what makes room, and what takes little, goes on.
extension Replica {
    private static let handOverPauseMilliseconds = 2_000
    private static let snapshotPauseMilliseconds = 5_000

    /// This node's disk as last read; nil in the first moments.
    package var diskSpace: SpaceReport? { space.own }

    /// This node leads and has no room for records, or too few of those who would have to store them have.
    package var isIntakeStopped: Bool { space.isIntakeStopped }

    /// The node is known to have less room than it wants to keep.
    package func isLowOnSpace(_ member: NodeID) -> Bool {
        (member == node ? space.own : space.others[member])?.isLow ?? false
    }

    func tickSpace() {
        if settings.spaceMilliseconds > 0, isDue(every: settings.spaceMilliseconds, atOnce: true) { readSpace() }
        if isDue(every: settings.clockMilliseconds, atOnce: true) { tellSpace(otherMembers) }
        handOverForSpace()
        judgeIntake()
    }

    /// Not on the loop: a file system may take its time.
    private func readSpace() {
        guard !space.isReading else { return }
        space.isReading = true
        let result = JobResult<DiskSpace>()
        start(.readSpace(result)) {
            disk.lookUp({ (disk: any Disk) throws(DiskFailure) in result.value = try disk.space() }, token: $0)
        }
    }

    func spaceRead(_ read: DiskSpace) {
        space.isReading = false
        space.hasFailed = false
        if space.note(read, minimum: settings.minimumFreeBytes), let report = space.own {
            onEvent?(report.isLow ? .diskLow(read) : .diskHasRoom(read))
            tellSpace(otherMembers)
        }
        if space.own?.isLow == true { makeRoom() }
    }

    /// What was read last counts on. Said once.
    func spaceNotRead(_ failure: DiskFailure) {
        space.isReading = false
        if !space.hasFailed { onEvent?(.jobFailed(failure)) }
        space.hasFailed = true
    }

    func tellSpace(_ members: [NodeID]) {
        guard let report = space.own else { return }
        for member in members { send(.space(report), to: member) }
    }

    func spaceTold(_ report: SpaceReport, by peer: NodeID) {
        guard !acquaintances.strangers.contains(peer.rawValue) else { return }
        space.note(report, of: peer)
    }
}

// MARK: - Intake

extension Replica {
    /// While leadership goes elsewhere nothing is taken in either.
    func judgeIntake() {
        guard isLeader else {
            space.isIntakeStopped = false
            return
        }
        guard raft.transferTarget == nil, lacksRoom != space.isIntakeStopped else { return }
        space.isIntakeStopped.toggle()
        let low = raft.membership.voters.map { NodeID($0) }.filter(isLowOnSpace)
        onEvent?(space.isIntakeStopped ? .intakeStopped(low: low) : .intakeResumed)
    }

    /// A record must fit here and on a majority. A voter that does not answer is no room, but only once space is what
    /// matters: else a link that breaks for a moment would be told to producers as a full disk.
    private var lacksRoom: Bool {
        if isLowOnSpace(node) { return true }
        return raft.membership.voters.contains { isLowOnSpace(NodeID($0)) } && !hasMajorityWithRoom
    }

    private var hasMajorityWithRoom: Bool {
        let voters = raft.membership.voters
        return voters.count { hasRoom($0) } >= Quorum.size(voters: voters.count)
    }

    private func hasRoom(_ voter: MemberID) -> Bool { raft.isInTouch(voter) && !isLowOnSpace(NodeID(voter)) }

    /// A leader whose own disk is low hands over to a voter with room that is not far behind, if then records can be
    /// taken again.
    private func handOverForSpace() {
        guard isLeader, isLowOnSpace(node), raft.transferTarget == nil, ticks >= space.nextHandOver,
            hasMajorityWithRoom
        else { return }
        var best: (voter: NodeID, matched: UInt64)?
        for voter in raft.membership.voters where voter != node.rawValue && hasRoom(voter) {
            let matched = raft.progress(of: voter)?.matched ?? 0
            guard space.others[NodeID(voter)] != nil, matched >= best?.matched ?? 0,
                raft.lastPosition.index - matched <= raft.settings.promotionLag
            else { continue }
            best = (NodeID(voter), matched)
        }
        guard let target = best?.voter else { return }
        space.nextHandOver = ticks + Self.handOverPauseMilliseconds / settings.tickMilliseconds
        onEvent?(.handingOverForSpace(to: target))
        transferLeadership(to: target)
    }
}

// MARK: - Making room

extension Replica {
    /// Segments are deleted behind a snapshot, and the next one is due by what has been applied: while records are
    /// refused that would be never, whatever retention and deletions have freed. So one is taken now if the oldest
    /// segment could go with it.
    private func makeRoom() {
        guard let end = log.sealedEnd(of: log.firstIndex) else { return }
        deleteObsoleteSegments()
        guard ticks >= space.nextSnapshot, canTakeSnapshot, end == log.sealedEnd(of: log.firstIndex),
            end > log.newestSnapshot?.index ?? 0, end <= appliedIndex, end < broker.lowestLiveIndex ?? UInt64.max
        else { return }
        space.nextSnapshot = ticks + Self.snapshotPauseMilliseconds / settings.tickMilliseconds
        takeSnapshot()
    }
}
