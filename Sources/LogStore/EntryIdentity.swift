import Bytes

/// What names an entry's content apart from the entry: kept in the next header and in the index sidecar, so that an
/// entry whose own header is damaged can still be named and fetched again.
package struct EntryIdentity: Equatable, Sendable {
    package let term: UInt64
    package let payloadLength: Int
    package let payloadChecksum: UInt32
    /// False when length and checksum were not at hand (right after a truncation) and only the term counts.
    package let isKnown: Bool

    package init(term: UInt64, payloadLength: Int, payloadChecksum: UInt32, isKnown: Bool) {
        self.term = term
        self.payloadLength = payloadLength
        self.payloadChecksum = payloadChecksum
        self.isKnown = isKnown
    }

    /// Before the first entry.
    static let none = EntryIdentity(term: 0, payloadLength: 0, payloadChecksum: 0, isKnown: false)

    static let size = 16

    func encode(into writer: inout ByteWriter) {
        writer.uint64(term)
        writer.uint32(isKnown ? UInt32(payloadLength) : 0)
        writer.uint32(isKnown ? payloadChecksum : 0)
    }

    static func decode(_ slice: ByteSlice, isKnown: Bool) -> EntryIdentity {
        EntryIdentity(
            term: slice.uint64(at: 0), payloadLength: Int(slice.uint32(at: 8)),
            payloadChecksum: slice.uint32(at: 12), isKnown: isKnown)
    }
}
