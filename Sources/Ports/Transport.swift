import Bytes

/// What happened on the links to the other nodes. Delivered on the owner's loop.
package enum TransportEvent: Sendable {
    /// A link is up, its handshake done: the peer has proved cluster id, node id and protocol version.
    case connected(NodeID)
    case disconnected(NodeID)
    /// One whole frame, as the peer's node sent it.
    case frame(from: NodeID, ByteSlice)
}

/// Links to the other nodes: at most one per peer, frames in order while it is up, any frame may be lost when it
/// breaks. The transport connects and reconnects with backoff by itself.
package protocol Transport: AnyObject {
    /// Queues one frame made of `pieces` laid end to end, by reference; the transport adds its own length prefix.
    /// False when the link is down: the frame is dropped.
    @discardableResult func send(_ pieces: [ByteSlice], to peer: NodeID) -> Bool
    /// Bytes queued and not yet taken by the operating system; the node stops feeding a link that is behind.
    func queuedBytes(to peer: NodeID) -> Int
    /// Stops or resumes reading from a peer whose work the node cannot take yet.
    func setReading(_ enabled: Bool, from peer: NodeID)
    var deliver: ((TransportEvent) -> Void)? { get set }
}
