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
/// breaks. The transport connects and reconnects with backoff by itself, and resets a link that falls too far behind.
/// There is no way to stop reading from a peer: with the entries of a leader its heartbeats would stop, too. How much
/// a peer sends ahead is bounded where it is sent, by Raft's window of appends in flight.
package protocol Transport: AnyObject {
    /// Queues one frame made of `pieces` laid end to end, by reference; the transport adds its own length prefix.
    /// False when the link is down: the frame is dropped.
    @discardableResult func send(_ pieces: [ByteSlice], to peer: NodeID) -> Bool
    var deliver: ((TransportEvent) -> Void)? { get set }
}
