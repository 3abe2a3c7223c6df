/// How far the log and the machine are, in one place so that one validator states the whole chain.
package struct Cursors: Hashable, Sendable {
    /// Log: taken in, handed to the shell for writing, with the operating system, on disk.
    package var accepted: LogIndex
    package var submitted: LogIndex
    package var written: LogIndex
    package var flushed: LogIndex
    /// Machine: known committed, handed to the shell for applying, applied.
    package var committed: LogIndex
    package var applying: LogIndex
    package var applied: LogIndex

    package init(
        accepted: LogIndex, submitted: LogIndex, written: LogIndex, flushed: LogIndex, committed: LogIndex,
        applying: LogIndex, applied: LogIndex
    ) {
        self.accepted = accepted
        self.submitted = submitted
        self.written = written
        self.flushed = flushed
        self.committed = committed
        self.applying = applying
        self.applied = applied
    }

    /// The first broken link of the chain, or nil. `committed` may be above `flushed`: a majority of the others has it.
    package func violation(snapshot: LogIndex) -> String? {
        if flushed > written { return "flushed > written" }
        if written > submitted { return "written > submitted" }
        if submitted > accepted { return "submitted > accepted" }
        if applied > applying { return "applied > applying" }
        if applying > committed { return "applying > committed" }
        if committed > accepted { return "committed > accepted" }
        if snapshot > applied { return "snapshot > applied" }
        if snapshot > flushed { return "snapshot > flushed" }
        return nil
    }
}

/// The machine's half of `Cursors`.
struct MachineCursors: Hashable, Sendable {
    private(set) var committed: LogIndex
    private(set) var applying: LogIndex
    private(set) var applied: LogIndex

    /// A machine that was just loaded from a snapshot.
    init(snapshot index: LogIndex) {
        committed = index
        applying = index
        applied = index
    }

    mutating func commit(through index: LogIndex) { committed = index }
    mutating func submit() { applying = committed }
    mutating func apply(through index: LogIndex) { applied = max(applied, index) }
}
