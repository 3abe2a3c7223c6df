import Bytes
import Ports

/// The index sidecar of a sealed segment: the identities of its entries, so that opening need not read the segment.
///
///      0 magic u32 | 4 CRC-32C of all that follows | 8 first index u64 | 16 salt u64 | 24 count u64 | 32 records:
///     term u64, chain u64, offset / 8 u32, payload length u32, payload CRC-32C u32, kind u8, three zero bytes
enum Sidecar {
    static let magic: UInt32 = 0x4846_7831
    static let headerSize = 32

    static func encode(header: SegmentHeader, records: [EntryRecord]) -> ByteSlice {
        var writer = ByteWriter(capacity: headerSize + records.count * EntryRecord.size)
        writer.uint32(magic)
        writer.uint32(0)
        writer.uint64(header.first)
        writer.uint64(header.salt)
        writer.uint64(UInt64(records.count))
        for record in records { record.encode(into: &writer) }
        writer.patch(writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }, at: 4)
        return writer.finish()
    }

    /// The records, if this is the intact sidecar of the segment with `header`.
    static func decode(_ slice: ByteSlice, header: SegmentHeader) -> [EntryRecord]? {
        guard slice.count >= headerSize, slice.uint32(at: 0) == magic,
            slice.uint32(at: 4) == CRC32C.checksum(slice.dropFirst(8)),
            slice.uint64(at: 8) == header.first, slice.uint64(at: 16) == header.salt,
            slice.uint64(at: 24) == UInt64((slice.count - headerSize) / EntryRecord.size)
        else { return nil }
        var reader = ByteReader(slice.dropFirst(headerSize))
        var records: [EntryRecord] = []
        records.reserveCapacity(slice.count / EntryRecord.size)
        do {
            while !reader.isAtEnd { records.append(try EntryRecord(from: &reader)) }
        } catch {
            return nil
        }
        return records
    }

    /// Reads the sidecar of the segment with `header`; nil unless it is intact, ends with entry `last` and chain value
    /// `chain`, and every entry lies within `size`.
    static func read(
        _ disk: any Disk, directory: String, header: SegmentHeader, last: UInt64, chain: UInt64, size: UInt64
    ) throws(DiskFailure) -> [EntryRecord]? {
        let file = try disk.open(directory + "/" + FileNames.sidecar(header.first), .readOnly)
        defer { disk.close(file) }
        let bytes = try disk.read(file, offset: 0, count: Int(try disk.size(file)))
        guard let records = decode(bytes, header: header), let final = records.last,
            header.first + UInt64(records.count) - 1 == last, final.chain == chain,
            final.slot.headerOffset + EntryHeader.span(payloadLength: Int(final.payloadLength)) <= size
        else { return nil }
        return records
    }

    /// Scans a sealed segment and writes its sidecar, unless it is damaged: then the answer is the first damage.
    ///
    /// Headers only: reading back what was just written would find it in the page cache, as it was in memory.
    static func build(
        _ disk: any Disk, directory: String, header: SegmentHeader, last: UInt64, state: LogState
    ) throws(DiskFailure) -> DamagedRange? {
        let file = try disk.open(directory + "/" + FileNames.segment(header.first), .readOnly)
        defer { disk.close(file) }
        var scanner = try SegmentScanner(
            disk, file, header: header, chainBefore: header.previousChain, state: state, limit: last, mark: last,
            verifiesPayloads: false)
        let scan = try scanner.run()
        if let damage = scan.damage.first { return damage }
        let path = directory + "/" + FileNames.sidecar(header.first)
        try disk.replace(path, with: [encode(header: header, records: scan.records)], directory: directory)
        return nil
    }
}

extension Disk {
    /// Writes a whole file durably under a temporary name and then gives it its own.
    package func replace(_ path: String, with pieces: [ByteSlice], directory: String) throws(DiskFailure) {
        let temporary = path + FileNames.temporarySuffix
        let file = try createAnew(temporary)
        do {
            try write(file, offset: 0, pieces)
            try sync(file)
        } catch {
            close(file)
            throw error
        }
        close(file)
        try rename(temporary, to: path)
        try syncDirectory(directory)
    }
}
