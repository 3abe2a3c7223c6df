import KafkaWire

extension KafkaGateway {
    /// The leader as far as this node knows; the term is the leader epoch.
    var currentLeader: KafkaLeader? {
        guard let leader = replica.leader else { return nil }
        return KafkaLeader(leaderId: Int32(leader.rawValue), leaderEpoch: leaderEpoch)
    }

    var leaderEpoch: Int32 { Int32(clamping: replica.term) }

    /// Compares the leader epoch a client believes in with ours (KIP-320); -1 stands for no belief.
    func check(leaderEpoch epoch: Int32) -> KafkaErrorCode {
        if epoch < 0 || epoch == leaderEpoch { return .none }
        return epoch < leaderEpoch ? .fencedLeaderEpoch : .unknownLeaderEpoch
    }
}
