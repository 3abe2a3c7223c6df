/// Batches of one partition that lie end to end in one log entry.
package struct StoredRange: Hashable, Sendable {
    /// The entry's log index.
    package var index: UInt64
    /// Bytes, from the start of the entry's payload.
    package var position: Int
    package var length: Int
    /// Offsets `baseOffset ..< nextOffset`.
    package var baseOffset: Int64
    package var nextOffset: Int64
    package var maxTimestamp: Int64

    package init(
        index: UInt64, position: Int, length: Int, baseOffset: Int64, nextOffset: Int64, maxTimestamp: Int64
    ) {
        self.index = index
        self.position = position
        self.length = length
        self.baseOffset = baseOffset
        self.nextOffset = nextOffset
        self.maxTimestamp = maxTimestamp
    }
}
