import Simulator
import Testing

/// The checker of consumer groups must object to every kind of wrong history, and to no right one.
struct GroupHistoryTests {
    private let history = GroupHistory()
    private let group: Int

    init() { group = history.addGroup(partitions: 2) }

    private func classic(_ member: String, _ generation: Int32, instance: String? = nil) -> GroupHistory.Claim {
        .init(group: group, isClassic: true, member: member, instance: instance, generation: generation)
    }

    private func consumer(_ member: String, _ epoch: Int32, instance: String? = nil) -> GroupHistory.Claim {
        .init(group: group, isClassic: false, member: member, instance: instance, generation: epoch)
    }

    private func expect(_ wrong: String?, _ word: String) {
        #expect(wrong?.hasPrefix(word) == true, "\(wrong ?? "nothing") instead of \(word)")
    }

    /// Proposed by somebody and told as proposed.
    private func assign(_ claim: GroupHistory.Claim, _ partitions: [Int]) -> String? {
        let asked = history.stamp()
        history.proposes(claim, [(claim, partitions)])
        return history.assigned(claim, partitions, asked: asked)
    }

    private func tell(_ claim: GroupHistory.Claim, sent: Int32) -> String? {
        history.told(claim, sent: sent, asked: history.stamp())
    }

    private func commit(
        _ claim: GroupHistory.Claim, _ offset: Int64, tenure: Int = 0, _ answer: GroupHistory.Answer = .acknowledged
    ) -> String? {
        history.answered(history.commits(claim, 0, offset, tenure: tenure), answer)
    }

    private func fetch(_ offset: Int64, floor: Int64) -> String? {
        history.fetched(group, 0, offset, floor: floor, asked: history.stamp())
    }

    @Test func aRightHistoryPasses() {
        #expect(assign(classic("a", 1), [0, 1]) == nil)
        #expect(history.processed(group, 0, from: 0, to: 5) == nil)
        #expect(commit(classic("a", 1), 5, tenure: 1) == nil)
        #expect(assign(classic("a", 2), [1]) == nil)
        #expect(assign(classic("b", 2), [0]) == nil)
        #expect(fetch(5, floor: history.floor(group, 0)) == nil)
        #expect(commit(classic("b", 2), 7, tenure: 2) == nil)
        // The group goes over to the other protocol.
        #expect(tell(consumer("c", 3), sent: 0) == nil)
        #expect(tell(consumer("c", 4), sent: 3) == nil)
        #expect(commit(consumer("c", 4), 9, tenure: 3) == nil)
        #expect(history.newest(group) == 4)
    }

    // MARK: Offsets

    @Test func aCommittedOffsetThatIsGoneIsLost() {
        #expect(commit(classic("a", 1), 5) == nil)
        expect(fetch(-1, floor: history.floor(group, 0)), "lost")
    }

    @Test func aCommittedOffsetNeverGoesBack() {
        #expect(commit(classic("a", 1), 3) == nil)
        #expect(commit(classic("a", 1), 5) == nil)
        expect(fetch(3, floor: history.floor(group, 0)), "went back")
        expect(commit(classic("a", 1), 4), "went back")
    }

    @Test func whatWasSeenToBeCommittedStays() {
        #expect(commit(classic("a", 1), 5, .unknown) == nil)
        #expect(fetch(-1, floor: -1) == nil)
        #expect(fetch(5, floor: -1) == nil)
        expect(fetch(-1, floor: history.floor(group, 0)), "lost")
    }

    /// Whoever asked before the commit was acknowledged may be told either.
    @Test func anEarlierQuestionMayBeAnsweredWithLess() {
        let floor = history.floor(group, 0)
        #expect(commit(classic("a", 1), 5) == nil)
        #expect(fetch(-1, floor: floor) == nil)
    }

    @Test func anOffsetNobodySentIsAPhantom() {
        expect(fetch(5, floor: -1), "phantom")
        #expect(commit(classic("a", 1), 5, .refused) == nil)
        expect(fetch(5, floor: -1), "phantom")
    }

    /// Not even if nobody was told that it was refused.
    @Test func anOffsetThatMustBeRefusedIsAPhantom() {
        #expect(assign(classic("a", 2), [0]) == nil)
        #expect(commit(classic("a", 1), 5, .unknown) == nil)
        expect(fetch(5, floor: -1), "phantom")
    }

