import Raft
import Testing

/// One test per rule of the paper's Figure 2, in its order.
@Suite struct PaperTests {
    /// A member of three voters with the given disk.
    private func member(
        _ id: MemberID = 1, term: Term = 0, vote: MemberID? = nil, runs: [TermRun] = [], last: LogIndex = 0,
        voters: [MemberID] = [1, 2, 3]
    ) -> Raft {
        let restored = RestoredState(
            term: term, vote: vote, snapshot: .zero, runs: runs, lastIndex: last,
            baseMembership: Membership(voters: voters), memberships: [])
        let settings = RaftSettings(electionTicks: 10, heartbeatTicks: 2, commitUpdate: .atOnce)
        return Raft(id: id, settings: settings, restored: restored, seed: UInt64(id))
    }

    /// Performs saves at once and returns everything else.
    private func outputs(_ raft: inout Raft) -> [RaftOutput] {
        var all: [RaftOutput] = []
        var batch = raft.takeOutputs()
        while !batch.isEmpty {
            all += batch
            for case .saveHardState(let term, let vote) in batch { raft.onHardStateSaved(term: term, vote: vote) }
            batch = raft.takeOutputs()
        }
        return all
    }

    private func sent(_ outputs: [RaftOutput]) -> [RaftMessage] {
        outputs.compactMap { if case .send(let message, _) = $0 { message } else { nil } }
    }

