import Bytes
import LogStore
import Planted
import Ports
import Raft

/// What a submitted batch was for. Batches complete in order, so a queue is enough.
enum DiskBatch {
    /// The generation tells these entries from others that took their place after a truncation.
    case entries(Position, generation: UInt64)
    /// The same, not synced yet.
    case written(Position, generation: UInt64)
    case hardState(term: UInt64, vote: MemberID?)
    /// The log was begun anew after a received snapshot.
    case logRestarted(SnapshotOffer)
    case repaired(DamagedRange, from: NodeID, isAsKnown: Bool)
    /// The log begins behind the damage.
    case passedDamage(through: UInt64)
    case other
}

/// Reads and background jobs complete in any order and are found by token.
enum DiskTask {
    case peerEntries(peer: MemberID, from: EntryLocation, count: Int)
    case applyEntries(from: EntryLocation, count: Int)
    case fetch(EntryLocation, (ByteSlice?) -> Void)
    case readSpace(JobResult<DiskSpace>)
    case verify(VerifyJob, then: () -> Void)
    case compute(then: () -> Void)
    case recheck(EntryLocation)
    case serveRepair(EntryLocation, count: Int, to: NodeID)
    case readRepairSite(LogStore.RepairSite, [LogEntry], from: NodeID)
    case scrub(ScrubJob)
    case scrubOther(SnapshotJob<OtherDamage>)
    case lookUpRows(RowLookup)
    case buildRows(RowBuild)
    case maintenance(MaintenanceJob)
    case writeSnapshot(SnapshotJob<SnapshotMetadata>)
    case readSnapshotPart(SnapshotJob<ByteSlice>, to: NodeID, of: SnapshotMetadata, offset: UInt64)
    case storeSnapshotPart(SnapshotJob<UInt64>, transfer: UInt64)
    case installSnapshot(SnapshotJob<SnapshotMetadata>, SnapshotTransfer)
    case loadSnapshot(SnapshotJob<ByteSlice>, SnapshotMetadata, SnapshotTransfer)
}

struct DiskWork {
    var batches: [(token: UInt64, batch: DiskBatch)] = []
    var head = 0
    var tasks: [UInt64: DiskTask] = [:]
    var nextToken: UInt64 = 1

    /// Nothing is being written.
    var isIdle: Bool { head == batches.count }

    mutating func token() -> UInt64 {
        defer { nextToken += 1 }
        return nextToken
    }

    mutating func finish(_ token: UInt64) -> DiskBatch {
        precondition(head < batches.count && batches[head].token == token, "disk batch \(token) out of order")
        defer {
            head += 1
            if head == batches.count {
                batches.removeAll(keepingCapacity: true)
                head = 0
            } else if head > 1024 {
                batches.removeFirst(head)
                head = 0
            }
        }
        return batches[head].batch
    }
}

extension Replica {
    func submit(_ operations: [DiskOperation], _ batch: DiskBatch) {
        let token = diskWork.token()
        diskWork.batches.append((token, batch))
        disk.submit(operations, token: token)
    }

    func start(_ task: DiskTask, _ begin: (UInt64) -> Void) {
        let token = diskWork.token()
        diskWork.tasks[token] = task
        begin(token)
    }

    /// A completion of this group's disk work.
    package func onDisk(_ completion: DiskCompletion) {
        guard fault == nil else { return }
        switch completion {
        case .finished(let token): batchFinished(diskWork.finish(token))
        case .failed(let token, let failure):
            #if DEBUG
            if Planted.has(.diskFailureIgnored) { return batchFinished(diskWork.finish(token)) }
            #endif
            stop(.disk(failure))
        case .read(let token, let bytes):
            if let task = diskWork.tasks.removeValue(forKey: token) { readFinished(task, bytes) }
        case .readFailed(let token, let failure):
            if let task = diskWork.tasks.removeValue(forKey: token) { readFailed(task, failure) }
        case .job(let token, let failure):
            if let task = diskWork.tasks.removeValue(forKey: token) { jobEnded(task, failure) }
        }
        drain()
    }

    private func batchFinished(_ batch: DiskBatch) {
        switch batch {
        case .entries(let position, let generation):
            raft.onFlushed(position, generation: generation)
            log.onFlushed(through: raft.flushedIndex)
        case .written(let position, let generation): raft.onWritten(position, generation: generation)
        case .hardState(let term, let vote): raft.onHardStateSaved(term: term, vote: vote)
        case .logRestarted(let offer):
            raft.onSnapshotInstalled(offer.position, membership: offer.membership)
            precondition(
                raft.lastPosition.index == log.lastIndex,
                "log begun anew after \(log.last), Raft is at \(raft.description)")
            applyCommitted()
        case .repaired(let range, let peer, let isAsKnown): repairWritten(range, from: peer, isAsKnown: isAsKnown)
        case .passedDamage(let end): stop(.damagePassed(through: end))
        case .other: break
        }
        restartLogIfPossible()
    }

