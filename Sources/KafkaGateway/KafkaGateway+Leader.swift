import KafkaWire
import Node
import Ports

extension KafkaGateway {
    /// The leader as far as this node knows; the term is the leader epoch.
    var currentLeader: KafkaLeader? {
        guard let leader = replica.leader else { return nil }
        return KafkaLeader(leaderId: leader.kafkaID, leaderEpoch: leaderEpoch)
    }

    var leaderEpoch: Int32 { Int32(clamping: replica.term) }

    /// The leader carries out every administrative request, which is what Kafka's controller does; -1 when unknown.
    var controllerID: Int32 { replica.leader?.kafkaID ?? -1 }

    /// The members that vote, which hold a copy of every partition; ascending.
    var voters: [NodeID] { replica.raft.membership.voters.map { NodeID($0) }.sorted() }

    /// Where clients find the nodes, ascending: the voters, and the leader also while it leaves. A learner may be far
    /// behind, and what it would tell of topics with it. A node that is to join knows nobody but whom it was told of.
    var sortedEndpoints: [(node: NodeID, endpoint: KafkaEndpoint)] {
        let known = voters
        let nodes = known.isEmpty ? settings.endpoints.keys.sorted() : known
        let leaving = replica.leader.flatMap { nodes.contains($0) ? nil : $0 }
        return (nodes + (leaving.map { [$0] } ?? [])).sorted().compactMap { node in
            let added = replica.configuration.record(of: node.rawValue).addresses?.kafka
            let endpoint = added.map { KafkaEndpoint(host: $0.host, port: Int32($0.port)) }
            return (endpoint ?? settings.endpoints[node]).map { (node, $0) }
        }
    }

    /// Whether `member` could take leadership over without a long wait, and keep it.
    func canTakeOver(_ member: NodeID) -> Bool {
        if replica.isLowOnSpace(member) { return false }
        let matched = replica.raft.progress(of: member.rawValue)?.matched ?? 0
        let lag = replica.raft.lastPosition.index - matched
        return node.connectedPeers.contains(member) && lag <= replica.raft.settings.promotionLag
    }

    /// Compares the leader epoch a client believes in with ours (KIP-320); -1 stands for no belief.
    func check(leaderEpoch epoch: Int32) -> KafkaErrorCode {
        if epoch < 0 || epoch == leaderEpoch { return .none }
        return epoch < leaderEpoch ? .fencedLeaderEpoch : .unknownLeaderEpoch
    }

    /// How much longer than the client's timeout a follower waits for the leader, so that the leader's own timeout,
    /// which says more, is heard first.
    private static let relayNanoseconds: UInt64 = 500_000_000

    /// Carries the call out here, passes it on to the leader, waits a moment for one, or gives up, whatever applies. A
    /// call that was passed on to this node is not passed on again: two nodes that each take the other for the leader
    /// would play ball with it.
    func dispatch(_ call: LeaderCall) {
        if call.session.isClosed { return }
        if replica.admission != nil { return lead(call) }
        if replica.isLeader || replica.leader == nil {
            if node.clock.monotonicNanoseconds < call.patience { return park(call) }
            return call.refuse()
        }
        if call.session.isForwarded { return call.refuse() }
        metrics.forwardedRequests += 1
        let isPassedOn = node.forwardToLeader(call.frame, deadline: call.deadline + Self.relayNanoseconds) { reply in
            if let reply { call.answer(relayed: reply) } else { call.refuseUnanswered() }
        }
        if !isPassedOn { call.refuse() }
    }

    /// Nobody has confirmed in time that this node leads.
    func refuseUnconfirmed(now: UInt64) {
        for call in confirming where call.deadline <= now { call.refuse() }
        confirming.removeAll { $0.deadline <= now }
    }

    /// A leader that was deposed and does not know it yet must not answer from what it has applied: that a topic does
    /// not exist, say, which its successor has created. So it makes sure first.
    private func lead(_ call: LeaderCall) {
        confirming.append(call)
        replica.readBarrier { [unowned self] isCurrent in
            guard let position = confirming.firstIndex(where: { $0 === call }) else { return }
            confirming.remove(at: position)
            if isCurrent, replica.admission != nil { return call.run() }
            if node.clock.monotonicNanoseconds < call.patience { park(call) } else { call.refuse() }
        }
    }
}

extension NodeID {
    /// As a Kafka broker id.
    var kafkaID: Int32 { Int32(clamping: rawValue) }
}
