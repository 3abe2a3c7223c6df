import Bytes
import Ports
import Raft

/// One node: its groups, its links to the other nodes, and the requests it passes on to the leader. Owned by the event
/// loop. The shell calls `tick` at the tick length, `endTurn` after each burst of events, and routes completions.
package final class Node {
    package let identity: NodeIdentity
    package let settings: NodeSettings
    /// Group 0: metadata, and everything else in a small cluster.
    package let replica: Replica
    package let transport: any Transport
    package let clock: any Clock
    package let entropy: any Entropy

    package private(set) var connectedPeers: Set<NodeID> = []
    var forwards: Forwards
    /// Answers a client request that another node passed on to this one. Set by the gateway.
    package var onForwardedRequest: ((ByteSlice, @escaping (ByteSlice) -> Void) -> Void)?
    /// The same for a request of the admin port.
    package var onForwardedAdmin: ((ByteSlice, @escaping (ByteSlice) -> Void) -> Void)?
    package var onPeerEvent: ((PeerEvent) -> Void)?
    package private(set) var rejectedFrames: UInt64 = 0

    init(identity: NodeIdentity, replica: Replica, environment: NodeEnvironment) {
        self.identity = identity
        self.replica = replica
        settings = environment.settings
        transport = environment.transport
        clock = environment.clock
        entropy = environment.entropy
        forwards = Forwards(first: environment.entropy.next())
        environment.queue.deliver = { [unowned self] in self.replica.onDisk($0) }
        environment.transport.deliver = { [unowned self] in self.onTransport($0) }
        replica.applyCommitted()
        replica.drain()
    }

    /// Forgets whoever waits for something, without telling them.
    package func abandon() {
        _ = forwards.takeExpired(now: .max)
        replica.abandon()
    }

    package func tick() {
        replica.tick()
        for answer in forwards.takeExpired(now: clock.monotonicNanoseconds) { answer(nil) }
    }

    /// Closes what the turn's requests have opened: one produce entry for all of them.
    package func endTurn() {
        replica.sealTurn()
    }

    private func onTransport(_ event: TransportEvent) {
        switch event {
        case .connected(let peer):
            connectedPeers.insert(peer)
            onPeerEvent?(.connected(peer))
            replica.onConnected(peer)
        case .disconnected(let peer):
            connectedPeers.remove(peer)
            onPeerEvent?(.disconnected(peer))
            for answer in forwards.takeAll(of: peer) { answer(nil) }
            replica.onDisconnected(peer)
        case .frame(let peer, let bytes): onFrame(bytes, from: peer)
        }
    }

    private func onFrame(_ bytes: ByteSlice, from peer: NodeID) {
        let decoded: (group: GroupID, frame: PeerFrame)
        do {
            decoded = try PeerFrame.decode(bytes)
        } catch {
            rejectedFrames += 1
            onPeerEvent?(.rejectedFrame(peer, error))
            return
        }
        switch decoded.frame {
        case .forward(let id, let request): answerForward(id: id, request, from: peer, onForwardedRequest)
        case .forwardAdmin(let id, let request): answerForward(id: id, request, from: peer, onForwardedAdmin)
        case .forwardReply(let id, let reply): forwards.take(id: id, from: peer)?(reply)
        default:
            guard decoded.group == replica.group else {
                rejectedFrames += 1
                onPeerEvent?(.unknownGroup(peer, decoded.group))
                return
            }
            replica.onFrame(decoded.frame, from: peer)
        }
    }

    private func answerForward(
        id: UInt64, _ request: ByteSlice, from peer: NodeID,
        _ handler: ((ByteSlice, @escaping (ByteSlice) -> Void) -> Void)?
    ) {
        guard let handler else { return }
        handler(request) { [weak self] reply in
            guard let self else { return }
            self.replica.send(.forwardReply(id: id, reply: reply), to: peer)
        }
    }

    /// Passes a client's request on to the leader; false if there is none at hand. Otherwise calls back with its reply,
    /// or nil if its link breaks or `deadline` (monotonic nanoseconds) passes: it may have been carried out all the
    /// same.
    package func forwardToLeader(
        _ request: ByteSlice, isAdmin: Bool = false, deadline: UInt64, _ answer: @escaping (ByteSlice?) -> Void
    ) -> Bool {
        guard let leader = replica.leader, leader != identity.node, connectedPeers.contains(leader) else {
            return false
        }
        let id = forwards.add(peer: leader, deadline: deadline, answer)
        replica.send(
            isAdmin ? .forwardAdmin(id: id, request: request) : .forward(id: id, request: request), to: leader)
        return true
    }

    /// Hands leadership to the follower that is furthest along, if this node leads. The caller watches
    /// `replica.isLeader` and stops when it is false or its patience ends.
    package func beginHandOver() {
        guard replica.isLeader else { return }
        let others = replica.raft.membership.voters.filter { $0 != identity.node.rawValue }
        let connected = others.filter { connectedPeers.contains(NodeID($0)) }
        let roomy = connected.filter { !replica.isLowOnSpace(NodeID($0)) }
        guard let target = (roomy.isEmpty ? connected : roomy).max(by: { matched($0) < matched($1) }) else { return }
        replica.transferLeadership(to: NodeID(target))
    }

    private func matched(_ peer: MemberID) -> UInt64 {
        replica.raft.progress(of: peer)?.matched ?? 0
    }
}

/// For logs and metrics.
package enum PeerEvent {
    case connected(NodeID)
    case disconnected(NodeID)
    case rejectedFrame(NodeID, DecodeError)
    case unknownGroup(NodeID, GroupID)
}

/// The ports a node is given.
package struct NodeEnvironment {
    package let settings: NodeSettings
    /// For start-up only.
    package let disk: any Disk
    package let queue: any DiskQueue
    package let transport: any Transport
    package let clock: any Clock
    package let entropy: any Entropy

    package init(
        settings: NodeSettings, disk: any Disk, queue: any DiskQueue, transport: any Transport, clock: any Clock,
        entropy: any Entropy
    ) {
        self.settings = settings
        self.disk = disk
        self.queue = queue
        self.transport = transport
        self.clock = clock
        self.entropy = entropy
    }
}
