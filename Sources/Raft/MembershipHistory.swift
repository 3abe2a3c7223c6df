/// The memberships the log goes through. The newest one counts as soon as it is in the log, committed or not
/// (thesis §4.1), so a truncation may bring an older one back.
struct MembershipHistory: Hashable, Sendable {
    /// As of the log's base.
    private(set) var base: Membership
    private(set) var entries: [MembershipEntry]

    init(base: Membership, entries: [MembershipEntry], after index: LogIndex) {
        self.base = base
        self.entries = entries
        forget(through: index)
    }

    var current: Membership { entries.last?.membership ?? base }

    /// The index of the entry that made `current`, 0 if that was the base.
    var currentIndex: LogIndex { entries.last?.index ?? 0 }

    func membership(at index: LogIndex) -> Membership {
        entries.last { $0.index <= index }?.membership ?? base
    }

    mutating func append(_ added: [MembershipEntry], from first: LogIndex) {
        for entry in added where entry.index >= first { entries.append(entry) }
    }

    mutating func truncate(after index: LogIndex) {
        while let entry = entries.last, entry.index > index { entries.removeLast() }
    }

    mutating func forget(through index: LogIndex) {
        while let entry = entries.first, entry.index <= index {
            base = entry.membership
            entries.removeFirst()
        }
    }
}

extension Membership {
    package func contains(_ member: MemberID) -> Bool {
        voters.contains(member) || learners.contains(member)
    }

    /// Voters and learners but `member`, ascending.
    func others(than member: MemberID) -> [MemberID] {
        (voters + learners).filter { $0 != member }.sorted()
    }

    /// Sorted without repeats, disjoint, no member 0, at least one voter.
    var isWellFormed: Bool {
        func isAscending(_ list: [MemberID]) -> Bool { zip(list, list.dropFirst()).allSatisfy { $0 < $1 } }
        guard let first = voters.first, first > 0, learners.first != 0 else { return false }
        return isAscending(voters) && isAscending(learners) && !learners.contains { voters.contains($0) }
    }
}
