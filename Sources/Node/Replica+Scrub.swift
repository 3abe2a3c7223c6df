import Bytes
import LogStore
import Ports
import Raft

/// The background check of what is on disk, at a bounded rate, and of the replicas against each other.
extension Replica {
    func tickScrub() {
        if isDue(every: settings.scrubMilliseconds) { scrub() }
        if isDue(every: settings.chainMilliseconds) { tellChain() }
    }

    private func scrub() {
        guard !repair.isScrubbing else { return }
        let part = log.scrubJob(
            from: repair.scrubNext, through: repair.scrubEnd, maximumBytes: settings.scrubBytes)
        guard let job = part else {
            repair.scrubNext = log.firstIndex
            repair.scrubEnd = log.flushedIndex
            return scrubOther()
        }
        repair.isScrubbing = true
        start(.scrub(job)) { disk.run(job.work, token: $0) }
    }

    func scrubbed(_ job: ScrubJob) {
        repair.isScrubbing = false
        repair.scrubNext = job.next
        metrics.scrubbedEntries += job.next - job.first
        for index in job.suspects { suspect(index) }
    }

    /// The disk would not read some of them: it says which when they are read one by one.
    func scrubFailed(_ job: ScrubJob) {
        repair.isScrubbing = false
        repair.scrubNext = job.next
        for index in job.first..<job.next { suspect(index) }
    }

    /// Once per round: term and vote, and the snapshot. This node has what is in them and writes it again.
    private func scrubOther() {
        repair.isScrubbing = true
        let job = log.otherScrubJob()
        start(.scrubOther(job)) { disk.run(job.work, token: $0) }
    }

    func otherScrubbed(_ job: SnapshotJob<OtherDamage>) {
        repair.isScrubbing = false
        guard let damage = job.result else { return }
        if damage.isStateDamaged {
            onEvent?(.fileDamaged("term-and-vote"))
            metrics.rewrittenFiles += 1
            submit(log.rewriteState(), .other)
        }
        if let snapshot = damage.snapshot, snapshot == log.newestSnapshot {
            onEvent?(.fileDamaged(snapshot.path))
            metrics.rewrittenFiles += 1
            snapshots.bytesSince = max(snapshots.bytesSince, settings.snapshotIntervalBytes)
            takeSnapshotIfDue()
        }
    }

    // MARK: Chains

    /// Equal chain checksum at an index, equal history up to it.
    private func tellChain() {
        guard appliedIndex <= log.flushedIndex, let chain = log.chain(at: appliedIndex) else { return }
        for member in raft.membership.voters where member != node.rawValue {
            send(.chain(index: appliedIndex, chain: chain), to: NodeID(member))
        }
    }

    /// A peer's committed history differs from ours: whoever finds that a majority of the voters differs from it stops.
    func chainTold(index: UInt64, chain: UInt64, by peer: NodeID) {
        guard index <= raft.commitIndex, let own = log.chain(at: index),
            raft.membership.voters.contains(peer.rawValue), !acquaintances.strangers.contains(peer.rawValue)
        else { return }
        guard own != chain else {
            repair.differing.remove(peer)
            return
        }
        if repair.differing.insert(peer).inserted { onEvent?(.chainDiffers(peer, index: index)) }
        if repair.differing.count >= raft.membership.voters.count / 2 + 1 {
            stop(.divergence(index: index, chainBefore: own, chainSent: chain))
        }
    }
}
