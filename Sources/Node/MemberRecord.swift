import Raft

/// What the group has agreed on about one member, beside its being one.
package struct MemberRecord: Hashable, Sendable {
    package let id: MemberID
    /// Names the member's data directory (`NodeIdentity.incarnation`); 0 until the member has introduced itself. A
    /// process with another one has lost what this member has promised.
    package var incarnation: UInt64 = 0
    /// Where to find a member that joined a running cluster; nil for the founders, whom every node is told of when it
    /// is started.
    package var addresses: MemberAddresses?

    package init(id: MemberID, incarnation: UInt64 = 0, addresses: MemberAddresses? = nil) {
        self.id = id
        self.incarnation = incarnation
        self.addresses = addresses
    }
}

package struct MemberAddresses: Hashable, Sendable {
    /// For the other nodes.
    package let peer: Endpoint
    /// For Kafka clients.
    package let kafka: Endpoint

    package init(peer: Endpoint, kafka: Endpoint) {
        self.peer = peer
        self.kafka = kafka
    }
}
