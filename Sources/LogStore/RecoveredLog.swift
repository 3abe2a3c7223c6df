import Bytes

/// Something the opening did about the files, or noticed; for the operator's log.
package struct RecoveryFinding: Equatable, Sendable, CustomStringConvertible {
    package let file: String
    package let what: String

    package init(file: String, what: String) {
        self.file = file
        self.what = what
    }

    package var description: String { "\(file): \(what)" }
}

/// What was on disk when the log was opened.
package struct RecoveredLog {
    package var term: UInt64
    package var vote: UInt32?
    /// The newest usable snapshot. Ahead of `last` if the log was begun anew with it and the entries up to it had not
    /// all arrived: they are committed wherever they come from, so `last` is then as good as committed.
    package var snapshot: SnapshotMetadata?
    package var firstIndex: UInt64
    /// The last entry that is known to have been there, damaged or not; what precedes `firstIndex` if the log
    /// is empty.
    package var last: LogPoint
    /// Runs over `firstIndex ... lastIndex`. The term of a damaged entry nothing names is taken to be its
    /// predecessor's, the lowest it can be.
    package var runs: [LogTermRun]
    /// Configuration entries in the log, ascending.
    package var configurations: [(index: UInt64, payload: ByteSlice)]
    /// Not empty: the node must not vote, and must not serve these entries.
    package var damaged: [DamagedRange]
    package var findings: [RecoveryFinding]
    /// Reads the entries after the snapshot, in order. Blocking; for start-up.
    package var replay: LogReplay

    package var lastIndex: UInt64 { last.index }
    package var lastTerm: UInt64 { last.term }
    package var lastChain: UInt64 { last.chain }
}
