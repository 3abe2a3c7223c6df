import Testing

@testable import Raft

/// When a follower that holds everything hears of a commit.
@Suite struct CommitUpdateTests {
    private func drain(_ raft: inout Raft) -> [RaftOutput] {
        var all: [RaftOutput] = []
        var batch = raft.takeOutputs()
        while !batch.isEmpty {
            all += batch
            for output in batch {
                switch output {
                case .saveHardState(let term, let vote): raft.onHardStateSaved(term: term, vote: vote)
                case .loadEntries(let peer, let first, let last, _):
                    raft.onEntriesLoaded(peer: peer, first: first, last: last, bytes: 10)
                case .appendNoop(let position): raft.onFlushed(position)
                case .commit(let index): raft.onApplied(index)
                default: break
                }
            }
            batch = raft.takeOutputs()
        }
        return all
    }

    /// A leader of three whose no-op is committed and known to be so.
    private func leader(_ update: RaftSettings.CommitUpdate) -> Raft {
        let restored = RestoredState(
            term: 1, vote: nil, snapshot: .zero, runs: [], lastIndex: 0,
            baseMembership: Membership(voters: [1, 2, 3]), memberships: [])
        let settings = RaftSettings(electionTicks: 20, heartbeatTicks: 10, commitUpdate: update)
        var raft = Raft(id: 1, settings: settings, restored: restored, seed: 1)
        raft.step(.timeoutNow(TimeoutNow(term: 1)), from: 2)
        _ = drain(&raft)
        raft.step(.voteReply(VoteReply(term: 2, isGranted: true)), from: 2)
        _ = drain(&raft)
        for peer: MemberID in [2, 3] {
            raft.step(.appendReply(AppendReply(term: 2, outcome: .flushed(1))), from: peer)
            _ = drain(&raft)
        }
        raft.tick()
        _ = drain(&raft)
        return raft
    }

    private func commitsTold(_ outputs: [RaftOutput]) -> [MemberID: LogIndex] {
        var told: [MemberID: LogIndex] = [:]
        for case .send(.heartbeat(let beat), let peer) in outputs { told[peer] = beat.commit }
        return told
    }

    private func commitOne(_ raft: inout Raft) -> [RaftOutput] {
        guard case .accepted(_, let last) = raft.propose(count: 1) else { return [] }
        var outputs = drain(&raft)
        raft.onFlushed(last)
        raft.step(.appendReply(AppendReply(term: 2, outcome: .flushed(last.index))), from: 2)
        outputs += drain(&raft)
        return outputs
    }

    @Test func atOnceTellsWhoeverHoldsTheEntry() {
        var raft = leader(.atOnce)
        #expect(commitsTold(commitOne(&raft))[2] == 2)
    }

    @Test func atNextTickTellsNobodyBeforeTheTickAndEverybodyOnce() {
        var raft = leader(.atNextTick)
        let outputs = commitOne(&raft)
        #expect(outputs.contains(.commit(2)))
        #expect(commitsTold(outputs).isEmpty)
        raft.tick()
        #expect(commitsTold(drain(&raft)) == [2: 2])
        raft.tick()
        #expect(commitsTold(drain(&raft)).isEmpty)
    }

    /// The slower follower, too, is told as soon as it holds the entry.
    @Test func announcedCommitsDoNotWaitForTheTick() {
        var raft = leader(.atNextTick)
        _ = commitOne(&raft)
        raft.announceCommit()
        #expect(commitsTold(drain(&raft)) == [2: 2])
        raft.step(.appendReply(AppendReply(term: 2, outcome: .flushed(2))), from: 3)
        #expect(commitsTold(drain(&raft)) == [3: 2])
    }

    @Test func anAppendCarriesTheCommitInstead() {
        var raft = leader(.atNextTick)
        _ = commitOne(&raft)
        _ = raft.propose(count: 1)
        let commits = drain(&raft).compactMap { output -> LogIndex? in
            guard case .send(.append(let request), to: 2) = output else { return nil }
            return request.commit
        }
        #expect(commits == [2])
        raft.tick()
        #expect(commitsTold(drain(&raft))[2] == nil)
    }
}