    @Test func nobodyReadsFromBeyondWhatWasRead() {
        #expect(history.processed(group, 0, from: 0, to: 4) == nil)
        #expect(history.processed(group, 0, from: 2, to: 6) == nil)
        expect(history.processed(group, 0, from: 7, to: 8), "skipped")
    }

    // MARK: Fencing

    @Test func aCommitOfAnEndedGenerationIsRefused() {
        #expect(assign(classic("a", 1), [0]) == nil)
        let before = history.commits(classic("a", 1), 0, 3, tenure: 1)
        #expect(assign(classic("b", 2), [0]) == nil)
        // It may have come before the generation's end.
        #expect(history.answered(before, .acknowledged) == nil)
        expect(commit(classic("a", 1), 5, tenure: 1), "stale")
        #expect(commit(classic("a", 1), 5, tenure: 1, .refused) == nil)
    }

    @Test func aCommitOfAnEarlierEpochIsRefused() {
        #expect(tell(consumer("a", 3), sent: 0) == nil)
        #expect(tell(consumer("b", 4), sent: 0) == nil)
        #expect(commit(consumer("a", 3), 3, tenure: 1) == nil)
        #expect(tell(consumer("a", 4), sent: 3) == nil)
        expect(commit(consumer("a", 3), 5, tenure: 1), "stale")
    }

    /// Members of the classic protocol may stay when one of the other comes, until they have joined again; when the
    /// members agree on a generation, all of the other protocol are gone.
    @Test func aGroupThatHasGoneOverIsTheEndOfOne() {
        #expect(assign(classic("b", 2), [0]) == nil)
        #expect(tell(consumer("a", 3), sent: 0) == nil)
        #expect(commit(classic("b", 2), 5) == nil)
        #expect(tell(classic("b", 3), sent: 0) == nil)
        expect(commit(classic("b", 2), 6), "stale")
        #expect(assign(classic("b", 4), [0]) == nil)
        expect(commit(consumer("a", 3), 7), "stale")
    }

    @Test func aStaticMemberThatWasReplacedIsRefused() {
        #expect(assign(classic("a1", 1, instance: "a"), [0]) == nil)
        // The other process joined when this one was a member already, and has the same share.
        #expect(history.assigned(classic("a2", 1, instance: "a"), [0], asked: history.stamp()) == nil)
        #expect(commit(classic("a2", 1, instance: "a"), 3, tenure: 2) == nil)
        expect(commit(classic("a1", 1, instance: "a"), 5, tenure: 1), "stale")
    }

    /// The first is refused while it goes on as if nothing had happened, and no more once it has joined again: seeds
    /// 3132, 5540 and 8440.
    @Test func aReplacedStaticMemberThatJoinsAgainIsItAgain() {
        #expect(tell(consumer("a1", 1, instance: "a"), sent: 0) == nil)
        #expect(tell(consumer("a2", 2, instance: "a"), sent: 0) == nil)
        expect(commit(consumer("a1", 1, instance: "a"), 3, tenure: 1), "stale")
        #expect(tell(consumer("a1", 3, instance: "a"), sent: 0) == nil)
        #expect(commit(consumer("a1", 3, instance: "a"), 3, tenure: 2) == nil)
    }

    /// Which of the two came last is not known.
    @Test func processesThatComeTogetherAreNotJudged() {
        let first = history.stamp()
        let second = history.stamp()
        history.proposes(classic("a1", 1), [(classic("a1", 1, instance: "a"), [0])])
        #expect(history.assigned(classic("a1", 1, instance: "a"), [0], asked: first) == nil)
        #expect(history.assigned(classic("a2", 1, instance: "a"), [0], asked: second) == nil)
        #expect(commit(classic("a1", 1, instance: "a"), 5, tenure: 1) == nil)
    }

    @Test func twoDoNotCommitInTurns() {
        #expect(commit(consumer("a", 1), 1, tenure: 1) == nil)
        #expect(commit(consumer("b", 1), 2, tenure: 2) == nil)
        expect(commit(consumer("a", 1), 3, tenure: 1), "two owners")
    }

