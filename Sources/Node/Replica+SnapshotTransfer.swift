import Broker
import Bytes
import LogStore
import Ports
import Raft

/// A state snapshot on its way from the leader. Pieces are asked for one after the other, so a broken transfer goes on
/// where it stopped.
struct SnapshotTransfer {
    enum Purpose {
        /// The log is to begin anew at the offer's position, where the chain checksum is this.
        case restart(SnapshotOffer, chain: UInt64)
        /// The log is to begin behind damage to it, after this entry.
        case passDamage(through: UInt64)
    }

    let number: UInt64
    let purpose: Purpose
    let leader: NodeID
    /// Which of the leader's snapshots this is; nil until the first piece tells.
    var source: Position?
    var received: UInt64 = 0
    var total: UInt64 = 0
    var isStoring = false
    /// Raft waits for the outcome. Otherwise it has been told of a failure, and this only says where the next
    /// transfer may go on.
    var isActive = true
    /// Ticks since a piece was asked for.
    var waiting = 0

    init(number: UInt64, purpose: Purpose, leader: NodeID) {
        self.number = number
        self.purpose = purpose
        self.leader = leader
    }

    /// What the snapshot has to cover.
    var leastIndex: UInt64 {
        switch purpose {
        case .restart(let offer, _): offer.position.index
        case .passDamage(let index): index
        }
    }
}

/// What `LogStore.reset` is to be called with.
struct LogRestart {
    let offer: SnapshotOffer
    let base: LogPoint
    let snapshot: SnapshotMetadata
}

/// Sending and receiving snapshots (paper §7).
///
/// The log is the store, so a follower needs both the machine's state and the entries that partitions still need. The
/// leader offers the position before its first entry. The follower fetches the leader's newest state snapshot, which
/// covers that position and more, restarts its log at the position offered, and gets the entries from there on as
/// ordinary appends; those that the state already contains are stored and not applied again.
///
/// While pieces are fetched the transfer can be given up at any time. From `snapshotInstallJob` on it cannot: only a
/// file that proves damaged ends it, else it goes on to the restart of the log, whoever leads by then. What a leader
/// snapshots is committed, so no later leader's log says otherwise.
extension Replica {
    // MARK: Leader

    func serveSnapshot(_ wanted: UInt64, offset: UInt64, length: UInt32, to peer: NodeID) {
        guard let newest = log.newestSnapshot, wanted == 0 || wanted == newest.index, offset <= newest.fileSize else {
            return send(.snapshotPart(source: .zero, offset: 0, total: 0, bytes: .empty), to: peer)
        }
        noteServing(from: offset)
        let count = Int(min(UInt64(length), UInt64(settings.snapshotPieceBytes), newest.fileSize - offset))
        let job = log.snapshotReadJob(newest, offset: offset, count: count)
        start(.readSnapshotPart(job, to: peer, of: newest, offset: offset)) { disk.run(job.work, token: $0) }
    }

    func snapshotPartRead(_ bytes: ByteSlice, to peer: NodeID, of snapshot: SnapshotMetadata, offset: UInt64) {
        let source = Position(index: snapshot.index, term: snapshot.term)
        send(.snapshotPart(source: source, offset: offset, total: snapshot.fileSize, bytes: bytes), to: peer)
    }

    // MARK: Follower, fetching

    func receiveSnapshot(_ offer: SnapshotOffer, from leader: MemberID) {
        precondition(snapshots.restart == nil, "offered \(offer.position) while the log is being begun anew")
        let chain = snapshots.offeredChain
        if let own = log.newestSnapshot, own.index >= offer.position.index, own.index <= appliedIndex {
            return restartLog(after: offer, chain: chain, with: own)
        }
        beginTransfer(.restart(offer, chain: chain), from: NodeID(leader))
    }

    func beginTransfer(_ purpose: SnapshotTransfer.Purpose, from leader: NodeID) {
        snapshots.transfers += 1
        var transfer = SnapshotTransfer(number: snapshots.transfers, purpose: purpose, leader: leader)
        if let earlier = snapshots.transfer, let source = earlier.source, source.index >= transfer.leastIndex {
            transfer.source = source
            transfer.received = earlier.received
            transfer.total = earlier.total
        }
        snapshots.transfer = transfer
        requestNextPart()
    }

    private func requestNextPart() {
        guard let transfer = snapshots.transfer else { return }
        snapshots.transfer?.waiting = 0
        let request = PeerFrame.snapshotRead(
            snapshot: transfer.source?.index ?? 0, offset: transfer.received,
            length: UInt32(settings.snapshotPieceBytes))
        send(request, to: transfer.leader)
    }

