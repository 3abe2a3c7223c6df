import Broker
import LogStore
import Ports
import Raft

/// Damage to entries that the others have deleted: no copy of them will come, and nothing needs them any more. The log
/// is made to begin behind the segment they lie in or, where that holds live entries, too, behind the damage itself.
/// All entries after that stay, so whatever this node has promised of those it still keeps.
extension Replica {
    private static let fetchPauseMilliseconds = 5_000
    private static let renewalPauseMilliseconds = 60_000

    /// Asked for `range`, the leader has said that it has no copy. A leader that cannot apply its log because nobody
    /// has one leaves it to the others, and so does one that would have to begin again.
    func passDamageIfDeleted(_ range: DamagedRange) {
        if isLeader {
            guard otherMembers.allSatisfy({ isAbsent(at: $0) }) else { return }
            guard appliedIndex >= range.last, let end = deletableEnd(of: range) else {
                return leaveLeadership(because: range)
            }
            deleteApplied(through: end)
        } else if let leader, isAbsent(at: leader) {
            if appliedIndex >= range.last, let end = deletableEnd(of: range) { return deleteApplied(through: end) }
            let point = log.pointBehind(range)
            guard let past = point?.index ?? log.sealedEnd(of: range.first) else { return }
            if let point, appliedIndex >= past, isDead(through: past, in: broker) { return beginApplied(amid: point) }
            // Not applied so far, or more damage stands before what would tell that nothing there is needed.
            fetchState(past: past, from: leader)
        }
    }

    /// A peer needs what this leader has deleted: it will ask for the state. A snapshot from before the last of it was
    /// needed no more would not help it, and without traffic there would never be a newer one.
    func renewSnapshotForDamaged() {
        guard isLeader, ticks >= repair.nextRenewal, canTakeSnapshot, log.newestSnapshot?.index ?? 0 < appliedIndex
        else { return }
        repair.nextRenewal = ticks + Self.renewalPauseMilliseconds / settings.tickMilliseconds
        takeSnapshot()
    }

    private func isAbsent(at member: NodeID) -> Bool {
        if case .absent = repair.answers[member] { true } else { false }
    }

    /// The end of the segment that `range` lies in, if by what this node has applied itself nothing in it is live.
    private func deletableEnd(of range: DamagedRange) -> UInt64? {
        guard let end = log.sealedEnd(of: range.first), appliedIndex >= end, isDead(through: end, in: broker) else {
            return nil
        }
        return end
    }

    private func isDead(through index: UInt64, in state: Broker) -> Bool {
        state.lowestLiveIndex.map { $0 > index } ?? true
    }

    /// A snapshot of what is applied makes it deletable.
    private func deleteApplied(through end: UInt64) {
        if let snapshot = log.newestSnapshot, snapshot.index >= end { return deleteObsoleteSegments(damaged: end) }
        if canTakeSnapshot { takeSnapshot() }
    }

    private func beginApplied(amid point: LogPoint) {
        guard !raft.isReceivingSnapshot, snapshots.restart == nil else { return }
        if let snapshot = log.newestSnapshot, snapshot.index >= point.index {
            submit(log.begin(amid: point, with: snapshot), .passedDamage(through: point.index))
        } else if canTakeSnapshot {
            takeSnapshot()
        }
    }

    /// A leader that cannot apply its log serves nobody; another can. If it has deleted the entries, it can be given
    /// all that follow. If it has yet to be given them, it never will be. (Seed 12903 of the simulator.)
    private func leaveLeadership(because range: DamagedRange) {
        let voters = raft.membership.voters.filter { $0 != node.rawValue }
        let matched = { (member: MemberID) in self.raft.progress(of: member)?.matched ?? 0 }
        guard let successor = voters.max(by: { matched($0) < matched($1) }) else { return }
        if matched(successor) >= range.last {
            transferLeadership(to: NodeID(successor))
        } else {
            sealTurn()
            raft.stepDown()
            drain()
        }
    }

    private func fetchState(past index: UInt64, from leader: NodeID) {
        guard ticks >= repair.nextFetch, !raft.isReceivingSnapshot, snapshots.restart == nil,
            snapshots.transfer?.isActive != true
        else { return }
        beginTransfer(.passDamage(through: index), from: leader)
    }

    /// `state` is that of the snapshot, which `peer` has sent. It is of use if nothing through `index` is live in it,
    /// and if what this log has is what led to it: else entries could be taken for committed that no leader knows. The
    /// chain checksum tells, of the snapshot's last entry here, or of our last entry there: so that one is asked for.
    func passDamage(through index: UInt64, with snapshot: SnapshotMetadata, _ state: Broker, from peer: NodeID) {
        guard snapshot.index >= index, isDead(through: index, in: state), let range = log.damagedRanges.first else {
            repair.nextFetch = ticks + Self.fetchPauseMilliseconds / settings.tickMilliseconds
            return
        }
        let end = log.sealedEnd(of: range.first).flatMap { end in
            snapshot.index >= end && isDead(through: end, in: state) ? end : nil
        }
        let passing = RepairState.Passing(range: range, segmentEnd: end, snapshot: snapshot, peer: peer)
        if snapshot.index <= log.lastIndex {
            if log.chain(at: snapshot.index) == snapshot.chain { beginLog(passing) }
        } else if range.last < log.lastIndex {
            repair.passing = passing
            send(.repairRead(first: log.lastIndex, last: log.lastIndex), to: peer)
        }
    }

    /// Whether the answer was to the question above. It was asked when the peer had the snapshot already, so what it
    /// has below that is committed.
    func isProofOfPassing(_ answer: PeerFrame.RepairAnswer, first: UInt64, from peer: NodeID) -> Bool {
        guard case .entries(let entries) = answer, let passing = repair.passing, passing.peer == peer,
            first == log.lastIndex, let entry = entries.first
        else { return false }
        repair.passing = nil
        if entry.chain == log.lastChain { beginLog(passing) }
        return true
    }

    private func beginLog(_ passing: RepairState.Passing) {
        let snapshot = passing.snapshot
        guard log.damagedRanges.first == passing.range, snapshot.index > appliedIndex, !raft.isReceivingSnapshot,
            snapshots.restart == nil
        else { return }
        if let end = passing.segmentEnd {
            guard log.sealedEnd(of: passing.range.first) == end else { return }
            let operations = log.begin(after: end, with: snapshot)
            if !operations.isEmpty { submit(operations, .passedDamage(through: end)) }
        } else if let point = log.pointBehind(passing.range), point.index <= snapshot.index {
            submit(log.begin(amid: point, with: snapshot), .passedDamage(through: point.index))
        }
    }
}
