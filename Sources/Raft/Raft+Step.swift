// Where a message goes: the switches are here, the handlers are in the file of their concern.

extension Raft {
    /// A message has arrived. One that makes no sense is dropped: see `RaftMessage.isWellFormed` and `shouldIgnore`.
    package mutating func step(_ message: RaftMessage, from sender: MemberID) {
        defer { settle() }
        guard message.isWellFormed, !shouldIgnore(message, from: sender) else { return }
        if message.term < term { return answerOldTerm(message, from: sender) }
        if message.term > term { adoptTerm(of: message, from: sender) }
        dispatch(message, from: sender)
    }

    /// Requests are heard from any other member, even one outside the membership we know: ours may be the old one
    /// (paper §6). Replies are not: only members are asked. A vote is refused without a word while a leader is known to
    /// live (paper §6, thesis §4.2.3), unless that leader itself sent the candidate.
    private func shouldIgnore(_ message: RaftMessage, from sender: MemberID) -> Bool {
        if sender == 0 || sender == id { return true }
        switch message {
        case .voteRequest(let request): return !request.isTransfer && hearsLeader && message.term > term
        case .preVoteRequest: return hearsLeader && message.term > term
        default: return message.isReply && !membership.contains(sender)
        }
    }

    /// A leader was heard within the shortest election timeout, or is this member itself, kept up by CheckQuorum.
    private var hearsLeader: Bool {
        role == .leader || (leader != nil && electionElapsed < settings.electionTicks)
    }

    /// The sender is behind: a leader must learn that it is none, a candidate that it asks in vain.
    private mutating func answerOldTerm(_ message: RaftMessage, from sender: MemberID) {
        switch message {
        case .preVoteRequest: send(.preVoteReply(VoteReply(term: term, isGranted: false)), to: sender)
        case .voteRequest: send(.voteReply(VoteReply(term: term, isGranted: false)), to: sender)
        case .append(let request): reject(request, hint: .zero, to: sender)
        case .heartbeat(let beat): send(.heartbeatReply(HeartbeatReply(term: term, round: beat.round)), to: sender)
        case .snapshot: send(.snapshotReply(SnapshotReply(term: term, installed: 0)), to: sender)
        case .timeoutNow, .preVoteReply, .voteReply, .appendReply, .heartbeatReply, .snapshotReply: break
        }
    }

    /// The sender is ahead (paper §5.1). A pre-vote speaks of a term that nobody has entered yet.
    private mutating func adoptTerm(of message: RaftMessage, from sender: MemberID) {
        switch message {
        case .preVoteRequest: break
        case .preVoteReply(let reply) where reply.isGranted: break
        case .append, .heartbeat, .snapshot, .timeoutNow: becomeFollower(term: message.term, leader: sender)
        case .preVoteReply, .voteRequest, .voteReply, .appendReply, .heartbeatReply, .snapshotReply:
            becomeFollower(term: message.term, leader: nil)
        }
    }

    private mutating func dispatch(_ message: RaftMessage, from sender: MemberID) {
        switch message {
        case .preVoteRequest(let request): stepPreVoteRequest(request, from: sender)
        case .preVoteReply(let reply): stepPreVoteReply(reply, from: sender)
        case .voteRequest(let request): stepVoteRequest(request, from: sender)
        case .voteReply(let reply): stepVoteReply(reply, from: sender)
        case .append(let request): if follow(sender) { stepAppend(request, from: sender) }
        case .appendReply(let reply): stepAppendReply(reply, from: sender)
        case .heartbeat(let beat): if follow(sender) { stepHeartbeat(beat, from: sender) }
        case .heartbeatReply(let reply): stepHeartbeatReply(reply, from: sender)
        case .snapshot(let offer): if follow(sender) { stepSnapshot(offer, from: sender) }
        case .snapshotReply(let reply): stepSnapshotReply(reply, from: sender)
        case .timeoutNow: if follow(sender) { stepTimeoutNow() }
        }
    }

    /// The sender speaks as the leader of our term. False if we know another one: then one of the two lies.
    private mutating func follow(_ sender: MemberID) -> Bool {
        guard role != .leader, leader == nil || leader == sender else { return false }
        becomeFollower(term: term, leader: sender)
        return true
    }
}
