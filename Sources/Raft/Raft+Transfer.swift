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
