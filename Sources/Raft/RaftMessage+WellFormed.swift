extension RaftMessage {
    /// No term or index of a real group comes near this; below it no sum in the core can overflow.
    static let limit: UInt64 = 1 << 62

    package var term: Term {
        switch self {
        case .preVoteRequest(let message): message.term
        case .preVoteReply(let message): message.term
        case .voteRequest(let message): message.term
        case .voteReply(let message): message.term
        case .append(let message): message.term
        case .appendReply(let message): message.term
        case .heartbeat(let message): message.term
        case .heartbeatReply(let message): message.term
        case .snapshot(let message): message.term
        case .snapshotReply(let message): message.term
        case .timeoutNow(let message): message.term
        }
    }

    /// A number per case.
    var kind: Int {
        switch self {
        case .preVoteRequest: 0
        case .preVoteReply: 1
        case .voteRequest: 2
        case .voteReply: 3
        case .append: 4
        case .appendReply: 5
        case .heartbeat: 6
        case .heartbeatReply: 7
        case .snapshot: 8
        case .snapshotReply: 9
        case .timeoutNow: 10
        }
    }

    /// An answer to something the receiver said: of use only from a member of the group.
    var isReply: Bool {
        switch self {
        case .preVoteReply, .voteReply, .appendReply, .heartbeatReply, .snapshotReply: true
        default: false
        }
    }

    /// False for a message no correct member could have sent, whatever its state. The one place where the fields of a
    /// message are judged: behind it the core computes without overflow and indexes without traps.
    package var isWellFormed: Bool {
        guard term > 0, term < Self.limit else { return false }
        switch self {
        case .preVoteRequest(let message), .voteRequest(let message):
            return message.last.isWellFormed && message.last.term < message.term
        case .append(let message): return message.isWellFormed
        case .appendReply(let message): return message.isWellFormed
        case .heartbeat(let message):
            return message.commit < Self.limit && message.round < Self.limit
                && message.rejoin.map { $0.commit < Self.limit } ?? true
        case .heartbeatReply(let message): return message.round < Self.limit
        case .snapshot(let message): return message.isWellFormed
        case .snapshotReply(let message): return message.installed < Self.limit
        case .preVoteReply, .voteReply, .timeoutNow: return true
        }
    }
}

extension Position {
    /// Index and term are both zero or both not.
    var isWellFormed: Bool {
        index < RaftMessage.limit && term < RaftMessage.limit && (index == 0) == (term == 0)
    }
}

extension AppendRequest {
    var isWellFormed: Bool {
        guard previous.isWellFormed, previous.term <= term, commit < RaftMessage.limit else { return false }
        guard last >= previous.index, last < RaftMessage.limit else { return false }
        return areRunsWellFormed && areMembershipsWellFormed
    }

    /// They cover `previous.index + 1 ... last`, and terms rise from `previous.term` to at most the sender's.
    private var areRunsWellFormed: Bool {
        guard let head = runs.first, let tail = runs.last else { return last == previous.index }
        guard head.first == previous.index + 1, head.term >= max(previous.term, 1) else { return false }
        guard tail.first <= last, tail.term <= term else { return false }
        return zip(runs, runs.dropFirst()).allSatisfy { $0.first < $1.first && $0.term < $1.term }
    }

    private var areMembershipsWellFormed: Bool {
        var below = previous.index
        for entry in memberships {
            guard entry.index > below, entry.index <= last, entry.membership.isWellFormed else { return false }
            below = entry.index
        }
        return true
    }
}

extension AppendReply {
    var isWellFormed: Bool {
        guard rejoins < RaftMessage.limit else { return false }
        switch outcome {
        case .flushed(let index): return index <= written && written < RaftMessage.limit
        case .mismatch(let rejected, let hint, let lastIndex):
            return rejected < RaftMessage.limit && hint.isWellFormed && hint.index <= rejected
                && hint.index <= lastIndex && hint.term <= term
        }
    }
}

extension SnapshotOffer {
    var isWellFormed: Bool {
        position.isWellFormed && position.index > 0 && position.term <= term && membership.isWellFormed
    }
}