    func snapshotPartArrived(
        source: Position, offset: UInt64, total: UInt64, _ bytes: ByteSlice, from peer: NodeID
    ) {
        guard var transfer = snapshots.transfer, transfer.isActive, transfer.leader == peer, !transfer.isStoring else {
            return
        }
        let isExpected = transfer.source == nil || transfer.source == source
        guard total > 0, isExpected, offset == transfer.received, source.index >= transfer.leastIndex,
            !bytes.isEmpty, offset <= total, UInt64(bytes.count) <= total - offset
        else { return abandonTransfer() }
        transfer.source = source
        transfer.total = total
        transfer.isStoring = true
        snapshots.transfer = transfer
        let job = log.snapshotReceiveJob(index: source.index, offset: offset, bytes: bytes)
        start(.storeSnapshotPart(job, transfer: transfer.number)) { disk.run(job.work, token: $0) }
    }

    func snapshotPartStored(_ size: UInt64, transfer number: UInt64) {
        guard var transfer = snapshots.transfer, transfer.number == number, let source = transfer.source else { return }
        transfer.isStoring = false
        transfer.received = size
        snapshots.transfer = transfer
        guard transfer.isActive else { return }
        guard size >= transfer.total else { return requestNextPart() }
        snapshots.transfer = nil
        let job = log.snapshotInstallJob(index: source.index, term: source.term)
        start(.installSnapshot(job, transfer)) { disk.run(job.work, token: $0) }
    }

    func snapshotPartNotStored(transfer number: UInt64) {
        if snapshots.transfer?.number == number { abandonTransfer() }
    }

    /// What was received so far is of no use.
    private func abandonTransfer() {
        guard let transfer = snapshots.transfer else { return }
        snapshots.transfer?.source = nil
        snapshots.transfer?.received = 0
        interruptTransfer(from: transfer.leader)
    }

    /// The link to `peer` broke, or it does not answer: the next offer resumes.
    func interruptTransfer(from peer: NodeID) {
        guard let transfer = snapshots.transfer, transfer.isActive, transfer.leader == peer else { return }
        snapshots.transfer?.isActive = false
        raft.onSnapshotFailed(from: peer.rawValue)
    }

    /// A leader that neither answers nor loses its link must not keep this node waiting for ever.
    func tickTransfer() {
        guard let transfer = snapshots.transfer, transfer.isActive, !transfer.isStoring else { return }
        snapshots.transfer?.waiting += 1
        if transfer.waiting * settings.tickMilliseconds >= 5_000 { interruptTransfer(from: transfer.leader) }
    }

    // MARK: Follower, installing

    func snapshotFileInstalled(_ metadata: SnapshotMetadata, _ transfer: SnapshotTransfer) {
        if case .restart(let offer, let chain) = transfer.purpose, metadata.index <= appliedIndex {
            return restartLog(after: offer, chain: chain, with: metadata)
        }
        let job = log.snapshotLoadJob(metadata)
        start(.loadSnapshot(job, metadata, transfer)) { disk.run(job.work, token: $0) }
    }

    func snapshotStateLoaded(_ state: ByteSlice, _ metadata: SnapshotMetadata, _ transfer: SnapshotTransfer) {
        do {
            let received = try Broker(snapshot: state)
            let known = try SnapshotCodec.decodeConfigurations(metadata.membership)
            switch transfer.purpose {
            case .passDamage(let end): passDamage(through: end, with: metadata, received, from: transfer.leader)
            case .restart(let offer, let chain):
                broker = received
                configurations = known
                snapshotReceived(metadata)
                restartLog(after: offer, chain: chain, with: metadata)
            }
        } catch {
            stop(.badSnapshot("\(metadata.path): \(error)"))
        }
    }

    private func snapshotReceived(_ metadata: SnapshotMetadata) {
        appliedIndex = metadata.index
        resetSealing()
        lastTimestamp = max(lastTimestamp, broker.clock)
        configurationChanged()
        onEvent?(.snapshotReceived(index: metadata.index, bytes: metadata.fileSize))
    }

    private func restartLog(after offer: SnapshotOffer, chain: UInt64, with snapshot: SnapshotMetadata) {
        let base = LogPoint(index: offer.position.index, term: offer.position.term, chain: chain)
        snapshots.lastIndex = snapshot.index
        snapshots.bytesSince = 0
        snapshots.restart = LogRestart(offer: offer, base: base, snapshot: snapshot)
        restartLogIfPossible()
    }

    /// Waits until nothing is being written and there is a file for the new log; from then on the old log is gone.
    func restartLogIfPossible() {
        guard let restart = snapshots.restart, diskWork.isIdle,
            let operations = log.reset(to: restart.snapshot, base: restart.base)
        else { return }
        snapshots.restart = nil
        cache.removeAll()
        forgetConfigurations(after: restart.snapshot.index)
        submit(operations, .logRestarted(restart.offer))
    }
}
