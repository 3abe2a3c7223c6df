// Elections (paper §5.2, §5.4.1), PreVote (thesis §9.6) and the changes of role.

import Planted

extension Raft {
    /// Only a voter campaigns, and not while a snapshot is about to replace its log, nor with damage in it. Whom its
    /// newest membership leaves out is one until that is committed: it may be the only one whose log is as long as
    /// what some voters have (thesis §4.2.2).
    ///
    /// A learner whose vote was asked for, and not given for its longer log, stands itself. Whoever asked knows of its
    /// promotion, and may find no majority without it, while nobody else has a log that it would vote for. It is safe
    /// as it is for any other: a majority of the voters by its own log must agree, and its own vote is not among them.
    var isPromotable: Bool {
        let mayStand = membership.voters.contains(id)
            || memberships.membership(at: machine.committed).voters.contains(id)
            || (isNeeded && membership.learners.contains(id))
        return mayStand && receiving == nil && damagedFrom == nil
    }

    var otherVoters: [MemberID] { membership.voters.filter { $0 != id } }

    mutating func resetElectionTimer() {
        electionElapsed = 0
        electionTimeout = settings.electionTicks + random.next(below: settings.electionTicks)
    }

    mutating func tickElection() {
        electionElapsed += 1
        guard electionElapsed >= electionTimeout else { return }
        if isPromotable { return becomePreCandidate() }
        // Not ours to act on, but a leader this silent must no longer keep us from voting for another.
        resetElectionTimer()
        leader = nil
        announce()
    }

    /// The link to the leader broke, which is how a killed process shows first: waiting for heartbeats to fail would
    /// cost a whole election timeout. We ask for votes soon, the survivors one after the other in order of id so that
    /// they do not split the vote. If the leader is well, PreVote keeps the others with it and its next heartbeat
    /// brings us back.
    mutating func leaderLinkBroke() {
        let step = max(settings.electionTicks / 8, 1)
        let turn = membership.voters.filter { $0 != leader }.firstIndex(of: id) ?? 0
        leader = nil
        electionElapsed = 0
        electionTimeout = min(1 + turn * step + random.next(below: step), settings.electionTicks)
        announce()
    }

    /// A new term: the vote is free, and nothing said or verified in the old one counts.
    mutating func enterTerm(_ newTerm: Term, vote newVote: MemberID?) {
        term = newTerm
        vote = newVote
        forgetVerified()
        outbox.dropHeld()
        outbox.save(term: term, vote: vote)
    }

    private mutating func forgetVerified() {
        #if DEBUG
        if Planted.has(.keepsVerifiedAcrossTerms) { return }
        #endif
        verified = 0
    }

    // MARK: Roles

    /// The timer restarts when a leader speaks or one steps down, not when a candidate merely brings a higher term
    /// (paper §5.2): a candidate that cannot win must not keep those who can from trying.
    mutating func becomeFollower(term newTerm: Term, leader newLeader: MemberID?) {
        if role == .leader { resign() }
        if newTerm > term { enterTerm(newTerm, vote: nil) }
        if newLeader != nil {
            resetElectionTimer()
            isNeeded = false
        }
        role = .follower
        leader = newLeader
        tally = VoteTally()
        announce()
    }

    mutating func becomePreCandidate() {
        #if DEBUG
        if Planted.has(.noPreVote) { return becomeCandidate(isTransfer: false) }
        #endif
        role = .preCandidate
        leader = nil
        tally = VoteTally()
        tally.record(id, isGranted: true, isRejoining: mayLack)
        resetElectionTimer()
        announce()
        guard tally.outcome(voters: membership.voters) != .won else { return becomeCandidate(isTransfer: false) }
        let request = VoteRequest(term: term + 1, last: log.lastPosition, isTransfer: false)
        for voter in otherVoters { send(.preVoteRequest(request), to: voter) }
    }

