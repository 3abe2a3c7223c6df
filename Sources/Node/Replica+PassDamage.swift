import Broker
import LogStore
import Ports
import Raft

/// Damage to entries that the others have deleted: no copy of them will come, and nothing needs them any more. The log
/// is made to begin behind the segment they lie in. All entries after it stay, so whatever this node has promised of
/// those it still keeps.
extension Replica {
    /// Asked for `range`, the leader has said that it has no copy. A leader that cannot apply its log because nobody
    /// has one leaves it to the others, whatever segment the damage is in.
    func passDamageIfDeleted(_ range: DamagedRange) {
        if isLeader {
            guard otherMembers.allSatisfy({ isAbsent(at: $0) }) else { return }
            if appliedIndex < range.last { return leaveLeadership(because: range) }
            if let end = log.sealedEnd(of: range.first), appliedIndex >= end { deleteApplied(through: end) }
        } else if let leader, isAbsent(at: leader), let end = log.sealedEnd(of: range.first) {
            if appliedIndex >= end { deleteApplied(through: end) } else { fetchState(past: end, from: leader) }
        }
    }

    private func isAbsent(at member: NodeID) -> Bool {
        if case .absent = repair.answers[member] { true } else { false }
    }

    /// What this node has applied itself tells whether anything there is live; a snapshot of it makes it deletable.
    private func deleteApplied(through end: UInt64) {
        guard broker.lowestLiveIndex.map({ $0 > end }) ?? true else { return }
        if let snapshot = log.newestSnapshot, snapshot.index >= end { return deleteObsoleteSegments(damaged: end) }
        if canTakeSnapshot { takeSnapshot() }
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

    private func fetchState(past end: UInt64, from leader: NodeID) {
        guard !raft.isReceivingSnapshot, snapshots.restart == nil, snapshots.transfer?.isActive != true else { return }
        beginTransfer(.passDamage(through: end), from: leader)
    }

    /// `state` is that of the snapshot, which `peer` has sent. It is of use if nothing through `end` is live in it, and
    /// if what this log has is what led to it: else entries could be taken for committed that no leader knows. The
    /// chain checksum tells, of the snapshot's last entry here, or of our last entry there: so that one is asked for.
    func passDamage(through end: UInt64, with snapshot: SnapshotMetadata, _ state: Broker, from peer: NodeID) {
        guard snapshot.index >= end, state.lowestLiveIndex.map({ $0 > end }) ?? true else { return }
        if snapshot.index <= log.lastIndex {
            if log.chain(at: snapshot.index) == snapshot.chain { beginLog(after: end, with: snapshot) }
        } else if let range = log.damagedRanges.first, range.last < log.lastIndex {
            repair.passing = RepairState.Passing(end: end, snapshot: snapshot, peer: peer)
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
        if entry.chain == log.lastChain { beginLog(after: passing.end, with: passing.snapshot) }
        return true
    }

    private func beginLog(after end: UInt64, with snapshot: SnapshotMetadata) {
        guard let range = log.damagedRanges.first, log.sealedEnd(of: range.first) == end, snapshot.index > appliedIndex,
            !raft.isReceivingSnapshot, snapshots.restart == nil
        else { return }
        let operations = log.begin(after: end, with: snapshot)
        if !operations.isEmpty { submit(operations, .passedDamage(through: end)) }
    }
}
