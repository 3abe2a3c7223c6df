// Leadership transfer (thesis §3.10).

extension Raft {
    /// Hands leadership to `target`: no more proposals, bring its log up to ours, tell it to campaign. Given up after
    /// an election timeout.
    package mutating func transferLeadership(to target: MemberID) -> TransferResult {
        defer { settle() }
        guard role == .leader else { return .notLeader(leader: leader) }
        if let transfer { return .alreadyTransferring(to: transfer.target) }
        guard target != id, membership.voters.contains(target) else { return .notEligible }
        transfer = Transfer(target: target)
        tellTransferTarget(target)
        return .started
    }

    /// Leads no more, without a successor: none can have our whole log, as the shell cannot read what they lack. With
    /// that damage we do not campaign, and the others elect one of them once they have not heard of us for long enough.
    package mutating func stepDown() {
        defer { settle() }
        if role == .leader { becomeFollower(term: term, leader: nil) }
    }

    /// TimeoutNow goes out once, when the target's disk has our whole log.
    mutating func tellTransferTarget(_ peer: MemberID) {
        guard let pending = transfer, pending.target == peer, !pending.isTold else { return }
        guard progress(of: peer)?.matched == log.last else { return }
        transfer?.isTold = true
        send(.timeoutNow(TimeoutNow(term: term)), to: peer)
    }

    mutating func tickTransfer() {
        guard var pending = transfer else { return }
        pending.elapsed += 1
        transfer = pending.elapsed < settings.electionTicks ? pending : nil
    }

    /// No PreVote: the leader itself wants the election, and its followers are told so.
    mutating func stepTimeoutNow() {
        guard isPromotable else { return }
        becomeCandidate(isTransfer: true)
    }
}
