import Raft

/// The words of the traces.
enum Describe {
    static func position(_ position: Position) -> String { "(\(position.index),t\(position.term))" }

    static func membership(_ membership: Membership) -> String {
        let learners = membership.learners.isEmpty ? "" : " learners \(list(membership.learners))"
        return "voters \(list(membership.voters))\(learners)"
    }

    private static func list(_ members: [MemberID]) -> String {
        members.map(String.init).joined(separator: ",")
    }

    static func refusal(_ refusal: ChangeRefusal) -> String {
        switch refusal {
        case .notLeader(let leader): "not the leader, that is \(leader.map(String.init) ?? "unknown")"
        case .notReady: "its own no-op is not committed"
        case .transferring: "leadership is being handed over"
        case .pending(let index): "entry \(index) is not committed"
        case .alreadyMember: "already one"
        case .unknownMember: "not a member"
        case .lastVoter: "the last voter"
        case .notCaughtUp(let matched, let last): "caught up to \(matched) of \(last) only"
        case .noQuorum(let reachable, let needed): "of the new voters \(reachable) answer, \(needed) are needed"
        }
    }

    /// nil for what a trace need not show.
    static func output(_ output: RaftOutput) -> String? {
        switch output {
        case .saveHardState(let term, let vote): "saves term \(term) vote \(vote.map(String.init) ?? "none")"
        case .truncateSuffix(let index): "truncates after \(index)"
        case .acceptEntries(let first, let last): "writes \(first)...\(last)"
        case .appendNoop(let position): "writes no-op \(self.position(position))"
        case .loadEntries(let peer, let first, let last, let bytes):
            "loads \(first)...\(last) for \(peer), <= \(bytes) bytes"
        case .send(let message, let receiver): "-> \(receiver) \(self.message(message))"
        case .receiveSnapshot(let offer, let sender): "fetches snapshot \(position(offer.position)) from \(sender)"
        case .commit(let index): "commits \(index)"
        case .readReady(let id, let index): "read \(id) ready at \(index)"
        case .readFailed(let id): "read \(id) failed"
        case .rejoined: "has again what it had"
        case .role(let change):
            "is \(change.role) in term \(change.term), leader \(change.leader.map(String.init) ?? "none")"
        }
    }

    static func operation(_ operation: TestDisk.Operation) -> String {
        switch operation {
        case .save(let term, let vote): "saved term \(term) vote \(vote.map(String.init) ?? "none")"
        case .write(let first, let entries, _): "flushed \(first)...\(first + LogIndex(entries.count) - 1)"
        case .truncate(let index): "truncated after \(index)"
        case .snapshot(let snapshot, _): "wrote snapshot \(position(snapshot.position))"
        case .install(let snapshot): "installed snapshot \(position(snapshot.position))"
        }
    }

    static func message(_ message: RaftMessage) -> String {
        switch message {
        case .preVoteRequest(let request): "t\(request.term) pre-vote? last \(position(request.last))"
        case .preVoteReply(let reply): "t\(reply.term) pre-vote \(reply.isGranted ? "yes" : "no")"
        case .voteRequest(let request):
            "t\(request.term) vote? last \(position(request.last))\(request.isTransfer ? " by transfer" : "")"
        case .voteReply(let reply): "t\(reply.term) vote \(reply.isGranted ? "yes" : "no")"
        case .append(let request): append(request)
        case .appendReply(let reply): "t\(reply.term) \(outcome(reply.outcome))"
        case .heartbeat(let beat): "t\(beat.term) heartbeat commit \(beat.commit) round \(beat.round)"
        case .heartbeatReply(let reply): "t\(reply.term) heartbeat ok round \(reply.round)"
        case .snapshot(let offer):
            "t\(offer.term) snapshot \(position(offer.position)) \(membership(offer.membership))"
        case .snapshotReply(let reply): "t\(reply.term) installed \(reply.installed)"
        case .timeoutNow(let message): "t\(message.term) timeout now"
        }
    }

