/// Entries that were once durable and cannot be read now. They may be committed: they are never cut, and the node must
/// not vote on the strength of them until they have been fetched again or a snapshot has replaced them.
package struct DamagedRange: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The header is intact and says what the payload was; `first == last`.
        case payload
        /// Headers are damaged; a later entry proves that they were there and names the last of them.
        case header
        /// Nothing is left, but a mark elsewhere says that they were durable.
        case missing
    }

    package var kind: Kind
    package var first: UInt64
    package var last: UInt64
    /// File name of the segment.
    package var segment: String
    /// Where the first of them starts, and the bytes that all of them took; nil when the end is not known.
    package var offset: UInt64
    package var byteCount: UInt64?
    /// Chain value before the range; nil when that is unknown too.
    package var chainBefore: UInt64?
    /// Chain value of entry `last`, where known.
    package var chainAfter: UInt64?
    /// Identity of entry `last`, where known.
    package var identity: EntryIdentity?

    /// The entries whose terms nothing names; nil if there are none.
    package var termless: ClosedRange<UInt64>? {
        if kind == .payload { return nil }
        let end = identity?.isKnown == true ? last - 1 : last
        return first <= end ? first...end : nil
    }

    /// What is left of the range when the log is cut after `index`.
    func clipped(after index: UInt64) -> DamagedRange? {
        if last <= index { return self }
        if first > index { return nil }
        var rest = self
        rest.last = index
        rest.byteCount = nil
        rest.chainAfter = nil
        rest.identity = nil
        return rest
    }
}

extension DamagedRange: CustomStringConvertible {
    package var description: String {
        let which = first == last ? "entry \(first)" : "entries \(first) to \(last)"
        let what =
            switch kind {
            case .payload: "payload damaged"
            case .header: "header damaged"
            case .missing: "missing"
            }
        guard let identity, identity.isKnown else { return "\(segment) at byte \(offset): \(which): \(what)" }
        return "\(segment) at byte \(offset): \(which): \(what); entry \(last) is of term \(identity.term), "
            + "\(identity.payloadLength) bytes, CRC-32C \(identity.payloadChecksum)"
    }
}
