import Raft

/// Every membership the log has carried, oldest first, kept with each snapshot: the log's beginning may lie before or
/// after a snapshot, and Raft must know the members as of either.
package struct MembershipLog: Equatable, Sendable {
    /// Ascending; the first is the membership the cluster was formatted with, at index 0.
    package private(set) var entries: [MembershipEntry]

    package init(base: Membership) {
        entries = [MembershipEntry(index: 0, membership: base)]
    }

    package init(entries: [MembershipEntry]) {
        precondition(entries.first?.index == 0, "MembershipLog without the formatted membership")
        self.entries = entries
    }

    package var lastIndex: UInt64 { entries[entries.count - 1].index }

    package mutating func append(_ entry: MembershipEntry) {
        precondition(entry.index > lastIndex, "membership at \(entry.index) after \(lastIndex)")
        entries.append(entry)
    }

    package func membership(at index: UInt64) -> Membership {
        entries.last { $0.index <= index }?.membership ?? entries[0].membership
    }

    package func entries(after index: UInt64) -> [MembershipEntry] {
        entries.filter { $0.index > index }
    }
}