    /// One that gave the partition up and was given it again is another owner.
    @Test func aPartitionMayComeBack() {
        #expect(commit(consumer("a", 1), 1, tenure: 1) == nil)
        #expect(commit(consumer("b", 2), 2, tenure: 2) == nil)
        #expect(commit(consumer("a", 3), 3, tenure: 3) == nil)
    }

    // MARK: Transactions

    @Test func offsetsOfATransactionCountOnceItIsCommitted() {
        let attempt = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        #expect(fetch(-1, floor: history.floor(group, 0)) == nil)
        #expect(history.accepted(attempt) == nil)
        history.asked(attempt)
        #expect(fetch(5, floor: -1) == nil)
        #expect(history.ended(attempt) == nil)
        expect(fetch(-1, floor: history.floor(group, 0)), "lost")
    }

    @Test func offsetsOfAnAbortedTransactionArePhantoms() {
        let attempt = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        #expect(history.accepted(attempt) == nil)
        expect(fetch(5, floor: -1), "phantom")
    }

    /// Whoever is told of the offset before begins there, and the transaction's records are processed twice (KIP-447).
    @Test func whatAnOpenTransactionChangesIsNotTold() {
        #expect(commit(classic("a", 1), 3) == nil)
        let attempt = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        #expect(history.accepted(attempt) == nil)
        #expect(fetch(3, floor: 3) == nil)
        history.asked(attempt)
        expect(history.ended(attempt), "unstable")
    }

    /// It may have been aborted by then, for it took too long.
    @Test func whatATransactionDoesNotChangeInTheEndMayBeTold() {
        let aborted = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        #expect(history.accepted(aborted) == nil)
        #expect(fetch(-1, floor: -1) == nil)
        let committed = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        #expect(history.accepted(committed) == nil)
        history.asked(committed)
        #expect(history.ended(committed) == nil)
    }

    /// Who asked before the transaction had its offsets, or was answered when it was about to end, may be told either.
    @Test func whatIsToldBesideATransactionMayBeEither() {
        let attempt = history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)
        let asked = history.stamp()
        #expect(history.accepted(attempt) == nil)
        #expect(history.fetched(group, 0, -1, floor: -1, asked: asked) == nil)
        history.asked(attempt)
        #expect(fetch(-1, floor: -1) == nil)
        #expect(history.ended(attempt) == nil)
    }

    /// Whoever is no member any more is told so before the transaction ends.
    @Test func aTransactionOfAnEndedGenerationIsRefused() {
        #expect(assign(classic("a", 2), [0]) == nil)
        expect(history.accepted(history.commits(classic("a", 1), 0, 5, tenure: 1, inTransaction: true)), "stale")
    }

    /// The next owner had to wait for it.
    @Test func aTransactionThatEndsTooLateGoesBack() {
        #expect(commit(classic("b", 2), 7, tenure: 2) == nil)
        let attempt = history.commits(classic("a", 2), 0, 5, tenure: 1, inTransaction: true)
        history.asked(attempt)
        expect(history.ended(attempt), "went back")
    }

    // MARK: Assignments

    @Test func membersOfAGenerationHaveDifferentPartitions() {
        #expect(assign(classic("a", 1), [0]) == nil)
        expect(assign(classic("b", 1), [1, 0]), "two owners")
    }

    @Test func nobodyIsGivenWhatNobodyAssigned() {
        history.proposes(classic("a", 1), [(classic("a", 1), [0]), (classic("b", 1), [1])])
        expect(history.assigned(classic("b", 1), [0], asked: 0), "assignment")
    }

    /// Two leading members may have proposed, and one of them was heard.
    @Test func aGenerationHasOneAssignment() {
        history.proposes(classic("a", 1), [(classic("a", 1), [0]), (classic("b", 1), [1])])
        history.proposes(classic("b", 1), [(classic("a", 1), [1]), (classic("b", 1), [0])])
        #expect(history.assigned(classic("b", 1), [0], asked: 0) == nil)
        expect(history.assigned(classic("b", 1), [1], asked: 0), "assignment")
        expect(history.assigned(classic("a", 1), [0], asked: 0), "two owners")
    }

    @Test func anEpochNeverGoesBack() {
        #expect(tell(consumer("a", 3), sent: 0) == nil)
        #expect(tell(consumer("a", 3), sent: 3) == nil)
        expect(tell(consumer("a", 2), sent: 3), "epoch")
    }
}
