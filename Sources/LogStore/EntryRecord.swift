import Bytes

/// What recovery, the sidecar and the index know of one entry.
struct EntryRecord: Equatable {
    var term: UInt64
    var chain: UInt64
    var place: UInt32
    var payloadLength: UInt32
    var payloadChecksum: UInt32
    var kind: EntryKind

    var slot: EntrySlot { EntrySlot(place: place, payloadLength: payloadLength, chain: chain) }
    var identity: EntryIdentity {
        EntryIdentity(
            term: term, payloadLength: Int(payloadLength), payloadChecksum: payloadChecksum,
            isKnown: place != EntrySlot.unknown)
    }

    init(_ header: EntryHeader, at offset: UInt64) {
        term = header.term
        chain = header.chain
        place = EntrySlot.place(of: offset)
        payloadLength = UInt32(header.payloadLength)
        payloadChecksum = header.payloadChecksum
        kind = header.kind
    }

    /// An entry of which little is known.
    init(lostTerm term: UInt64) {
        self.term = term
        chain = 0
        place = EntrySlot.unknown
        payloadLength = 0
        payloadChecksum = 0
        kind = .command
    }

    static let size = 32

    func encode(into writer: inout ByteWriter) {
        writer.uint64(term)
        writer.uint64(chain)
        writer.uint32(place)
        writer.uint32(payloadLength)
        writer.uint32(payloadChecksum)
        writer.uint32(UInt32(kind.rawValue) << 24)
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        term = try reader.uint64()
        chain = try reader.uint64()
        place = try reader.uint32()
        payloadLength = try reader.uint32()
        payloadChecksum = try reader.uint32()
        let field = try reader.uint32()
        guard let kind = EntryKind(rawValue: UInt8(field >> 24)) else { throw .badValue("entry kind", Int64(field)) }
        self.kind = kind
    }
}
