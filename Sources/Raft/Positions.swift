package typealias LogIndex = UInt64
package typealias Term = UInt64
/// A member of the group (the same numbers as `Ports.NodeID`; Raft imports nothing).
package typealias MemberID = UInt32

/// An entry's place in the log: `index` counts from 1; (0, 0) stands for "before the first entry".
package struct Position: Hashable, Sendable {
    package var index: LogIndex
    package var term: Term

    package init(index: LogIndex, term: Term) {
        self.index = index
        self.term = term
    }

    package static let zero = Position(index: 0, term: 0)
}

/// Consecutive entries of one term: `first` is the index of the first of them. A log is a list of runs plus a last
/// index.
package struct TermRun: Hashable, Sendable {
    package var term: Term
    package var first: LogIndex

    package init(term: Term, first: LogIndex) {
        self.term = term
        self.first = first
    }
}

/// The members of the group, carried in the log as entries of kind "configuration". Both lists sorted, disjoint.
package struct Membership: Hashable, Sendable {
    package var voters: [MemberID]
    package var learners: [MemberID]

    package init(voters: [MemberID], learners: [MemberID] = []) {
        self.voters = voters.sorted()
        self.learners = learners.sorted()
    }
}
