import Ports

/// What `PeerLinks` knows about one other node. Loop thread only.
final class PeerLink {
    let id: NodeID
    /// Nil for an outsider: a node of the cluster's id that called and is not one of the peers.
    var address: PeerAddress?
    /// The established link.
    var session: PeerSession?
    /// Attempts in a row that ended before a link was up; decides the backoff.
    var failures = 0
    /// Tells the outcome of an abandoned attempt from that of the current one.
    var attempt: UInt64 = 0
    var dialer: Dialer?
    /// A dialled connection whose handshake is under way.
    var handshake: PeerSession?
    var retryTimer: TimerID?
    /// Repetitions of the same report are left out.
    var lastReport: PeerReport?

    init(_ id: NodeID, _ address: PeerAddress?) {
        self.id = id
        self.address = address
    }
}