    private func leader(runs: [TermRun] = [], last: LogIndex = 0) -> Raft {
        var raft = member(runs: runs, last: last)
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        _ = outputs(&raft)
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 2)
        return raft
    }

    private func append(
        _ term: Term, after previous: Position, last: LogIndex, runs: [TermRun], commit: LogIndex = 0
    ) -> RaftMessage {
        .append(AppendRequest(term: term, previous: previous, last: last, runs: runs, commit: commit))
    }

    // MARK: AppendEntries, receiver

    @Test("§5.1 AppendEntries 1: reply false if term < currentTerm")
    func appendOfOldTermIsRefused() {
        var raft = member(term: 5)
        raft.step(append(4, after: .zero, last: 1, runs: [TermRun(term: 4, first: 1)]), from: 2)
        let outcome = AppendReply.Outcome.mismatch(rejected: 0, hint: .zero, lastIndex: 0)
        #expect(outputs(&raft) == [.send(.appendReply(AppendReply(term: 5, outcome: outcome)), to: 2)])
        #expect(raft.lastPosition == .zero && raft.leader == nil)
    }

    @Test("§5.3 AppendEntries 2: reply false if log has no entry at prevLogIndex with prevLogTerm", arguments: [
        (Position(index: 4, term: 2), Position(index: 3, term: 2)),
        (Position(index: 3, term: 3), Position(index: 3, term: 2)),
        (Position(index: 3, term: 1), Position(index: 2, term: 1)),
    ])
    func appendThatDoesNotFitIsRefused(_ previous: Position, _ hint: Position) {
        var raft = member(term: 3, runs: [TermRun(term: 1, first: 1), TermRun(term: 2, first: 3)], last: 3)
        raft.step(append(3, after: previous, last: previous.index, runs: []), from: 2)
        let outcome = AppendReply.Outcome.mismatch(rejected: previous.index, hint: hint, lastIndex: 3)
        #expect(sent(outputs(&raft)) == [.appendReply(AppendReply(term: 3, outcome: outcome))])
        #expect(raft.lastPosition == Position(index: 3, term: 2))
    }

    @Test("§5.3 AppendEntries 3: delete a conflicting entry and all that follow it")
    func conflictIsDeleted() {
        var raft = member(term: 3, runs: [TermRun(term: 1, first: 1), TermRun(term: 2, first: 3)], last: 6)
        let runs = [TermRun(term: 1, first: 2), TermRun(term: 3, first: 4)]
        raft.step(append(3, after: Position(index: 1, term: 1), last: 4, runs: runs), from: 2)
        let log = outputs(&raft)
        #expect(log.contains(.truncateSuffix(after: 2)) && log.contains(.acceptEntries(first: 3, last: 4)))
        #expect(raft.lastPosition == Position(index: 4, term: 3) && raft.term(at: 3) == 1 && raft.flushedIndex == 2)
    }

    @Test("§5.3 AppendEntries 4: append only entries not already in the log")
    func onlyNewEntriesAreAppended() {
        var raft = member(term: 3, runs: [TermRun(term: 1, first: 1)], last: 4)
        let runs = [TermRun(term: 1, first: 2)]
        raft.step(append(3, after: Position(index: 1, term: 1), last: 3, runs: runs), from: 2)
        let first = outputs(&raft)
        #expect(!first.contains { if case .acceptEntries = $0 { true } else { false } })
        #expect(raft.lastPosition.index == 4, "a prefix of the log must not cut it")
        raft.step(append(3, after: Position(index: 1, term: 1), last: 6, runs: runs), from: 2)
        #expect(outputs(&raft) == [.acceptEntries(first: 5, last: 6)], "no reply before the flush")
        raft.onFlushed(Position(index: 6, term: 1))
        #expect(sent(outputs(&raft)) == [.appendReply(AppendReply(term: 3, outcome: .flushed(6)))])
    }

    @Test("§5.3 AppendEntries 5: commitIndex = min(leaderCommit, index of last new entry)")
    func commitFollowsTheLeader() {
        var raft = member(term: 3, runs: [TermRun(term: 1, first: 1)], last: 5)
        raft.step(append(3, after: Position(index: 2, term: 1), last: 2, runs: [], commit: 9), from: 2)
        #expect(raft.commitIndex == 2, "entries 3 ... 5 may not be the leader's")
        let runs = [TermRun(term: 1, first: 3)]
        raft.step(append(3, after: Position(index: 2, term: 1), last: 4, runs: runs, commit: 3), from: 2)
        #expect(raft.commitIndex == 3)
        raft.step(append(3, after: Position(index: 2, term: 1), last: 2, runs: [], commit: 1), from: 2)
        #expect(raft.commitIndex == 3, "never backwards")
    }

    // MARK: RequestVote, receiver

    @Test("§5.1 RequestVote 1: reply false if term < currentTerm")
    func voteOfOldTermIsRefused() {
        var raft = member(term: 5)
        raft.step(.voteRequest(VoteRequest(term: 4, last: .zero, isTransfer: false)), from: 2)
        #expect(outputs(&raft) == [.send(.voteReply(VoteReply(term: 5, isGranted: false)), to: 2)])
        #expect(raft.vote == nil)
    }

    @Test("§5.2, §5.4 RequestVote 2: grant if votedFor is null or the candidate, its log up to date", arguments: [
        (nil, Position(index: 3, term: 2), true), (2, Position(index: 3, term: 2), true),
        (3, Position(index: 3, term: 2), false), (nil, Position(index: 9, term: 1), false),
        (nil, Position(index: 2, term: 2), false), (nil, Position(index: 1, term: 3), true),
    ] as [(MemberID?, Position, Bool)])
    func votesAreGivenOnceAndToTheUpToDate(_ vote: MemberID?, _ last: Position, _ isGranted: Bool) {
        var raft = member(term: 5, vote: vote, runs: [TermRun(term: 1, first: 1), TermRun(term: 2, first: 3)], last: 3)
        raft.step(.voteRequest(VoteRequest(term: 5, last: last, isTransfer: false)), from: 2)
        #expect(sent(outputs(&raft)) == [.voteReply(VoteReply(term: 5, isGranted: isGranted))])
        #expect(raft.vote == (isGranted ? 2 : vote))
    }

    // MARK: All servers

    @Test("§5.3 All 1: commitIndex > lastApplied: apply in order")
    func committedEntriesAreHandedOver() {
        var raft = member(term: 3, runs: [TermRun(term: 1, first: 1)], last: 5)
        raft.step(append(3, after: Position(index: 5, term: 1), last: 5, runs: [], commit: 4), from: 2)
        #expect(outputs(&raft).contains(.commit(4)))
        #expect(raft.cursors.applying == 4 && raft.appliedIndex == 0)
        raft.onApplied(4)
        #expect(raft.appliedIndex == 4)
    }

    @Test("§5.1 All 2: a higher term makes a follower")
    func higherTermMakesAFollower() {
        var raft = leader()
        #expect(raft.role == .leader && raft.term == 5)
        raft.step(.heartbeatReply(HeartbeatReply(term: 6, round: 0)), from: 3)
        #expect(raft.role == .follower && raft.term == 6 && raft.vote == nil && raft.leader == nil)
    }

    // MARK: Followers

    @Test("§5.2 Followers 1: respond to candidates and leaders")
    func followersRespond() {
        var raft = member(term: 1)
        raft.step(.heartbeat(Heartbeat(term: 1, commit: 0, round: 3)), from: 2)
        #expect(sent(outputs(&raft)) == [.heartbeatReply(HeartbeatReply(term: 1, round: 3))])
    }

    @Test("§5.2 Followers 2: election timeout without a leader or a vote given: run for office")
    func silenceLeadsToAnElection() {
        var raft = member()
        for _ in 0..<9 { raft.tick() }
        #expect(raft.role == .follower)
        raft.step(.heartbeat(Heartbeat(term: 1, commit: 0, round: 0)), from: 2)
        for _ in 0..<9 { raft.tick() }
        #expect(raft.role == .follower, "a heartbeat starts the timer again")
        raft.step(.voteRequest(VoteRequest(term: 2, last: .zero, isTransfer: true)), from: 3)
        for _ in 0..<9 { raft.tick() }
        #expect(raft.role == .follower, "a vote given starts the timer again")
        for _ in 0..<11 { raft.tick() }
        #expect(raft.role == .preCandidate && raft.term == 2)
    }

    @Test("§5.2 the timeout is random, in [T, 2T), and not the same every time")
    func timeoutsAreRandom() {
        var seen: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            let restored = RestoredState(
                term: 0, vote: nil, snapshot: .zero, runs: [], lastIndex: 0,
                baseMembership: Membership(voters: [1, 2]), memberships: [])
            let settings = RaftSettings(electionTicks: 10, heartbeatTicks: 2, commitUpdate: .atOnce)
            var raft = Raft(id: 1, settings: settings, restored: restored, seed: seed)
            var ticks = 0
            while raft.role == .follower {
                raft.tick()
                ticks += 1
            }
            seen.insert(ticks)
        }
        #expect(seen.min() == 10 && seen.max() == 19 && seen.count == 10)
    }

    // MARK: Candidates

    @Test("§5.2 Candidates 1: increment the term, vote for self, reset the timer, ask all others")
    func candidatesAsk() {
        var raft = member(term: 3, runs: [TermRun(term: 2, first: 1)], last: 4)
        for _ in 0..<20 where raft.role == .follower { raft.tick() }
        raft.step(.preVoteReply(VoteReply(term: 4, isGranted: true)), from: 2)
        #expect(raft.role == .candidate && raft.term == 4 && raft.vote == 1)
        let request = VoteRequest(term: 4, last: Position(index: 4, term: 2), isTransfer: false)
        let all = outputs(&raft)
        #expect(all.contains(.saveHardState(term: 4, vote: 1)))
        #expect(all.suffix(2) == [.send(.voteRequest(request), to: 2), .send(.voteRequest(request), to: 3)])
    }

    @Test("§5.2 Candidates 2: a majority makes a leader")
    func majorityMakesALeader() {
        var raft = member(voters: [1, 2, 3, 4, 5])
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        _ = outputs(&raft)
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 2)
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 2)
        #expect(raft.role == .candidate, "one vote each")
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 3)
        #expect(raft.role == .leader)
    }

    @Test("§5.2 Candidates 3: AppendEntries from the new leader: become a follower")
    func candidatesYield() {
        var raft = member()
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        #expect(raft.role == .candidate && raft.term == 5)
        raft.step(append(5, after: .zero, last: 0, runs: []), from: 3)
        #expect(raft.role == .follower && raft.leader == 3 && raft.vote == 1)
    }

    @Test("§5.2 Candidates 4: election timeout: start a new election")
    func candidatesTryAgain() {
        var raft = member()
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        _ = outputs(&raft)
        for _ in 0..<20 { raft.tick() }
        #expect(raft.role == .preCandidate && raft.term == 5)
        raft.step(.preVoteReply(VoteReply(term: 6, isGranted: true)), from: 3)
        #expect(raft.role == .candidate && raft.term == 6)
    }

    // MARK: Leaders

    @Test("§5.2 Leaders 1: heartbeats upon election and while idle")
    func leadersSendHeartbeats() {
        var raft = leader()
        let isHeartbeat = { (message: RaftMessage) in if case .heartbeat = message { true } else { false } }
        #expect(sent(outputs(&raft)).count(where: isHeartbeat) == 2)
        for _ in 0..<6 { raft.tick() }
        #expect(sent(outputs(&raft)).count(where: isHeartbeat) == 6)
    }

    @Test("§5.3 Leaders 2: append, and answer after the entry is applied")
    func leadersAppend() {
        var raft = leader()
        #expect(outputs(&raft).contains(.appendNoop(Position(index: 1, term: 5))))
        #expect(raft.propose(count: 1) == .notLeader(leader: nil), "nothing before the no-op is applied")
        raft.onFlushed(Position(index: 1, term: 5))
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(1))), from: 2)
        #expect(outputs(&raft).contains(.commit(1)) && !raft.isReady)
        raft.onApplied(1)
        #expect(raft.isReady == true)
        let first = Position(index: 2, term: 5)
        #expect(raft.propose(count: 2) == .accepted(first: first, last: Position(index: 3, term: 5)))
        #expect(raft.commitIndex == 1)
    }

    @Test("§5.3 Leaders 3: send entries from nextIndex; on failure go back; on success move on")
    func leadersReplicate() {
        var raft = leader(runs: [TermRun(term: 1, first: 1), TermRun(term: 2, first: 4)], last: 5)
        let load = RaftOutput.loadEntries(peer: 2, first: 6, last: 6, maximumBytes: 1 << 20)
        #expect(outputs(&raft).contains(load))
        raft.onEntriesLoaded(peer: 2, first: 6, last: 6, bytes: 1)
        let request = AppendRequest(
            term: 5, previous: Position(index: 5, term: 2), last: 6, runs: [TermRun(term: 5, first: 6)], commit: 0)
        #expect(sent(outputs(&raft)) == [.append(request)])
        let outcome = AppendReply.Outcome.mismatch(rejected: 5, hint: Position(index: 3, term: 1), lastIndex: 3)
        raft.step(.appendReply(AppendReply(term: 5, outcome: outcome)), from: 2)
        #expect(raft.progress(of: 2)?.next == 4)
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(6))), from: 2)
        #expect(raft.progress(of: 2)?.matched == 6 && raft.progress(of: 2)?.next == 7)
    }

    @Test("§5.3, §5.4.2 Leaders 4: commit N if a majority matches and log[N].term == currentTerm")
    func leadersCommit() {
        var raft = leader(runs: [TermRun(term: 1, first: 1)], last: 3)
        _ = outputs(&raft)
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(3))), from: 2)
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(3))), from: 3)
        #expect(raft.commitIndex == 0, "three copies of an old term's entry")
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(4))), from: 2)
        #expect(raft.commitIndex == 0, "our own copy is not flushed")
        raft.onFlushed(Position(index: 4, term: 5))
        #expect(raft.commitIndex == 4)
    }

    // MARK: Persistent state

    @Test("Figure 2, persistent state: updated on stable storage before responding")
    func nothingIsSaidBeforeItIsSaved() {
        var raft = member()
        raft.step(.voteRequest(VoteRequest(term: 2, last: .zero, isTransfer: false)), from: 2)
        #expect(sent(raft.takeOutputs()) == [])
        raft.onHardStateSaved(term: 2, vote: 3)
        #expect(raft.takeOutputs() == [], "not what was asked to be saved")
        raft.onHardStateSaved(term: 2, vote: 2)
        #expect(raft.takeOutputs() == [.send(.voteReply(VoteReply(term: 2, isGranted: true)), to: 2)])
    }

    @Test("Figure 13 InstallSnapshot 7, 8: discard the log, take over the snapshot's membership")
    func snapshotReplacesTheLog() {
        var raft = member(term: 3, runs: [TermRun(term: 2, first: 1)], last: 2)
        let position = Position(index: 9, term: 3)
        let membership = Membership(voters: [1, 2, 4])
        let offer = SnapshotOffer(term: 3, position: position, membership: membership)
        raft.step(.snapshot(offer), from: 2)
        #expect(outputs(&raft).contains(.receiveSnapshot(offer, from: 2)))
        raft.onSnapshotInstalled(position, membership: membership)
        #expect(sent(outputs(&raft)) == [.snapshotReply(SnapshotReply(term: 3, installed: 9))])
        #expect(raft.lastPosition == position && raft.commitIndex == 9 && raft.appliedIndex == 9)
        #expect(raft.membership == membership && raft.term(at: 2) == nil)
    }
}
