import Raft
import Testing

/// Nothing a peer or a slow shell sends traps, and what is nonsense changes nothing.
@Suite struct RobustnessTests {
    private static let settings = RaftSettings(electionTicks: 10, heartbeatTicks: 2, commitUpdate: .atOnce)

    private func member(
        _ id: MemberID = 1, term: Term = 5, snapshot: Position = .zero, runs: [TermRun] = [], last: LogIndex = 0,
        membership: Membership = Membership(voters: [1, 2, 3])
    ) -> Raft {
        let restored = RestoredState(
            term: term, vote: nil, snapshot: snapshot, runs: runs, lastIndex: last, baseMembership: membership,
            memberships: [])
        return Raft(id: id, settings: Self.settings, restored: restored, seed: 7)
    }

    private func drain(_ raft: inout Raft) -> [RaftOutput] {
        var all: [RaftOutput] = []
        var batch = raft.takeOutputs()
        while !batch.isEmpty {
            all += batch
            for case .saveHardState(let term, let vote) in batch { raft.onHardStateSaved(term: term, vote: vote) }
            batch = raft.takeOutputs()
        }
        return all
    }

    private func elected() -> Raft {
        var raft = member(snapshot: Position(index: 10, term: 2), runs: [TermRun(term: 3, first: 11)], last: 20)
        raft.step(.timeoutNow(TimeoutNow(term: 5)), from: 2)
        _ = drain(&raft)
        raft.step(.voteReply(VoteReply(term: 6, isGranted: true)), from: 2)
        _ = drain(&raft)
        return raft
    }

    /// Mostly edge values.
    private func number(_ dice: inout Dice) -> UInt64 {
        let edges: [UInt64] = [0, 1, 2, 5, 6, 7, 10, 11, 12, 20, 21, 22, 1 << 61, 1 << 62, .max - 1, .max]
        return dice.happens(20) ? dice.next() : edges[dice.below(edges.count)]
    }

    private func position(_ dice: inout Dice) -> Position { Position(index: number(&dice), term: number(&dice)) }

    private func membership(_ dice: inout Dice) -> Membership {
        var membership = Membership(voters: (0..<dice.below(4)).map { _ in MemberID(dice.below(5)) })
        membership.learners = (0..<dice.below(3)).map { _ in MemberID(dice.below(5)) }
        return membership
    }

    private func append(_ dice: inout Dice, term: Term) -> AppendRequest {
        AppendRequest(
            term: term, previous: position(&dice), last: number(&dice),
            runs: (0..<dice.below(4)).map { _ in TermRun(term: number(&dice), first: number(&dice)) },
            commit: number(&dice),
            memberships: dice.happens(70)
                ? [] : [MembershipEntry(index: number(&dice), membership: membership(&dice))])
    }

    private func message(_ dice: inout Dice) -> RaftMessage {
        let term = dice.happens(70) ? 5 + Term(dice.below(4)) : number(&dice)
        let flag = dice.happens(50)
        switch dice.below(11) {
        case 0: return .preVoteRequest(VoteRequest(term: term, last: position(&dice), isTransfer: flag))
        case 1: return .preVoteReply(VoteReply(term: term, isGranted: flag))
        case 2: return .voteRequest(VoteRequest(term: term, last: position(&dice), isTransfer: flag))
        case 3: return .voteReply(VoteReply(term: term, isGranted: flag))
        case 4: return .append(append(&dice, term: term))
        case 5: return .appendReply(AppendReply(term: term, outcome: .flushed(number(&dice))))
        case 6:
            let outcome = AppendReply.Outcome.mismatch(
                rejected: number(&dice), hint: position(&dice), lastIndex: number(&dice))
            return .appendReply(AppendReply(term: term, outcome: outcome))
        case 7: return .heartbeat(Heartbeat(term: term, commit: number(&dice), round: number(&dice)))
        case 8: return .heartbeatReply(HeartbeatReply(term: term, round: number(&dice)))
        case 9:
            return .snapshot(SnapshotOffer(term: term, position: position(&dice), membership: membership(&dice)))
        default: return .snapshotReply(SnapshotReply(term: term, installed: number(&dice)))
        }
    }

