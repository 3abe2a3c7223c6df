import LogStore
import Raft

/// Where a replica stands, at one moment: a few numbers, without a copy of the cores they come from.
package struct ReplicaView: Equatable, Sendable {
    package let term: UInt64
    package let isLeader: Bool
    package let firstIndex: UInt64
    package let lastIndex: UInt64
    package let writtenIndex: UInt64
    package let flushedIndex: UInt64
    package let commitIndex: UInt64
    /// See `Raft.logGeneration`.
    package let logGeneration: UInt64
}

extension Replica {
    package var view: ReplicaView {
        let cursors = raft.cursors
        return ReplicaView(
            term: raft.term, isLeader: raft.role == .leader, firstIndex: log.firstIndex, lastIndex: cursors.accepted,
            writtenIndex: cursors.written, flushedIndex: cursors.flushed, commitIndex: cursors.committed,
            logGeneration: raft.logGeneration)
    }

    /// Whether the entry at `index` may be committed before it is flushed; false once memory has let go of it.
    package func isRelaxed(_ index: UInt64) -> Bool { cache.entry(index)?.kind == .relaxedCommand }

    /// Chain checksum of the log's history through `index`; nil if the log does not hold that entry.
    package func chain(at index: UInt64) -> UInt64? { log.chain(at: index) }
}
