/// What a job needs to read the entries of a segment, or the index made of them, without the log.
package struct StoredSegment: Sendable {
    package let first: UInt64
    /// The last entry to be read; of the segment being written to, the last durable one.
    package let last: UInt64
    /// Chain checksum of entry `last`.
    package let chain: UInt64
    /// Nothing will be added.
    package let isSealed: Bool
    package let hasRows: Bool
    /// What is read of it comes from the disk, not from memory that this process has just written.
    package let isFromBefore: Bool
    package let path: String
    package let rowsPath: String
    package let directory: String
    let slots: ArraySlice<EntrySlot>
}
