import Raft

/// The configurations of the log, oldest first, up to the log's end. Kept with each snapshot too: the log's beginning
/// may lie before or after a snapshot, and Raft must know the members as of either.
package struct ConfigurationLog: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let index: UInt64
        package let configuration: GroupConfiguration
    }

    /// Ascending, never empty; the first is the membership the cluster was formatted with, at index 0, or the newest
    /// one that nobody needs the predecessors of.
    package private(set) var entries: [Entry]

    package init(base: Membership) {
        entries = [Entry(index: 0, configuration: GroupConfiguration(membership: base))]
    }

    package init(entries: [Entry]) {
        precondition(!entries.isEmpty, "ConfigurationLog without a configuration")
        self.entries = entries
    }

    package var lastIndex: UInt64 { entries[entries.count - 1].index }
    package var newest: GroupConfiguration { entries[entries.count - 1].configuration }

    /// What the newest snapshot tells of already comes again when its entries arrive, and is not taken twice.
    mutating func append(_ configuration: GroupConfiguration, at index: UInt64) {
        guard index > lastIndex else { return }
        entries.append(Entry(index: index, configuration: configuration))
    }

    mutating func truncate(after index: UInt64) {
        while entries.count > 1, lastIndex > index { entries.removeLast() }
    }

    package func entry(at index: UInt64) -> Entry { entries.last { $0.index <= index } ?? entries[0] }

    func memberships(after index: UInt64, through last: UInt64) -> [MembershipEntry] {
        entries.filter { $0.index > index && $0.index <= last }.map {
            MembershipEntry(index: $0.index, membership: $0.configuration.membership)
        }
    }

    /// What a snapshot at `last` has to tell, when the log begins after `base` or later.
    func entries(from base: UInt64, through last: UInt64) -> [Entry] {
        let first = entry(at: base).index
        return entries.filter { $0.index >= first && $0.index <= last }
    }
}