    /// Our own vote counts when it is on disk, like any other.
    mutating func becomeCandidate(isTransfer: Bool) {
        enterTerm(term + 1, vote: id)
        role = .candidate
        leader = nil
        tally = VoteTally()
        resetElectionTimer()
        announce()
        let request = VoteRequest(term: term, last: log.lastPosition, isTransfer: isTransfer)
        for voter in otherVoters { send(.voteRequest(request), to: voter) }
    }

    /// The heartbeat stops other elections at once; the no-op (paper §8) lets entries of older terms commit.
    mutating func becomeLeader() {
        role = .leader
        leader = id
        isNeeded = false
        electionElapsed = 0
        heartbeatElapsed = 0
        noop = log.last + 1
        peers = membership.others(than: id).map { Peer(id: $0, progress: Progress(next: noop)) }
        reads = ReadQueue()
        endRejoining()
        announce()
        log.append(count: 1, term: term)
        outbox.put(.appendNoop(log.lastPosition))
        broadcastHeartbeat()
        replicateToAll()
    }

    private mutating func resign() {
        for id in reads.removeAll() { outbox.put(.readFailed(id: id)) }
        transfer = nil
        peers = []
        for number in loads.indices { loads[number].isStale = true }
        verified = 0
        resetElectionTimer()
    }

    // MARK: Votes

    /// Nothing is promised and nothing changes: would we vote for the sender if it campaigned?
    mutating func stepPreVoteRequest(_ request: VoteRequest, from sender: MemberID) {
        let isFree = request.term > term || isVoteFree(for: sender)
        let isGranted = isFree && isUpToDate(request.last) && damagedFrom == nil
        if !isUpToDate(request.last) { isNeeded = true }
        let reply = VoteReply(
            term: isGranted ? request.term : term, isGranted: isGranted, isRejoining: isGranted && mayLack)
        send(.preVoteReply(reply), to: sender)
    }

    mutating func stepVoteRequest(_ request: VoteRequest, from sender: MemberID) {
        let isGranted = isVoteFree(for: sender) && isUpToDate(request.last) && damagedFrom == nil
        if isGranted { castVote(for: sender) }
        let reply = VoteReply(term: term, isGranted: isGranted, isRejoining: isGranted && mayLack)
        send(.voteReply(reply), to: sender)
    }

    private func isVoteFree(for candidate: MemberID) -> Bool {
        #if DEBUG
        if Planted.has(.votesTwice) { return leader == nil }
        #endif
        return vote == candidate || (vote == nil && leader == nil)
    }

    /// Paper §5.4.1. Our side counts with all it has accepted, flushed or not: the stricter reading.
    private func isUpToDate(_ last: Position) -> Bool {
        #if DEBUG
        if Planted.has(.votesForStaleLogs) { return true }
        #endif
        let mine = log.lastPosition
        return last.term > mine.term || (last.term == mine.term && last.index >= mine.index)
    }

    private mutating func castVote(for candidate: MemberID) {
        if vote != candidate {
            vote = candidate
            outbox.save(term: term, vote: vote)
        }
        role = .follower
        tally = VoteTally()
        resetElectionTimer()
        announce()
    }

    mutating func stepPreVoteReply(_ reply: VoteReply, from sender: MemberID) {
        guard role == .preCandidate, !reply.isGranted || reply.term == term + 1 else { return }
        tally.record(sender, isGranted: reply.isGranted, isRejoining: reply.isRejoining)
        evaluateVotes()
    }

    mutating func stepVoteReply(_ reply: VoteReply, from sender: MemberID) {
        guard role == .candidate else { return }
        tally.record(sender, isGranted: reply.isGranted, isRejoining: reply.isRejoining)
        evaluateVotes()
    }

    mutating func evaluateVotes() {
        switch tally.outcome(voters: membership.voters) {
        case .pending: break
        case .won: if role == .preCandidate { becomeCandidate(isTransfer: false) } else { becomeLeader() }
        case .lost: becomeFollower(term: term, leader: nil)
        }
    }
}