    /// Debug builds check the invariants after every step.
    @Test func arbitraryMessagesNeverTrap() {
        var dice = Dice(seed: 11)
        var passed = 0
        for _ in 0..<1_500 {
            var raft = dice.happens(50) ? elected() : member(runs: [TermRun(term: 3, first: 1)], last: 20)
            for _ in 0..<10 {
                let message = message(&dice)
                // A leader of our term that contradicts our commit is the one thing that aborts: it has its own test.
                if case .append = message, raft.commitIndex > 0 { continue }
                if message.isWellFormed { passed += 1 }
                raft.step(message, from: MemberID(dice.below(5)))
                if dice.happens(30) { raft.tick() }
                _ = drain(&raft)
            }
        }
        #expect(passed > 2_000)
    }

    @Test func illFormedAppendsAreFound() {
        let good = AppendRequest(
            term: 5, previous: Position(index: 3, term: 2), last: 6,
            runs: [TermRun(term: 2, first: 4), TermRun(term: 4, first: 6)], commit: 2,
            memberships: [MembershipEntry(index: 5, membership: Membership(voters: [1, 2], learners: [3]))])
        #expect(RaftMessage.append(good).isWellFormed)
        let faults: [(String, (inout AppendRequest) -> Void)] = [
            ("term 0", { $0.term = 0 }), ("term too large", { $0.term = .max }),
            ("previous above last", { $0.previous.index = 7 }), ("previous of a later term", { $0.previous.term = 6 }),
            ("previous half zero", { $0.previous.index = 0 }), ("no runs", { $0.runs = [] }),
            ("runs without entries", { $0.last = 3 }), ("first run late", { $0.runs[0].first = 5 }),
            ("first run early", { $0.runs[0].first = 3 }), ("terms fall", { $0.runs[1].term = 1 }),
            ("same term twice", { $0.runs[1].term = 2 }), ("run above last", { $0.runs[1].first = 7 }),
            ("run before previous's term", { $0.runs[0].term = 1 }), ("entries of the future", { $0.runs[1].term = 6 }),
            ("index too large", { $0.last = 1 << 62 }), ("commit too large", { $0.commit = .max }),
            ("membership at previous", { $0.memberships[0].index = 3 }),
            ("membership above last", { $0.memberships[0].index = 7 }),
            ("memberships twice", { $0.memberships.append($0.memberships[0]) }),
            ("no voters", { $0.memberships[0].membership.voters = [] }),
            ("voters twice", { $0.memberships[0].membership.voters = [1, 1] }),
            ("voter and learner", { $0.memberships[0].membership.learners = [2] }),
            ("member 0", { $0.memberships[0].membership.voters = [0, 1] }),
        ]
        for (name, spoil) in faults {
            var request = good
            spoil(&request)
            #expect(!RaftMessage.append(request).isWellFormed, "\(name)")
        }
    }

    /// The log is gone, and no snapshot covers it: missing, not obsolete. One question per heartbeat, no loop.
    @Test func missingEntriesWithoutSnapshotDoNotLoop() {
        var raft = elected()
        raft.onEntriesUnavailable(peer: 2, first: 21)
        #expect(drain(&raft) == [])
        #expect(raft.progress(of: 2)?.state == .probe)
        for _ in 0..<2 { raft.tick() }
        _ = drain(&raft)
        raft.step(.heartbeatReply(HeartbeatReply(term: 6, round: 0)), from: 2)
        #expect(drain(&raft) == [.loadEntries(peer: 2, first: 21, last: 21, maximumBytes: 1 << 20)])
    }

    @Test func answersToLoadsNeverAskedForAreDropped() {
        var raft = elected()
        raft.onEntriesLoaded(peer: 2, first: 12, last: 13, bytes: 9)
        raft.onEntriesUnavailable(peer: 9, first: 1)
        #expect(drain(&raft) == [])
        var follower = member()
        follower.onEntriesLoaded(peer: 2, first: 1, last: 1, bytes: 9)
        #expect(drain(&follower) == [])
    }

