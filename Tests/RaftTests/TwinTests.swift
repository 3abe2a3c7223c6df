import Raft
import Testing

/// Naive second implementations, held against the real ones in random cases.
@Suite struct TwinTests {
    /// The largest value that a majority has reached: of the values in order, the one that a majority is not below.
    private func naiveReached(_ values: [UInt64]) -> UInt64 {
        values.isEmpty ? 0 : values.sorted(by: >)[values.count / 2]
    }

    @Test func quorumsAgreeWithSorting() {
        var dice = Dice(seed: 1)
        for _ in 0..<50_000 {
            let values = (0..<dice.below(10)).map { _ in UInt64(dice.below(8)) }
            let reached = Quorum.reached(by: values.indices.map { MemberID($0) }) { values[Int($0)] }
            #expect(reached == naiveReached(values), "\(values)")
        }
    }

    @Test func talliesAgreeWithCounting() {
        var dice = Dice(seed: 2)
        for _ in 0..<50_000 {
            let voters = (0..<dice.below(8)).map { MemberID($0 + 1) }
            var tally = VoteTally()
            var answers: [MemberID: Bool] = [:]
            for _ in 0..<dice.below(14) {
                let member = MemberID(1 + dice.below(9))
                let isGranted = dice.happens(50)
                tally.record(member, isGranted: isGranted)
                if answers[member] == nil { answers[member] = isGranted }
            }
            let yes = voters.filter { answers[$0] == true }.count
            let open = voters.filter { answers[$0] == nil }.count
            let expected: VoteTally.Outcome =
                yes * 2 > voters.count ? .won : (yes + open) * 2 > voters.count ? .pending : .lost
            #expect(tally.outcome(voters: voters) == expected, "\(voters) \(answers)")
        }
    }

    /// A follower's progress against a plain list of everything sent and acknowledged.
    @Test func progressAgreesWithAList() {
        var dice = Dice(seed: 3)
        for seed in 0..<2_500 {
            var twin = ProgressTwin(next: LogIndex(1 + dice.below(20)))
            var progress = Progress(next: twin.next)
            for step in 0..<20 {
                let event = twin.randomEvent(&dice)
                event.apply(to: &progress)
                twin.apply(event)
                #expect(progress.matched == twin.matched, "seed \(seed) step \(step): \(event)")
                #expect(progress.written == twin.written, "seed \(seed) step \(step): \(event)")
                #expect(progress.next == twin.next, "seed \(seed) step \(step): \(event)")
                #expect(progress.state == twin.state, "seed \(seed) step \(step): \(event)")
                #expect(progress.inflight.appends == twin.sent.count, "seed \(seed) step \(step): \(event)")
                #expect(progress.inflight.bytes == twin.sent.map(\.bytes).reduce(0, +))
                #expect(progress.violation(last: 1_000_000) == nil)
            }
        }
    }

    /// The run table against an array with one term per entry.
    @Test func logViewAgreesWithAnArray() {
        var dice = Dice(seed: 4)
        for seed in 0..<5_000 {
            let (view, terms) = randomLog(&dice, base: LogIndex(dice.below(4)))
            let base = view.base.index
            for index in base...base + LogIndex(terms.count) + 1 {
                let expected = index == base ? view.base.term : terms.at(index - base - 1)
                #expect(view.term(at: index) == expected, "seed \(seed) \(index)")
            }
            let from = base + 1 + LogIndex(dice.below(terms.count + 1))
            let end = from + LogIndex(dice.below(terms.count + 2))
            if end <= view.last {
                let expected = (from...end).map { terms.at($0 - base - 1) }
                #expect(expand(view.runs(from: from, through: end), end) == expected)
            }
            checkHint(view, terms, LogIndex(dice.below(30)), Term(dice.below(8)))
            checkDifference(view, terms, &dice)
        }
    }

    private func randomLog(_ dice: inout Dice, base: LogIndex) -> (LogView, [Term]) {
        var term: Term = base == 0 ? 0 : 1
        let baseTerm = term
        term = max(1, term)
        var terms: [Term] = []
        for _ in 0..<dice.below(20) {
            if dice.happens(30) { term += Term(dice.below(3)) }
            terms.append(term)
        }
        var runs: [TermRun] = []
        for (number, term) in terms.enumerated() where runs.last?.term != term {
            runs.append(TermRun(term: term, first: base + LogIndex(number) + 1))
        }
        let view = LogView(
            base: Position(index: base, term: baseTerm), runs: runs, last: base + LogIndex(terms.count))
        return (view, terms)
    }

    private func expand(_ runs: [TermRun], _ end: LogIndex) -> [Term?] {
        guard let first = runs.first?.first else { return [] }
        return (first...end).map { index in runs.last { $0.first <= index }?.term }
    }

    private func checkHint(_ view: LogView, _ terms: [Term], _ index: LogIndex, _ term: Term) {
        var expected: Position?
        for (number, own) in terms.enumerated() {
            let at = view.base.index + LogIndex(number) + 1
            if at <= index && own <= term { expected = Position(index: at, term: own) }
        }
        if expected == nil && index >= view.base.index { expected = view.base }
        #expect(view.lastPosition(atOrBelow: index, termAtMost: term) == expected, "\(view) \(index) \(term)")
    }

    private func checkDifference(_ view: LogView, _ terms: [Term], _ dice: inout Dice) {
        let (other, otherTerms) = randomLog(&dice, base: view.base.index)
        guard !otherTerms.isEmpty else { return }
        let start = view.base.index + 1 + LogIndex(dice.below(min(terms.count, otherTerms.count) + 1))
        guard start <= other.last else { return }
        let expected = (start...other.last).first { index in
            terms.at(index - view.base.index - 1) != otherTerms.at(index - view.base.index - 1)
        }
        #expect(view.firstDifference(from: start, through: other.last, other.runs) == expected, "\(view) \(other)")
    }

    @Test func cursorsOutOfOrderAreFound() {
        let good = Cursors(accepted: 9, submitted: 8, written: 8, flushed: 7, committed: 8, applying: 6, applied: 5)
        #expect(good.violation(snapshot: 4) == nil)
        var dice = Dice(seed: 5)
        for _ in 0..<50_000 {
            let values = (0..<8).map { _ in LogIndex(dice.below(5)) }
            let cursors = Cursors(
                accepted: values[0], submitted: values[1], written: values[7], flushed: values[2],
                committed: values[3], applying: values[4], applied: values[5])
            let isLog = values[2] <= values[7] && values[7] <= values[1] && values[1] <= values[0]
            let isChain = isLog && values[5] <= values[4]
            let isMachine = values[4] <= values[3] && values[3] <= values[0]
            let holdsSnapshot = values[6] <= values[5] && values[6] <= values[2]
            #expect((cursors.violation(snapshot: values[6]) == nil) == (isChain && isMachine && holdsSnapshot))
        }
    }
}

extension Array {
    func at(_ index: LogIndex) -> Element? { index < LogIndex(count) ? self[Int(index)] : nil }
}
