import Bytes

/// One entry of a group's log, with its payload by reference.
package struct LogEntry: Sendable {
    /// Counts from 1.
    package let index: UInt64
    package let term: UInt64
    package let kind: EntryKind
    /// Milliseconds since 1970, the leader's stamp.
    package let timestamp: Int64
    /// Laid end to end.
    package let payload: [ByteSlice]
    package let payloadLength: Int
    /// CRC-32C of the payload.
    package let payloadChecksum: UInt32
    /// Running checksum of the log through this entry.
    package let chain: UInt64

    package init(
        index: UInt64, term: UInt64, kind: EntryKind, timestamp: Int64, payload: [ByteSlice], payloadLength: Int,
        payloadChecksum: UInt32, chain: UInt64
    ) {
        self.index = index
        self.term = term
        self.kind = kind
        self.timestamp = timestamp
        self.payload = payload
        self.payloadLength = payloadLength
        self.payloadChecksum = payloadChecksum
        self.chain = chain
    }

    /// The largest payload an entry may have; what a length field read from disk or a peer is checked against.
    package static let maximumPayload = 1 << 30

    /// A new entry after one whose chain value is `previousChain` (0 before the first). Costs one CRC pass.
    package static func make(
        after previousChain: UInt64, index: UInt64, term: UInt64, kind: EntryKind, timestamp: Int64,
        payload: [ByteSlice]
    ) -> LogEntry {
        var length = 0
        for piece in payload { length += piece.count }
        precondition(length <= maximumPayload, "LogEntry: payload of \(length) bytes at index \(index)")
        let checksum = CRC32C.checksum(payload)
        let chain = Chain.next(
            after: previousChain, index: index, term: term, kind: kind, timestamp: timestamp, length: length,
            checksum: checksum)
        return LogEntry(
            index: index, term: term, kind: kind, timestamp: timestamp, payload: payload, payloadLength: length,
            payloadChecksum: checksum, chain: chain)
    }

    /// Whether this entry's chain value follows from its predecessor's.
    package func continues(_ previousChain: UInt64) -> Bool {
        chain == Chain.next(
            after: previousChain, index: index, term: term, kind: kind, timestamp: timestamp, length: payloadLength,
            checksum: payloadChecksum)
    }
}
