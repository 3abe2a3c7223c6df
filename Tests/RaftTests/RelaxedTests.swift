import Raft
import Testing

/// Entries that are committed before they are flushed, and what a member is worth that has lost some.
@Suite struct RelaxedTests {
    private func member(
        _ voters: [MemberID] = [1, 2, 3], last: LogIndex = 0, isRejoining: Bool = false, rejoins: UInt64 = 0
    ) -> Raft {
        let restored = RestoredState(
            term: last > 0 ? 1 : 0, vote: nil, snapshot: .zero, runs: last > 0 ? [TermRun(term: 1, first: 1)] : [],
            lastIndex: last, baseMembership: Membership(voters: voters), memberships: [], isRejoining: isRejoining,
            rejoins: rejoins)
        let settings = RaftSettings(electionTicks: 10, heartbeatTicks: 2, commitUpdate: .atOnce)
        return Raft(id: 1, settings: settings, restored: restored, seed: 1)
    }

    /// Performs saves at once and returns everything else.
    @discardableResult private func outputs(_ raft: inout Raft) -> [RaftOutput] {
        var all: [RaftOutput] = []
        var batch = raft.takeOutputs()
        while !batch.isEmpty {
            all += batch
            for case .saveHardState(let term, let vote) in batch { raft.onHardStateSaved(term: term, vote: vote) }
            batch = raft.takeOutputs()
        }
        return all
    }

    private func position(_ index: LogIndex) -> Position { Position(index: index, term: 5) }

    private func answer(_ raft: inout Raft, _ flushed: LogIndex, written: LogIndex? = nil, rejoins: UInt64 = 0) {
        let reply = AppendReply(term: 5, outcome: .flushed(flushed), written: written, rejoins: rejoins)
        raft.step(.appendReply(reply), from: 2)
        outputs(&raft)
    }

