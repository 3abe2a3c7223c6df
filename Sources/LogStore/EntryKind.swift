/// What an entry is for. Its payload is opaque to this module.
package enum EntryKind: UInt8, Sendable {
    /// A new leader's first entry (Raft paper §8); empty.
    case noop = 0
    /// A membership.
    case configuration = 1
    /// A command of the replicated state machine.
    case command = 2
    /// The same, for topics that do not ask for more than a copy in the memory of a majority: it may be committed, and
    /// acknowledged, before it is synced.
    case relaxedCommand = 3

    package var isCommand: Bool { self == .command || self == .relaxedCommand }
}
