import Testing

@testable import LogStore

@Suite struct RecoveryTableTests {
    /// Every combination of evidence has the decision the two rules demand, and only impossible ones have none.
    @Test func isTotalAndObeysTheRules() {
        var decided = 0
        for header in HeaderEvidence.allCases {
            for body in BodyEvidence.allCases {
                for successor in SuccessorEvidence.allCases {
                    for mark in MarkEvidence.allCases {
                        let decision = RecoveryTable.decide(
                            header: header, body: body, successor: successor, mark: mark)
                        let isPossible = (header == .intact) == (body != .unknown)
                        #expect((decision != nil) == isPossible)
                        guard let decision else { continue }
                        decided += 1
                        if header == .intact && body == .intact { #expect(decision == .accept) }
                        if decision == .accept { #expect(header == .intact && body == .intact) }
                        if mark == .flushed { #expect(decision != .cut && decision != .end) }
                        if mark == .none && decision != .accept { #expect(decision == .cut || decision == .end) }
                        if decision == .end { #expect(header == .absent && successor == .none) }
                        if decision == .damagedHeader { #expect(successor == .found) }
                    }
                }
            }
        }
        #expect(decided == 16)
    }
}
