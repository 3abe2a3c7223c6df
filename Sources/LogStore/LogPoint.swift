/// A place in the log and the history up to it.
package struct LogPoint: Equatable, Sendable {
    package var index: UInt64
    package var term: UInt64
    package var chain: UInt64

    package init(index: UInt64, term: UInt64, chain: UInt64) {
        self.index = index
        self.term = term
        self.chain = chain
    }

    /// Before the first entry.
    package static let zero = LogPoint(index: 0, term: 0, chain: 0)
}