    /// Entries 15 ... 21 are being read for member 2 when another leader replaces them. Member 1 leads again and wants
    /// to send another entry 15: what was read must not go out under its name.
    @Test func aLoadFromAnEarlierLeadershipIsNotSent() {
        var raft = elected()
        raft.onEntriesLoaded(peer: 2, first: 21, last: 21, bytes: 1)
        let outcome = AppendReply.Outcome.mismatch(
            rejected: 20, hint: Position(index: 14, term: 3), lastIndex: 14)
        raft.step(.appendReply(AppendReply(term: 6, outcome: outcome)), from: 2)
        #expect(drain(&raft).contains(.loadEntries(peer: 2, first: 15, last: 21, maximumBytes: 1 << 20)))
        let runs = [TermRun(term: 7, first: 14)]
        let previous = Position(index: 13, term: 3)
        raft.step(.append(AppendRequest(term: 7, previous: previous, last: 14, runs: runs, commit: 0)), from: 3)
        raft.step(.timeoutNow(TimeoutNow(term: 7)), from: 3)
        _ = drain(&raft)
        raft.step(.voteReply(VoteReply(term: 8, isGranted: true)), from: 2)
        #expect(raft.role == .leader && raft.progress(of: 2)?.next == 15)
        #expect(!drain(&raft).contains { if case .loadEntries = $0 { true } else { false } }, "one load at a time")
        raft.onEntriesLoaded(peer: 2, first: 15, last: 21, bytes: 70)
        #expect(drain(&raft) == [.loadEntries(peer: 2, first: 15, last: 15, maximumBytes: 1 << 20)])
    }

    /// A snapshot on disk covers entries whose own writes are still under way.
    @Test func snapshotCountsAsFlushed() {
        var raft = member()
        let runs = [TermRun(term: 5, first: 1)]
        raft.step(.append(AppendRequest(term: 5, previous: .zero, last: 4, runs: runs, commit: 3)), from: 2)
        _ = drain(&raft)
        raft.onApplied(3)
        raft.onSnapshotTaken(Position(index: 3, term: 5))
        #expect(raft.flushedIndex == 3 && raft.term(at: 2) == nil && raft.term(at: 3) == 5)
        #expect(drain(&raft) == [.send(.appendReply(AppendReply(term: 5, outcome: .flushed(3))), to: 2)])
    }

    /// What a follower has reported as flushed to this term's leader may be committed already, even if it has not heard
    /// so.
    @Test func aLeaderMayNotReplaceWhatItConfirmed() {
        var raft = member()
        let runs = [TermRun(term: 4, first: 1)]
        raft.step(.append(AppendRequest(term: 5, previous: .zero, last: 4, runs: runs, commit: 0)), from: 2)
        _ = drain(&raft)
        let other = [TermRun(term: 3, first: 1)]
        raft.step(.append(AppendRequest(term: 5, previous: .zero, last: 4, runs: other, commit: 0)), from: 2)
        #expect(drain(&raft) == [] && raft.lastPosition == Position(index: 4, term: 4))
    }

    @Test func truncationBelowCommitAborts() async {
        await #expect(processExitsWith: .failure) {
            let restored = RestoredState(
                term: 5, vote: nil, snapshot: .zero, runs: [TermRun(term: 3, first: 1)], lastIndex: 4,
                baseMembership: Membership(voters: [1, 2, 3]), memberships: [])
            var raft = Raft(id: 1, settings: RaftSettings(), restored: restored, seed: 1)
            let position = Position(index: 4, term: 3)
            raft.step(.append(AppendRequest(term: 5, previous: position, last: 4, runs: [], commit: 4)), from: 2)
            let runs = [TermRun(term: 4, first: 1)]
            raft.step(.append(AppendRequest(term: 6, previous: .zero, last: 5, runs: runs, commit: 0)), from: 3)
        }
    }

    /// A new member without any membership hears leaders and never campaigns.
    @Test func aBlankMemberWaits() {
        var raft = member(4, term: 0, membership: Membership(voters: []))
        for _ in 0..<100 { raft.tick() }
        #expect(raft.role == .follower && drain(&raft) == [])
        let entry = MembershipEntry(index: 1, membership: Membership(voters: [1, 2], learners: [4]))
        let runs = [TermRun(term: 2, first: 1)]
        raft.step(
            .append(AppendRequest(term: 2, previous: .zero, last: 1, runs: runs, commit: 0, memberships: [entry])),
            from: 1)
        #expect(raft.membership.learners == [4] && raft.leader == 1)
    }

    @Test func heldMessagesDoNotGrow() {
        var raft = member()
        raft.step(.heartbeat(Heartbeat(term: 6, commit: 0, round: 0)), from: 2)
        for round in 1..<1_000 as Range<UInt64> {
            raft.step(.heartbeat(Heartbeat(term: 6, commit: 0, round: round)), from: 2)
        }
        _ = raft.takeOutputs()
        raft.onHardStateSaved(term: 6, vote: nil)
        let reply = RaftMessage.heartbeatReply(HeartbeatReply(term: 6, round: 999))
        #expect(raft.takeOutputs() == [.send(reply, to: 2)])
    }
}
