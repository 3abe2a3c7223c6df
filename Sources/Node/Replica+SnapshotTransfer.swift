import Broker
import Bytes
import LogStore
import Ports
import Raft

/// A state snapshot on its way from the leader. Pieces are asked for one after the other, so a broken transfer goes on
/// where it stopped.
struct SnapshotTransfer {
    let offer: SnapshotOffer
    /// Chain checksum at the offer's position, on which the new log continues.
    let chain: UInt64
    let leader: NodeID
    /// Which of the leader's snapshots this is; nil until the first piece tells.
    var source: Position?
    var received: UInt64 = 0
    var total: UInt64 = 0
    var isStoring = false
}

/// Sending and receiving snapshots (paper §7).
///
/// The log is the store, so a follower needs both the machine's state and the entries that partitions still need. The
/// leader offers the position before its first entry. The follower fetches the leader's newest state snapshot, which
/// covers that position and more, restarts its log at the position offered, and gets the entries from there on as
/// ordinary appends; those that the state already contains are stored and not applied again.
extension Replica {
    private static let pieceBytes: UInt32 = 1 << 20

    // MARK: Leader

    func serveSnapshot(_ wanted: UInt64, offset: UInt64, length: UInt32, to peer: NodeID) {
        guard let newest = log.newestSnapshot, wanted == 0 || wanted == newest.index, offset <= newest.fileSize else {
            return send(.snapshotPart(source: .zero, offset: 0, total: 0, bytes: .empty), to: peer)
        }
        let count = Int(min(UInt64(length), UInt64(Self.pieceBytes), newest.fileSize - offset))
        let job = log.snapshotReadJob(newest, offset: offset, count: count)
        start(.readSnapshotPart(job, to: peer, of: newest, offset: offset)) { disk.run(job.work, token: $0) }
    }

    func snapshotPartRead(_ bytes: ByteSlice, to peer: NodeID, of snapshot: SnapshotMetadata, offset: UInt64) {
        let source = Position(index: snapshot.index, term: snapshot.term)
        send(.snapshotPart(source: source, offset: offset, total: snapshot.fileSize, bytes: bytes), to: peer)
    }

    // MARK: Follower

    func receiveSnapshot(_ offer: SnapshotOffer, from leader: MemberID) {
        if let own = log.newestSnapshot, own.index >= offer.position.index, own.index <= appliedIndex {
            return restartLog(after: offer, chain: snapshots.offeredChain, with: own)
        }
        var transfer = SnapshotTransfer(offer: offer, chain: snapshots.offeredChain, leader: NodeID(leader))
        if let earlier = snapshots.transfer, let source = earlier.source, source.index >= offer.position.index {
            transfer.source = source
            transfer.received = earlier.received
            transfer.total = earlier.total
        }
        snapshots.transfer = transfer
        requestNextPart()
    }

    private func requestNextPart() {
        guard let transfer = snapshots.transfer else { return }
        let request = PeerFrame.snapshotRead(
            snapshot: transfer.source?.index ?? 0, offset: transfer.received, length: Self.pieceBytes)
        send(request, to: transfer.leader)
    }

    func snapshotPartArrived(
        source: Position, offset: UInt64, total: UInt64, _ bytes: ByteSlice, from peer: NodeID
    ) {
        guard var transfer = snapshots.transfer, transfer.leader == peer, !transfer.isStoring else { return }
        let isExpected = transfer.source == nil || transfer.source == source
        guard total > 0, isExpected, offset == transfer.received, source.index >= transfer.offer.position.index,
            !bytes.isEmpty, UInt64(bytes.count) <= total - min(offset, total)
        else { return abandonTransfer() }
        transfer.source = source
        transfer.total = total
        transfer.isStoring = true
        snapshots.transfer = transfer
        let job = log.snapshotReceiveJob(index: source.index, offset: offset, bytes: bytes)
        start(.storeSnapshotPart(job)) { disk.run(job.work, token: $0) }
    }

    func snapshotPartStored(_ size: UInt64) {
        guard var transfer = snapshots.transfer, let source = transfer.source else { return }
        transfer.isStoring = false
        transfer.received = size
        snapshots.transfer = transfer
        guard size >= transfer.total else { return requestNextPart() }
        let job = log.snapshotInstallJob(index: source.index, term: source.term)
        start(.installSnapshot(job)) { disk.run(job.work, token: $0) }
    }

    func snapshotFileInstalled(_ metadata: SnapshotMetadata) {
        guard let transfer = snapshots.transfer else { return }
        snapshots.transfer = nil
        guard metadata.index > appliedIndex else {
            return restartLog(after: transfer.offer, chain: transfer.chain, with: metadata)
        }
        let job = log.snapshotLoadJob(metadata)
        start(.loadSnapshot(job, metadata, transfer)) { disk.run(job.work, token: $0) }
    }

    func snapshotStateLoaded(_ state: ByteSlice, _ metadata: SnapshotMetadata, _ transfer: SnapshotTransfer) {
        do {
            broker = try Broker(snapshot: state)
            snapshots.memberships = try SnapshotCodec.decodeMemberships(metadata.membership)
        } catch {
            return stop(.badSnapshot("\(metadata.path): \(error)"))
        }
        appliedIndex = metadata.index
        lastTimestamp = max(lastTimestamp, broker.clock)
        onEvent?(.snapshotReceived(index: metadata.index, bytes: metadata.fileSize))
        restartLog(after: transfer.offer, chain: transfer.chain, with: metadata)
    }

    private func restartLog(after offer: SnapshotOffer, chain: UInt64, with snapshot: SnapshotMetadata) {
        let base = LogPoint(index: offer.position.index, term: offer.position.term, chain: chain)
        cache.removeAll()
        snapshots.newest = snapshot
        snapshots.lastIndex = snapshot.index
        submit(log.reset(to: snapshot, base: base), .logRestarted(offer))
    }

    /// The transfer cannot go on; what was stored of it stays for the next offer.
    func abandonTransfer() {
        guard let transfer = snapshots.transfer else { return }
        snapshots.transfer?.source = nil
        snapshots.transfer?.received = 0
        raft.onSnapshotFailed(from: transfer.leader.rawValue)
    }

    /// The link to `peer` broke: the next offer resumes.
    func interruptTransfer(from peer: NodeID) {
        guard let transfer = snapshots.transfer, transfer.leader == peer else { return }
        raft.onSnapshotFailed(from: peer.rawValue)
    }
}
