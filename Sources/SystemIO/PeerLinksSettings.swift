import Bytes
import Ports

/// Where another node listens for its peers.
package struct PeerAddress: Sendable, Equatable {
    package let id: NodeID
    package let host: String
    package let port: UInt16

    package init(id: NodeID, host: String, port: UInt16) {
        self.id = id
        self.host = host
        self.port = port
    }
}

/// Identity and bounds of a node's links to the others.
package struct PeerLinksSettings: Sendable {
    package let localID: NodeID
    /// 16 bytes that all nodes of one cluster share.
    package let clusterID: ByteSlice
    package let listenHost: String
    package let listenPort: UInt16
    /// Bytes of the longest frame after the handshake.
    package var maximumFrame = 64 << 20
    /// Bytes that may be queued to one peer; a frame beyond it resets the link.
    package var queueLimit = 128 << 20
    package var handshakeNanoseconds: UInt64 = 2_000_000_000
    package var minimumBackoffNanoseconds: UInt64 = 50_000_000
    package var maximumBackoffNanoseconds: UInt64 = 1_000_000_000
    /// A node with a lower id dials us; one that has not for so long is dialled all the same, to hear why. It may have
    /// been told that we are no peer of it any more.
    package var lonelyNanoseconds: UInt64 = 5_000_000_000
    /// Outsiders that may have links at once.
    package var maximumOutsiders = 32
    /// Data unacknowledged for so long breaks the link (TCP_USER_TIMEOUT).
    package var unacknowledgedMilliseconds: Int32 = 5_000
    /// An idle link is probed after so long, and broken after three lost probes.
    package var keepaliveSeconds: Int32 = 2
    package var maximumIncomingConnections = 256

    package init(localID: NodeID, clusterID: ByteSlice, listenHost: String, listenPort: UInt16) {
        precondition(clusterID.count == PeerHandshake.clusterIDSize, "cluster id of \(clusterID.count) bytes")
        self.localID = localID
        self.clusterID = clusterID
        self.listenHost = listenHost
        self.listenPort = listenPort
    }
}

/// Trouble on the way to a link, for logs, metrics and status pages. The same trouble with the same peer is reported
/// once until something else happens.
package enum PeerReport: Sendable, Equatable {
    /// The peer answered the handshake with this reason.
    case refused(by: NodeID, reason: String)
    /// Someone at `address` was refused here.
    case refusedIncoming(address: String, reason: String)
    /// No connection, no answer in time, or an answer that makes no sense.
    case dialFailed(NodeID, reason: String)
    /// An established link broke.
    case linkLost(NodeID, reason: String)
}
