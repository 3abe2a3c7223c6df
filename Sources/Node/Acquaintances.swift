import Planted
import Raft

/// What a node says of its data directory.
struct Introduction: Equatable, Sendable {
    /// `NodeIdentity.incarnation`; 0 if that directory was a member's that has been removed.
    var incarnation: UInt64
    /// The directory was formatted as one of those the cluster began with.
    var isFounder: Bool
}

/// What this node is, and what the nodes at the other end of its links have said they are.
struct Acquaintances {
    /// This node's own.
    let own: Introduction
    /// Of each connected peer.
    private(set) var introductions: [MemberID: Introduction] = [:]
    /// Peers that are not who their id says: their data directory is not the one the group knows.
    private(set) var strangers: Set<MemberID> = []
    /// Per peer, the newest configuration by which it has told this node that it is no member.
    var outsideBy: [MemberID: UInt64] = [:]
    /// The leader should look whether it knows something that the configuration lacks.
    var isRecordDue = true

    init(_ identity: NodeIdentity) {
        own = Introduction(
            incarnation: identity.incarnation, isFounder: identity.membership.contains(identity.node.rawValue))
    }

    mutating func add(_ peer: MemberID, _ introduction: Introduction, _ configuration: GroupConfiguration) {
        introductions[peer] = introduction
        judge(by: configuration)
    }

    mutating func remove(_ peer: MemberID) {
        introductions[peer] = nil
        outsideBy[peer] = nil
        strangers.remove(peer)
    }

    /// The member `peer` was removed with this directory, 0 if that was not written down. If its id is given anew, it
    /// is to another one: a process that is gone, whose link has not been found broken yet, must not be written down
    /// as who has come. Whoever is alive introduces itself again (`toldNotMember`). By `newest`, the newest
    /// configuration in the log, the one who has come may be known already.
    mutating func removeMember(_ peer: MemberID, _ incarnation: UInt64, _ newest: GroupConfiguration) {
        #if DEBUG
        if Planted.has(.recordsRemovedDirectory) { return }
        #endif
        guard let known = introductions[peer]?.incarnation, known != newest.record(of: peer).incarnation else { return }
        if incarnation == 0 || known == incarnation {
            introductions[peer] = Introduction(incarnation: 0, isFounder: false)
        }
    }

    /// A new configuration may know more, or another directory under the same id. A voter of whom nothing is written
    /// down yet is a founder: who has joined is written down before it votes.
    mutating func judge(by configuration: GroupConfiguration) {
        strangers = Set(introductions.filter { peer, introduction in
            let known = configuration.record(of: peer).incarnation
            if known != 0 { return known != introduction.incarnation }
            return configuration.membership.voters.contains(peer) && !introduction.isFounder
        }.keys)
        isRecordDue = true
    }

    /// The peers that have introduced themselves, ascending.
    var peers: [MemberID] { introductions.keys.sorted() }

    /// What the records of `configuration` lack is filled in; nil if there is nothing to add.
    func completing(_ configuration: GroupConfiguration, self node: MemberID) -> [MemberRecord]? {
        let members = configuration.membership.voters + configuration.membership.learners
        let records = members.map { member in
            var record = configuration.record(of: member)
            if record.incarnation == 0 {
                record.incarnation = member == node ? own.incarnation : known(member)
            }
            return record
        }
        let completed = GroupConfiguration(
            membership: configuration.membership, records: records.filter { $0 != MemberRecord(id: $0.id) })
        return completed == configuration ? nil : completed.records
    }

    private func known(_ member: MemberID) -> UInt64 {
        strangers.contains(member) ? 0 : introductions[member]?.incarnation ?? 0
    }
}
