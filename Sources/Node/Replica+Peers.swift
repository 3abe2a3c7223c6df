import Bytes
import LogStore
import Ports
import Raft

extension Replica {
    /// A decoded frame of this group from a peer that the transport has identified.
    func onFrame(_ frame: PeerFrame, from peer: NodeID) {
        guard fault == nil else { return }
        switch frame {
        case .raft(let message, let entries):
            if acquaintances.strangers.contains(peer.rawValue), !Self.isHeardFromStrangers(message) { return }
            if case .preVoteRequest = message { tellIfOutside(peer.rawValue) }
            incoming = entries
            raft.step(message, from: peer.rawValue)
            drain()
            incoming = []
        case .snapshotOffer(let offer, let chain):
            snapshots.offeredChain = chain
            raft.step(.snapshot(offer), from: peer.rawValue)
            drain()
        case .snapshotRead(let snapshot, let offset, let length):
            serveSnapshot(snapshot, offset: offset, length: length, to: peer)
        case .snapshotPart(let source, let offset, let total, let bytes):
            snapshotPartArrived(source: source, offset: offset, total: total, bytes, from: peer)
            drain()
        case .repairRead(let first, let last): serveRepair(first: first, last: last, to: peer)
        case .repairAnswer(let first, let answer):
            repairAnswered(first: first, answer, from: peer)
            drain()
        case .chain(let index, let chain): chainTold(index: index, chain: chain, by: peer)
        case .clock(let milliseconds): clockTold(milliseconds, by: peer)
        case .space(let report): spaceTold(report, by: peer)
        case .introduction(let introduction): introduced(peer, as: introduction)
        case .notMember(let index): toldNotMember(by: peer, configuration: index)
        case .otherData(let index): toldOtherData(by: peer, configuration: index)
        case .forward, .forwardAdmin, .forwardReply:
            preconditionFailure("forwarded requests are the node's, not a group's")
        }
    }

    /// Whoever leads or asks for votes is heard: those who elect it know better who it is, and what was seeded again
    /// while this node was away may be the only one who can lead. It asks only while its own configuration does not
    /// say that its id is another directory's, and without the entry that says so its log is older than ours. What a
    /// stranger answers never counts.
    private static func isHeardFromStrangers(_ message: RaftMessage) -> Bool {
        switch message {
        case .append, .heartbeat, .timeoutNow, .preVoteRequest, .voteRequest: true
        default: false
        }
    }

    func send(_ message: RaftMessage, to peer: MemberID) {
        switch message {
        case .preVoteRequest, .voteRequest: if isOtherData { return }
        default: break
        }
        switch message {
        case .append(let request):
            guard let entries = entriesToSend(request, to: peer) else { return }
            send(.raft(message, entries: entries), to: NodeID(peer))
        case .snapshot(let offer): send(.snapshotOffer(offer, chain: log.base.chain), to: NodeID(peer))
        default: send(.raft(message, entries: []), to: NodeID(peer))
        }
    }

    /// A frame that finds its link down is dropped: Raft resends what matters.
    func send(_ frame: PeerFrame, to peer: NodeID) {
        transport.send(frame.encode(group: group), to: peer)
    }

    /// Raft asks for entries only through `loadEntries`, so they are at hand, unless memory let go of them in between;
    /// then the request is dropped like a lost frame and Raft probes again.
    private func entriesToSend(_ request: AppendRequest, to peer: MemberID) -> [LogEntry]? {
        let first = request.previous.index + 1
        let count = Int(request.last - request.previous.index)
        if count == 0 { return [] }
        if let loaded = coldEntries.removeValue(forKey: peer), loaded.first?.index == first, loaded.count == count,
            log.holds(loaded)
        {
            return loaded
        }
        var entries: [LogEntry] = []
        entries.reserveCapacity(count)
        for index in first...request.last {
            guard let entry = cache.entry(index) else { return nil }
            entries.append(entry)
        }
        return entries
    }

    func loadEntries(for peer: MemberID, first: UInt64, last: UInt64, maximumBytes: Int) {
        if cache.entry(first) != nil {
            let (end, bytes) = extent(from: first, through: last, maximumBytes: maximumBytes)
            return raft.onEntriesLoaded(peer: peer, first: first, last: end, bytes: bytes)
        }
        guard let run = coldRun(from: first, through: last, maximumBytes: maximumBytes) else {
            if log.damagedRanges.contains(where: { $0.first <= first && first <= $0.last }) {
                repair.deferredLoads[peer] = (first, last, maximumBytes)
                return
            }
            return raft.onEntriesUnavailable(peer: peer, first: first)
        }
        metrics.coldReads += 1
        start(.peerEntries(peer: peer, from: run.start, count: run.count)) {
            disk.read(run.start.file, offset: run.start.headerOffset, count: run.byteCount, token: $0)
        }
    }

    /// How far the cached entries from `first` go within `maximumBytes`; at least one.
    private func extent(from first: UInt64, through last: UInt64, maximumBytes: Int) -> (last: UInt64, bytes: Int) {
        var end = first
        var bytes = 0
        var index = first
        while index <= last, let entry = cache.entry(index) {
            if index > first, bytes + entry.payloadLength > maximumBytes { break }
            bytes += entry.payloadLength
            end = index
            index += 1
        }
        return (end, bytes)
    }

    func peerEntriesRead(_ bytes: ByteSlice, for peer: MemberID, from start: EntryLocation, count: Int) {
        let entries = LogStore.decodeStoredRun(bytes, from: start, count: count)
        // What was truncated or deleted while the read was under way is no damage.
        if entries == nil, log.location(of: start.index) == start {
            onEvent?(.unreadable(first: start.index))
            for offset in 0..<UInt64(count) { suspect(start.index + offset) }
        }
        guard let entries, log.holds(entries) else {
            return raft.onEntriesUnavailable(peer: peer, first: start.index)
        }
        coldEntries[peer] = entries
        let size = entries.reduce(0) { $0 + $1.payloadLength }
        raft.onEntriesLoaded(peer: peer, first: start.index, last: start.index + UInt64(count) - 1, bytes: size)
    }

    func onConnected(_ peer: NodeID) {
        introduce(to: peer)
        tellSpace([peer])
        raft.onPeerConnected(peer.rawValue)
        drain()
    }

    func onDisconnected(_ peer: NodeID) {
        coldEntries[peer.rawValue] = nil
        acquaintances.remove(peer.rawValue)
        interruptTransfer(from: peer)
        raft.onPeerDisconnected(peer.rawValue)
        drain()
    }
}
