import Bytes
import Ports

/// The links between simulated nodes: frames in order per direction, delivered when told; a cut link loses what is on
/// it.
package final class SimulatedNetwork {
    package struct Link: Hashable {
        package let from: NodeID
        package let to: NodeID

        package init(from: NodeID, to: NodeID) {
            self.from = from
            self.to = to
        }
    }

    private struct Frame {
        let link: Link
        let bytes: ByteSlice
    }

    private var frames: [Frame] = []
    private var transports: [NodeID: SimulatedTransport] = [:]
    /// Pairs whose link is down, both directions named.
    private var cut: Set<Link> = []
    package private(set) var deliveredFrames = 0

    package init() {}

    package func attach(_ node: NodeID) -> SimulatedTransport {
        let transport = SimulatedTransport(node: node, network: self)
        transports[node] = transport
        return transport
    }

    /// Takes a node off the network; what is on its links is lost.
    package func detach(_ node: NodeID) {
        transports[node] = nil
        frames.removeAll { $0.link.from == node || $0.link.to == node }
        for other in transports.keys.sorted() { transports[other]?.setConnected(node, false) }
    }

    package func setLink(_ one: NodeID, _ other: NodeID, up: Bool) {
        for link in [Link(from: one, to: other), Link(from: other, to: one)] {
            if up { cut.remove(link) } else { cut.insert(link) }
        }
        if !up { frames.removeAll { cut.contains($0.link) } }
        refreshConnections()
    }

    /// Tells every node which peers it can reach now.
    package func refreshConnections() {
        for node in transports.keys.sorted() {
            for other in transports.keys.sorted() where other != node {
                transports[node]?.setConnected(other, !cut.contains(Link(from: node, to: other)))
            }
        }
    }

    func carry(_ bytes: ByteSlice, over link: Link) -> Bool {
        guard transports[link.to] != nil, !cut.contains(link) else { return false }
        frames.append(Frame(link: link, bytes: bytes))
        return true
    }

    /// Delivers the oldest frame; false if there is none.
    package func deliverNext() -> Bool {
        guard !frames.isEmpty else { return false }
        let frame = frames.removeFirst()
        deliveredFrames += 1
        transports[frame.link.to]?.deliver?(.frame(from: frame.link.from, frame.bytes))
        return true
    }
}

/// One node's end of a `SimulatedNetwork`.
package final class SimulatedTransport: Transport {
    package var deliver: ((TransportEvent) -> Void)?
    private let node: NodeID
    private unowned let network: SimulatedNetwork
    private var connected: Set<NodeID> = []

    init(node: NodeID, network: SimulatedNetwork) {
        self.node = node
        self.network = network
    }

    func setConnected(_ peer: NodeID, _ isConnected: Bool) {
        if isConnected {
            if connected.insert(peer).inserted { deliver?(.connected(peer)) }
        } else if connected.remove(peer) != nil {
            deliver?(.disconnected(peer))
        }
    }

    package func send(_ pieces: [ByteSlice], to peer: NodeID) -> Bool {
        guard connected.contains(peer) else { return false }
        var writer = ByteWriter(capacity: pieces.reduce(0) { $0 + $1.count })
        for piece in pieces { writer.bytes(piece) }
        return network.carry(writer.finish(), over: .init(from: node, to: peer))
    }
}
