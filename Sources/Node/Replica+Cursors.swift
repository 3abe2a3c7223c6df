import Raft

/// What is asked of the core many times for each message. Read field by field: the core is a large value stored in an
/// object, and a call on it would copy it first, with a reference counted for each of its arrays.
extension Replica {
    var isReady: Bool { Raft.isReady(raft.role, applied: raft.machine.applied, noop: raft.noop) }
    var commitIndex: UInt64 { raft.machine.committed }
    var flushedIndex: UInt64 { raft.log.flushed }
    /// Of the core's log; the store's own is `log.lastIndex`.
    var acceptedIndex: UInt64 { raft.log.last }
}