    private static func append(_ request: AppendRequest) -> String {
        let first = request.previous.index + 1
        let runs = request.runs.map { "t\($0.term)@\($0.first)" }.joined(separator: " ")
        let entries = first > request.last ? "nothing" : "\(first)...\(request.last) \(runs)"
        return "t\(request.term) append after \(position(request.previous)): \(entries), commit \(request.commit)"
    }

    private static func outcome(_ outcome: AppendReply.Outcome) -> String {
        switch outcome {
        case .flushed(let index): "flushed \(index)"
        case .mismatch(let rejected, let hint, let last):
            "mismatch at \(rejected), hint \(position(hint)), last \(last)"
        }
    }

    static func state(_ member: TestMember) -> String {
        guard member.isUp else { return "\(member.id) is down" }
        let vote = member.raft.vote.map(String.init) ?? "none"
        let runs = member.log.runs.map { "t\($0.term)@\($0.first)" }.joined(separator: " ")
        let log = runs.isEmpty ? "empty" : "\(runs)...\(member.raft.lastPosition.index)"
        return "\(member.id) \(member.raft.role) term \(member.raft.term) vote \(vote) log \(log) flushed "
            + "\(member.raft.flushedIndex) commit \(member.raft.commitIndex) \(membership(member.raft.membership))"
    }

    static func progress(_ member: TestMember) -> [String] {
        member.raft.membership.voters.appending(member.raft.membership.learners).compactMap { id in
            guard let progress = member.raft.progress(of: id) else { return nil }
            return "\(id): \(progress.state) matched \(progress.matched) next \(progress.next) in flight "
                + "\(progress.inflight.appends) appends, \(progress.inflight.bytes) bytes"
        }
    }
}

extension Array {
    func appending(_ other: [Element]) -> [Element] { self + other }
}

/// Messages a script makes up: `inject 2>1 flushed term 3 index 9`.
enum Parse {
    static func message(_ words: [String]) -> RaftMessage {
        func number(_ name: String) -> UInt64 {
            words.firstIndex(of: name).flatMap { UInt64(words[$0 + 1]) } ?? 0
        }
        func position(_ name: String) -> Position {
            guard let place = words.firstIndex(of: name) else { return .zero }
            let numbers = words[place + 1].split(separator: ",").compactMap { UInt64($0) }
            return Position(index: numbers[0], term: numbers[1])
        }
        let term = number("term")
        switch words[0] {
        case "vote-request":
            return .voteRequest(VoteRequest(term: term, last: position("last"), isTransfer: words.contains("transfer")))
        case "pre-vote-request":
            return .preVoteRequest(VoteRequest(term: term, last: position("last"), isTransfer: false))
        case "vote-yes": return .voteReply(VoteReply(term: term, isGranted: true))
        case "flushed": return .appendReply(AppendReply(term: term, outcome: .flushed(number("index"))))
        case "mismatch":
            let outcome = AppendReply.Outcome.mismatch(
                rejected: number("index"), hint: position("hint"), lastIndex: number("last"))
            return .appendReply(AppendReply(term: term, outcome: outcome))
        case "heartbeat":
            return .heartbeat(Heartbeat(term: term, commit: number("commit"), round: number("round")))
        case "heartbeat-reply": return .heartbeatReply(HeartbeatReply(term: term, round: number("round")))
        case "append":
            let before = position("after")
            let last = number("last")
            let runs = last > before.index ? [TermRun(term: number("of"), first: before.index + 1)] : []
            return .append(
                AppendRequest(term: term, previous: before, last: last, runs: runs, commit: number("commit")))
        case "snapshot":
            let membership = Membership(voters: [1, 2, 3])
            return .snapshot(SnapshotOffer(term: term, position: position("at"), membership: membership))
        case "timeout-now": return .timeoutNow(TimeoutNow(term: term))
        default: preconditionFailure("unknown message \(words)")
        }
    }

    /// Made-up entries for a made-up append.
    static func entries(_ message: RaftMessage) -> [Entry] {
        guard case .append(let request) = message, request.last > request.previous.index else { return [] }
        return (request.previous.index + 1...request.last).map { index in
            let term = request.runs.last { $0.first <= index }?.term ?? 0
            return Entry(term: term, payload: 1000 * term + index, bytes: 10)
        }
    }
}