    private func readFinished(_ task: DiskTask, _ bytes: ByteSlice) {
        switch task {
        case .peerEntries(let peer, let start, let count): peerEntriesRead(bytes, for: peer, from: start, count: count)
        case .applyEntries(let start, let count): applyEntriesRead(bytes, from: start, count: count)
        case .fetch(let location, let answer): fetchRead(bytes, location, answer)
        case .recheck(let location): rechecked(location, bytes)
        case .serveRepair(let start, let count, let peer): repairRead(bytes, from: start, count: count, for: peer)
        case .readRepairSite(let site, let entries, let peer):
            repairSiteRead(site, entries, from: peer, found: bytes)
        default: preconditionFailure("a read completed for the job \(task)")
        }
    }

    private func readFailed(_ task: DiskTask, _ failure: DiskFailure) {
        switch task {
        case .peerEntries(let peer, let start, _): raft.onEntriesUnavailable(peer: peer, first: start.index)
        case .applyEntries(let start, let count): applyEntriesUnreadable(from: start, count: count)
        case .fetch(let location, let answer):
            suspect(location.index)
            answer(nil)
        case .recheck(let location): rechecked(location, nil)
        case .serveRepair(let start, let count, _):
            for offset in 0..<UInt64(count) { suspect(start.index + offset) }
        case .readRepairSite(let site, let entries, let peer):
            repairSiteRead(site, entries, from: peer, found: .empty)
        default: preconditionFailure("a read failed for the job \(task)")
        }
    }

    private func jobEnded(_ task: DiskTask, _ failure: DiskFailure?) {
        if let failure { return jobFailed(task, failure) }
        switch task {
        case .maintenance(let job): finishMaintenance(job, nil)
        case .writeSnapshot(let job): snapshotWritten(result(of: job))
        case .readSnapshotPart(let job, let peer, let snapshot, let offset):
            snapshotPartRead(result(of: job), to: peer, of: snapshot, offset: offset)
        case .storeSnapshotPart(let job, let transfer): snapshotPartStored(result(of: job), transfer: transfer)
        case .verify(_, let then), .compute(let then): then()
        case .readSpace(let result): if let space = result.value { spaceRead(space) }
        case .lookUpRows(let lookup): rowsLookedUp(lookup)
        case .buildRows(let build): rowsBuilt(build, nil)
        case .scrub(let job): scrubbed(job)
        case .scrubOther(let job): otherScrubbed(job)
        case .installSnapshot(let job, let transfer): snapshotFileInstalled(result(of: job), transfer)
        case .loadSnapshot(let job, let metadata, let transfer):
            snapshotStateLoaded(result(of: job), metadata, transfer)
        case .peerEntries, .applyEntries, .fetch, .recheck, .serveRepair, .readRepairSite:
            preconditionFailure("a job completed for the read \(task)")
        }
    }

    private func result<Value>(of job: SnapshotJob<Value>) -> Value {
        guard let value = job.result else { preconditionFailure("a snapshot job succeeded without a result") }
        return value
    }

    /// Maintenance and snapshots may fail for want of space and are tried again; only what the log itself needs is
    /// fatal.
    private func jobFailed(_ task: DiskTask, _ failure: DiskFailure) {
        switch task {
        case .lookUpRows, .readSpace: break
        default: onEvent?(.jobFailed(failure))
        }
        switch task {
        case .verify(_, let then), .compute(let then): then()
        case .readSpace: spaceNotRead(failure)
        case .lookUpRows(let lookup): rowsLookedUp(lookup)
        case .buildRows(let build): rowsBuilt(build, failure)
        case .scrub(let job): scrubFailed(job)
        case .scrubOther(let job): otherScrubbed(job)
        case .maintenance(let job): finishMaintenance(job, failure)
        case .writeSnapshot: snapshots.isWriting = false
        case .readSnapshotPart(_, let peer, _, _):
            send(.snapshotPart(source: .zero, offset: 0, total: 0, bytes: .empty), to: peer)
        case .storeSnapshotPart(_, let transfer): snapshotPartNotStored(transfer: transfer)
        case .installSnapshot(_, let transfer):
            if case .restart = transfer.purpose { raft.onSnapshotFailed(from: transfer.leader.rawValue) }
        case .loadSnapshot: stop(.disk(failure))
        case .peerEntries, .applyEntries, .fetch, .recheck, .serveRepair, .readRepairSite:
            preconditionFailure("a job failed for the read \(task)")
        }
    }

    private func finishMaintenance(_ job: MaintenanceJob, _ failure: DiskFailure?) {
        for index in job.suspects { suspect(index) }
        let cleanup = log.onMaintenanceDone(job, failure: failure)
        if !cleanup.isEmpty { submit(cleanup, .other) }
        restartLogIfPossible()
    }

    /// Keeps a spare segment ready, so that rolling never waits for preallocation, and indexes sealed ones.
    func maintainLog() {
        while let job = log.takeMaintenanceJob() {
            start(.maintenance(job)) { disk.run(job.work, token: $0) }
        }
        indexSegments()
    }
}
