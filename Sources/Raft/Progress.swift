import Planted

/// What the leader knows of one follower's log, and how it feeds it.
package struct Progress: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// The place where the logs meet is not known: one append at a time, `next` does not run ahead.
        case probe
        /// Appends are pipelined: `next` moves when one is sent, not when it is acknowledged.
        case replicate
        /// The entries it needs are gone: wait for the snapshot at `offered` to be installed.
        case snapshot
    }

    /// The follower's log equals ours up to here, on its disk.
    package private(set) var matched: LogIndex = 0
    /// The same, written but perhaps not on its disk; at least `matched`.
    package private(set) var written: LogIndex = 0
    /// The follower's `AppendReply.rejoins`, if it has answered in this term.
    package private(set) var rejoins: UInt64?
    /// The next entry to send; always above `matched`.
    package private(set) var next: LogIndex
    package private(set) var state: State = .probe
    package private(set) var inflight = Inflight()
    /// Probe: an append is out and nothing may follow it before its reply.
    package private(set) var isProbeSent = false
    /// Probe: `next` is only a guess made after a rejection, so ask with an empty append before loading anything.
    package private(set) var isGuess = false
    /// The highest index the follower will take as committed once what was sent arrives.
    package private(set) var commitSent: LogIndex = 0
    /// Answered an append or a heartbeat in this term since the last CheckQuorum.
    package var isActive = false
    /// The same, in the time before the last CheckQuorum.
    package var wasActive = false
    /// The last heartbeat round it confirmed.
    package var confirmedRound: UInt64 = 0
    /// Snapshot: the position of the last offer.
    package private(set) var offered: Position = .zero
    /// What `written` was at the last periodic heartbeat, if something was unanswered then.
    private var stalledAt: LogIndex?

    package init(next: LogIndex) { self.next = next }
}

extension Progress {
    /// The follower has everything through `index` on disk, and through `end` written. What is in flight through
    /// `taken` has arrived.
    package mutating func acknowledge(_ index: LogIndex, written end: LogIndex = 0, taken: LogIndex = 0) {
        stalledAt = nil
        // A duplicate below `matched` says nothing about the probe that is out. A follower that has found damage below
        // it since acknowledges less, and has what the probe asks for all the same. (Seed 15778 of the simulator.)
        let answersProbe = index >= matched || taken + 1 >= next
        matched = max(matched, index)
        written = max(written, end, matched)
        let arrived = max(written, taken)
        next = max(next, arrived + 1)
        inflight.release(through: arrived)
        switch state {
        case .probe where answersProbe: becomeReplicate(after: arrived)
        case .snapshot where matched >= offered.index: becomeReplicate(after: arrived)
        default: break
        }
    }

    /// The follower does not have the entry at `rejected`. `guess` is where we now think the logs meet; when
    /// `isCertain`, both logs are known to hold the entry there. False when the reply is an old one.
    ///
    /// A probe at `matched` itself is rejected by a follower whose disk has lost what it had acknowledged. It counts
    /// for that no longer, and gets it again: to take the reply for an old one would leave it behind for ever.
    package mutating func reject(_ rejected: LogIndex, guess: LogIndex, isCertain: Bool) -> Bool {
        if state == .probe, isProbeSent, rejected == matched, rejected == next - 1, rejected > 0 {
            matched = min(guess, rejected - 1)
            written = matched
            becomeProbe()
            return true
        }
        guard rejected > matched else { return false }
        switch state {
        case .snapshot: return false
        case .probe: if !isProbeSent || rejected != next - 1 { return false }
        case .replicate: if rejected >= next { return false }
        }
        written = max(matched, min(written, rejected - 1))
        becomeProbe()
        let meeting = max(matched, min(guess, rejected - 1))
        next = meeting + 1
        isGuess = !isCertain && meeting > matched
        return true
    }

    /// The follower says how often it has rejoined. False if it has done so again since: then this is an old message.
    /// If it is news, what it had written is perhaps lost, and is neither counted nor taken to be there any more.
    package mutating func note(rejoins count: UInt64) -> Bool {
        guard let known = rejoins, known != count else {
            rejoins = count
            return true
        }
        guard count > known else { return false }
        rejoins = count
        #if DEBUG
        if Planted.has(.countsLostWrites) { return true }
        #endif
        written = matched
        if state != .snapshot { becomeProbe() }
        return true
    }

    /// Forgets what was in flight and starts again from what is known to be there.
    package mutating func becomeProbe() { becomeProbe(keepingNext: matched + 1) }

    private mutating func becomeProbe(keepingNext index: LogIndex) {
        state = .probe
        next = index
        isProbeSent = false
        isGuess = false
        stalledAt = nil
        commitSent = 0
        inflight.removeAll()
    }

    private mutating func becomeReplicate(after arrived: LogIndex) {
        let end = max(arrived, inflight.last ?? 0)
        state = .replicate
        next = end + 1
        isProbeSent = false
        isGuess = false
    }

    package mutating func becomeSnapshot(offering position: Position) {
        becomeProbe()
        state = .snapshot
        offered = position
    }

    /// An append through `last` goes out, `commit` with it.
    package mutating func noteSent(through last: LogIndex, bytes: Int, commit: LogIndex) {
        commitSent = max(commitSent, min(commit, last))
        switch state {
        case .probe: isProbeSent = true
        case .replicate where last >= next:
            inflight.add(last: last, bytes: bytes)
            next = last + 1
        default: break
        }
    }

    /// Probe: there is nothing to ask with for now; `takeStall` ends that.
    package mutating func holdProbe() {
        becomeProbe(keepingNext: next)
        isProbeSent = true
    }

    package mutating func noteCommitSent(_ commit: LogIndex) { commitSent = max(commitSent, commit) }

    /// A periodic heartbeat goes out behind everything that is unanswered. On a link that keeps order, its reply comes
    /// before an answer only if that answer waits for a flush, or if something was lost.
    package mutating func noteBeat() {
        let isWaiting = state == .probe ? isProbeSent : state == .replicate && written < next - 1
        stalledAt = isWaiting ? written : nil
    }

    /// True once per periodic heartbeat, if its reply came while nothing else had moved: ask again.
    package mutating func takeStall() -> Bool {
        defer { stalledAt = nil }
        guard stalledAt == written else { return false }
        isProbeSent = false
        return true
    }

    package func isFull(_ settings: RaftSettings) -> Bool {
        inflight.appends >= settings.maximumInflightAppends || inflight.bytes >= settings.maximumInflightBytes
    }
}

extension Progress {
    /// What is wrong, or nil. `last` is the leader's last index.
    package func violation(last: LogIndex) -> String? {
        if matched >= next { return "matched >= next" }
        if matched > written { return "matched > written" }
        if state == .replicate && written >= next { return "written >= next" }
        if next > last + 1 { return "next above the log" }
        if state != .replicate && inflight.appends > 0 { return "in flight outside replicate" }
        if let first = inflight.first, first <= written { return "acknowledged append still in flight" }
        if let end = inflight.last, end >= next { return "in flight above next" }
        return inflight.violation
    }
}
