import Ports

/// Where an entry's bytes are. Stays right until the entry is truncated or its segment deleted; both may happen while a
/// read is under way, so the reader checks the bytes that have arrived with `LogStore.decodeStored`, and discards them
/// if `LogStore.location(of:)` gives another answer by then, or `LogStore.holds` is false for the run.
package struct EntryLocation: Equatable, Sendable {
    package let file: DiskFile
    /// The header; the payload follows it directly.
    package let headerOffset: UInt64
    package let payloadLength: Int
    package let index: UInt64
    package let term: UInt64
    package let chain: UInt64

    package var payloadOffset: UInt64 { headerOffset + UInt64(EntryHeader.size) }
    /// Header and payload.
    package var byteCount: Int { EntryHeader.size + payloadLength }
}

/// Consecutive entries of one term, as in `Raft.TermRun`.
package struct LogTermRun: Equatable, Sendable {
    package let term: UInt64
    package let first: UInt64

    package init(term: UInt64, first: UInt64) {
        self.term = term
        self.first = first
    }
}