    /// Leads term 5; its no-op, entry 1, is committed and applied.
    private func leader(_ voters: [MemberID] = [1, 2, 3]) -> Raft {
        var raft = member(voters)
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        outputs(&raft)
        for voter in voters.dropFirst() { raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: voter) }
        outputs(&raft)
        raft.onFlushed(position(1))
        for voter in voters.dropFirst() {
            raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(1))), from: voter)
        }
        outputs(&raft)
        raft.onApplied(1)
        return raft
    }

    private func write(_ raft: inout Raft, through index: LogIndex) {
        raft.onWritten(position(index), generation: raft.logGeneration)
    }

    @Test func whatAMajorityHasWrittenIsCommitted() {
        var raft = leader()
        _ = raft.propose(count: 1)
        answer(&raft, 1, written: 2)
        #expect(raft.commitIndex == 1, "our own copy is not written")
        write(&raft, through: 2)
        #expect(raft.commitIndex == 2 && raft.flushedIndex == 1)
    }

    @Test func whatIsOnlyFlushedSomewhereCountsToo() {
        var raft = leader()
        _ = raft.propose(count: 2)
        raft.onFlushed(position(2))
        answer(&raft, 1, written: 3)
        #expect(raft.commitIndex == 2)
        write(&raft, through: 3)
        #expect(raft.commitIndex == 3)
    }

    @Test func entriesOfEarlierTermsAreNotCommittedByCountingWrites() {
        var raft = member(last: 3)
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        outputs(&raft)
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 2)
        outputs(&raft)
        answer(&raft, 0, written: 3)
        #expect(raft.commitIndex == 0)
        raft.onFlushed(position(4))
        answer(&raft, 4)
        #expect(raft.commitIndex == 4)
    }

    @Test func whatAFollowerLostIsNotCounted() {
        var raft = leader([1, 2, 3, 4, 5])
        _ = raft.propose(count: 1)
        write(&raft, through: 2)
        answer(&raft, 1, written: 2, rejoins: 3)
        #expect(raft.progress(of: 2)?.written == 2)
        answer(&raft, 1, rejoins: 4)
        #expect(raft.progress(of: 2)?.written == 1 && raft.progress(of: 2)?.matched == 1)
        answer(&raft, 1, written: 2, rejoins: 3)
        #expect(raft.progress(of: 2)?.written == 1, "said before the loss, and late")
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(1), written: 2)), from: 3)
        #expect(raft.commitIndex == 1)
        raft.step(.appendReply(AppendReply(term: 5, outcome: .flushed(1), written: 2)), from: 4)
        #expect(raft.commitIndex == 2)
    }

    @Test func aFollowerTellsWhatIsWrittenAndLaterWhatIsFlushed() {
        var raft = member()
        let entries = AppendRequest(
            term: 5, previous: .zero, last: 2, runs: [TermRun(term: 5, first: 1)], commit: 0)
        raft.step(.append(entries), from: 2)
        outputs(&raft)
        write(&raft, through: 2)
        let written = AppendReply(term: 5, outcome: .flushed(0), written: 2)
        #expect(outputs(&raft) == [.send(.appendReply(written), to: 2)])
        raft.onFlushed(position(2))
        #expect(outputs(&raft) == [.send(.appendReply(AppendReply(term: 5, outcome: .flushed(2))), to: 2)])
    }

    struct Votes: Sendable {
        var sure: [MemberID] = []
        var rejoining: [MemberID] = []
        var refused: [MemberID] = []
        var outcome: VoteTally.Outcome
    }

    @Test("Votes of members that may have lost something elect only together with all others", arguments: [
        Votes(sure: [1, 2], outcome: .won),
        Votes(sure: [1, 3], rejoining: [2], outcome: .won),
        Votes(sure: [1], rejoining: [2], outcome: .pending),
        Votes(sure: [2], rejoining: [1, 3], outcome: .won),
        Votes(rejoining: [1, 2, 3], outcome: .won),
        Votes(rejoining: [1, 2], outcome: .pending),
        Votes(sure: [1], refused: [3], outcome: .pending),
        Votes(sure: [1], rejoining: [2], refused: [3], outcome: .lost),
        Votes(rejoining: [1], refused: [3], outcome: .lost),
    ])
    func votes(_ votes: Votes) {
        var tally = VoteTally()
        for voter in votes.sure { tally.record(voter, isGranted: true) }
        for voter in votes.rejoining { tally.record(voter, isGranted: true, isRejoining: true) }
        for voter in votes.refused { tally.record(voter, isGranted: false, isRejoining: true) }
        #expect(tally.outcome(voters: [1, 2, 3]) == votes.outcome)
    }

    @Test func aMemberThatLostEntriesSaysSoWithItsVote() {
        var raft = member(last: 3, isRejoining: true, rejoins: 1)
        let last = Position(index: 3, term: 1)
        raft.step(.voteRequest(VoteRequest(term: 2, last: last, isTransfer: false)), from: 2)
        let reply = VoteReply(term: 2, isGranted: true, isRejoining: true)
        #expect(outputs(&raft).contains(.send(.voteReply(reply), to: 2)))
    }

    @Test func itRejoinsWithWhatWasCommittedWhenTheLeaderLearntOfItsLoss() {
        var raft = member(last: 3, isRejoining: true, rejoins: 2)
        func beat(_ rejoins: UInt64, _ commit: LogIndex) -> RaftMessage {
            .heartbeat(Heartbeat(
                term: 5, commit: 0, round: 0, rejoin: RejoinGoal(rejoins: rejoins, commit: commit)))
        }
        raft.step(beat(1, 3), from: 2)
        raft.step(beat(2, 5), from: 2)
        raft.step(beat(2, 9), from: 2)
        let entries = AppendRequest(
            term: 5, previous: Position(index: 3, term: 1), last: 6, runs: [TermRun(term: 5, first: 4)], commit: 5)
        raft.step(.append(entries), from: 2)
        outputs(&raft)
        write(&raft, through: 6)
        #expect(raft.isRejoining == true, "it would lose them again")
        raft.onFlushed(position(5))
        #expect(outputs(&raft).contains(.rejoined) && !raft.isRejoining)
    }

    @Test func aLeaderNamesNoGoalBeforeItKnowsWhatIsCommitted() {
        var raft = member(last: 3)
        raft.step(.timeoutNow(TimeoutNow(term: 4)), from: 2)
        outputs(&raft)
        raft.step(.voteReply(VoteReply(term: 5, isGranted: true)), from: 3)
        outputs(&raft)
        answer(&raft, 3, rejoins: 1)
        func goals(_ raft: inout Raft) -> [RejoinGoal] {
            for _ in 0..<2 { raft.tick() }
            return outputs(&raft).compactMap { output in
                guard case .send(.heartbeat(let beat), 2) = output else { return nil }
                return beat.rejoin
            }
        }
        #expect(goals(&raft) == [])
        raft.onFlushed(position(4))
        answer(&raft, 4, rejoins: 1)
        #expect(goals(&raft) == [RejoinGoal(rejoins: 1, commit: 4)])
    }
}
