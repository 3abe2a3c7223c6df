import Bytes

/// The fixed header in front of every entry on disk: 96 bytes, big-endian, at a multiple of 8 in the segment.
///
///      0 magic u32 | 4 CRC-32C of bytes 8 ..< 96 | 8 salt u64 | 16 index u64 | 24 term u64 | 32 timestamp i64
///     40 flushed mark u64 | 48 chain u64 | 56 payload length u32 | 60 payload CRC-32C u32
///     64 previous term u64 | 72 previous length u32 | 76 previous payload CRC-32C u32
///     80 epoch u32 | 84 group u32 | 88 kind u8 | 89 flags u8 | 90 six zero bytes
struct EntryHeader: Equatable {
    static let size = 96
    static let alignment = 8
    static let magic: UInt32 = 0x4846_6531

    var salt: UInt64
    var index: UInt64
    var term: UInt64
    var kind: EntryKind
    var timestamp: Int64
    /// Every entry up to here was durable before this header was written.
    var flushedMark: UInt64
    var chain: UInt64
    var payloadLength: Int
    var payloadChecksum: UInt32
    var previous: EntryIdentity
    /// Counts truncations of this log: tells this entry from one that was cut away at the same place.
    var epoch: UInt32
    var group: UInt32

    /// Bytes from this header to the next one.
    var span: UInt64 { EntryHeader.span(payloadLength: payloadLength) }

    static func span(payloadLength: Int) -> UInt64 {
        UInt64((size + payloadLength + alignment - 1) / alignment * alignment)
    }

    func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.uint32(EntryHeader.magic)
        writer.uint32(0)
        writer.uint64(salt)
        writer.uint64(index)
        writer.uint64(term)
        writer.int64(timestamp)
        writer.uint64(flushedMark)
        writer.uint64(chain)
        writer.uint32(UInt32(payloadLength))
        writer.uint32(payloadChecksum)
        previous.encode(into: &writer)
        writer.uint32(epoch)
        writer.uint32(group)
        let flags: UInt64 = previous.isKnown ? 1 : 0
        writer.uint64(UInt64(kind.rawValue) << 56 | flags << 48)
        let checksum = writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[(start + 8)...])) }
        writer.patch(checksum, at: start + 4)
    }

    /// The header in the first 96 bytes of `slice`; nil unless magic, checksum and every field are right.
    static func decode(_ slice: ByteSlice) -> EntryHeader? {
        guard slice.count >= size, slice.uint32(at: 0) == magic,
            slice.uint32(at: 4) == CRC32C.checksum(slice.slice(8, size - 8)),
            let kind = EntryKind(rawValue: slice[88])
        else { return nil }
        let length = slice.uint32(at: 56)
        guard length <= UInt32(LogEntry.maximumPayload) else { return nil }
        return EntryHeader(
            salt: slice.uint64(at: 8), index: slice.uint64(at: 16),
            term: slice.uint64(at: 24), kind: kind, timestamp: slice.int64(at: 32),
            flushedMark: slice.uint64(at: 40), chain: slice.uint64(at: 48),
            payloadLength: Int(length), payloadChecksum: slice.uint32(at: 60),
            previous: EntryIdentity.decode(slice.slice(64, EntryIdentity.size), isKnown: slice[89] & 1 == 1),
            epoch: slice.uint32(at: 80), group: slice.uint32(at: 84))
    }

    /// Whether the chain value follows from the predecessor's.
    func continues(_ previousChain: UInt64) -> Bool {
        chain == Chain.next(
            after: previousChain, index: index, term: term, kind: kind, timestamp: timestamp, length: payloadLength,
            checksum: payloadChecksum)
    }
}
