import Bytes

/// The form in which entries travel between members: a fixed header, then the payload.
///
///     0 index u64 | 8 term u64 | 16 timestamp i64 | 24 chain u64 | 32 payload length u32 | 36 payload CRC-32C u32
///     40 kind u8, three zero bytes | 44 CRC-32C of bytes 0 ..< 44
extension LogEntry {
    package static let wireHeaderSize = 48

    /// Bytes this entry takes in a peer frame.
    package var wireSize: Int { LogEntry.wireHeaderSize + payloadLength }

    package func encodeWireHeader(into writer: inout ByteWriter) {
        let start = writer.count
        writer.uint64(index)
        writer.uint64(term)
        writer.int64(timestamp)
        writer.uint64(chain)
        writer.uint32(UInt32(payloadLength))
        writer.uint32(payloadChecksum)
        writer.uint32(UInt32(kind.rawValue) << 24)
        let checksum = writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        writer.uint32(checksum)
    }

    /// Reads header and payload (by reference) and verifies both checksums. Whether the entry continues the local log
    /// is for the caller: `continues(_:)`.
    package static func decodeWire(from reader: inout ByteReader) throws(DecodeError) -> LogEntry {
        let header = try reader.bytes(wireHeaderSize)
        var fields = ByteReader(header)
        let index = try fields.uint64()
        let term = try fields.uint64()
        let timestamp = try fields.int64()
        let chain = try fields.uint64()
        let length = try fields.uint32()
        let checksum = try fields.uint32()
        let kindField = try fields.uint32()
        let headerChecksum = try fields.uint32()
        guard headerChecksum == CRC32C.checksum(header.slice(0, wireHeaderSize - 4)) else {
            throw .badValue("entry header checksum", Int64(headerChecksum))
        }
        guard kindField & 0xff_ffff == 0, let kind = EntryKind(rawValue: UInt8(kindField >> 24)) else {
            throw .badValue("entry kind", Int64(kindField))
        }
        guard length <= UInt32(maximumPayload) else { throw .badValue("entry payload length", Int64(length)) }
        let payload = try reader.bytes(Int(length))
        guard checksum == CRC32C.checksum(payload) else {
            throw .badValue("entry payload checksum", Int64(checksum))
        }
        return LogEntry(
            index: index, term: term, kind: kind, timestamp: timestamp, payload: length == 0 ? [] : [payload],
            payloadLength: Int(length), payloadChecksum: checksum, chain: chain)
    }
}
