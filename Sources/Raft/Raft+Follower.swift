// The follower's side of replication (paper §5.3, Figure 2 "AppendEntries RPC: receiver implementation").

import Planted

extension Raft {
    mutating func stepAppend(_ request: AppendRequest, from sender: MemberID) {
        // The installed snapshot replaces the log: entries taken in now would be lost with it.
        guard receiving == nil else { return }
        let committed = machine.committed
        let isMeetingKnown = log.contains(request.previous) && !isGuess(request.previous.index)
        // What is committed is the leader's, too, whatever its term was here. (Seed 16136 of the simulator.)
        let isMeetingCommitted = request.previous.index < committed
            || request.previous.index == committed && isGuess(committed)
        guard isMeetingCommitted || isMeetingKnown else {
            let hint = hint(for: request.previous)
            // Nothing is known of that place before the damage is repaired, or is to be replaced.
            if isGuess(request.previous.index) && !isDamageReplaceable || isGuess(hint.index) { return }
            return reject(request, hint: hint, to: sender)
        }
        // The leader has every committed entry (§5.4.3), so what lies at or below our commit needs no comparison.
        guard request.last > committed else {
            verified = max(verified, committed)
            return acknowledge()
        }
        checkCommitted(against: request)
        let start = max(request.previous.index, committed) + 1
        if let first = firstDoubt(from: start, request) {
            guard first > verified else { return }
            guard mayReplace(from: first) else {
                verified = max(verified, first - 1)
                commit(through: min(request.commit, verified))
                return acknowledge()
            }
            accept(request, from: first)
        }
        verified = max(verified, request.last)
        commit(through: min(request.commit, verified))
        #if DEBUG
        if Planted.has(.acknowledgesBeforeFlush) { acknowledge() }
        #endif
        if request.last <= log.written { acknowledge() }
    }

    /// A leader of our term that has another entry where we have a committed one: safety is already lost, and going on
    /// would destroy the evidence.
    private func checkCommitted(against request: AppendRequest) {
        let committed = machine.committed
        // Of damaged entries the term may be a guess.
        if let damagedFrom, damagedFrom <= committed { return }
        guard request.previous.index < committed else { return }
        let theirs = request.runs.last { $0.first <= committed }?.term
        precondition(
            theirs == log.term(at: committed),
            "truncation below commit refused: \(request) would replace \(description)")
    }

    private mutating func accept(_ request: AppendRequest, from first: LogIndex) {
        precondition(first > machine.committed, "truncation below commit refused: \(request) on \(description)")
        if first <= log.last {
            log.truncate(after: first - 1)
            memberships.truncate(after: first - 1)
            outbox.put(.truncateSuffix(after: first - 1))
        }
        log.append(request.runs, through: request.last)
        memberships.append(request.memberships, from: first)
        outbox.put(.acceptEntries(first: first, last: request.last))
    }

    private func hint(for previous: Position) -> Position {
        let hint = log.lastPosition(atOrBelow: previous.index, termAtMost: previous.term) ?? .zero
        guard isDamageReplaceable, isGuess(hint.index), let first = guessedTerms?.lowerBound else { return hint }
        return log.lastPosition(atOrBelow: first - 1, termAtMost: previous.term) ?? .zero
    }

    mutating func reject(_ request: AppendRequest, hint: Position, to sender: MemberID) {
        let outcome = AppendReply.Outcome.mismatch(rejected: request.previous.index, hint: hint, lastIndex: log.last)
        send(.appendReply(AppendReply(term: term, outcome: outcome, rejoins: rejoins)), to: sender)
    }

    /// One cursor instead of a queue of replies: whatever a flush brings is reported up to what is verified.
    mutating func acknowledge() {
        guard role == .follower, let leader else { return }
        var index = min(verified, intact)
        #if DEBUG
        if Planted.has(.acknowledgesBeforeFlush) { index = verified }
        #endif
        let written = max(index, min(verified, readable(log.written)))
        let reply = AppendReply(
            term: term, outcome: .flushed(index), written: written, taken: min(verified, log.written),
            rejoins: rejoins)
        send(.appendReply(reply), to: leader)
    }

    /// The leader never names more than we have reported written. If it does, our disk has lost something: believe
    /// none.
    mutating func stepHeartbeat(_ beat: Heartbeat, from sender: MemberID) {
        if beat.commit <= log.written { commit(through: beat.commit) }
        if let goal = beat.rejoin { aim(at: goal) }
        send(.heartbeatReply(HeartbeatReply(term: term, round: beat.round)), to: sender)
    }

    /// The shell's writes through `position` are durable. Ignored if that entry is no longer in the log.
    ///
    /// Safe only if the shell itself forgets the writes that a truncation dropped: the same position can be dropped and
    /// accepted again while its first write is still under way. Otherwise use `onFlushed(_:generation:)`.
    package mutating func onFlushed(_ position: Position) {
        onFlushed(position, generation: log.generation)
    }

    /// The same, with the `logGeneration` of the time when the write was submitted. A completion from before a
    /// truncation is ignored; the write of what replaced the dropped entries brings a later one.
    package mutating func onFlushed(_ position: Position, generation: UInt64) {
        defer { settle() }
        guard generation == log.generation, position.index <= log.submitted, log.contains(position) else { return }
        raiseFlushed(to: position.index)
    }

    /// The shell's writes through `position` are with the operating system, and that is enough for them to be
    /// committed. Reported only when everything before the entries of which this is true is flushed, or true of it,
    /// too. The generation is that of `onFlushed(_:generation:)`.
    package mutating func onWritten(_ position: Position, generation: UInt64) {
        defer { settle() }
        guard generation == log.generation, position.index <= log.submitted, log.contains(position) else { return }
        let before = log.written
        guard log.write(through: position.index) else { return }
        if role == .leader {
            advanceCommit()
        } else if verified > before {
            acknowledge()
        }
    }

    /// Whatever waited for the disk goes on: our own count towards the quorum, or the reply to the leader.
    mutating func raiseFlushed(to index: LogIndex) {
        let before = log.flushed
        guard log.flush(through: index) else { return }
        finishRejoining()
        if role == .leader {
            advanceCommit()
        } else if verified > before {
            acknowledge()
        }
    }
}
