import Bytes

/// The bytes of a segment's index, big-endian:
///
///      0 magic u32 | 4 CRC-32C of bytes 8 up to the end of the directory | 8 version u32 | 12 partitions u32
///     16 first entry u64 | 24 last entry u64 | 32 chain checksum of the last entry u64
///     40 directory, 32 per partition, more where rows replaced others, in order of topic and partition, then of the
///        entries they begin with: topic u32, partition u32, first row u32,
///        row count u32, offset after the last row i64, CRC-32C of its rows u32, zero u32
///     rows, 32 each: log index u64, base offset i64, max timestamp i64, position u32, length u32
package enum SegmentRowsFile {
    /// Where a partition's rows lie in the file.
    package struct Extent: Equatable, Sendable {
        package let offset: UInt64
        package let byteCount: Int
        let checksum: UInt32
        let endOffset: Int64
    }

    static let magic: UInt32 = 0x4846_7231
    static let version: UInt32 = 1
    package static let headerSize = 40
    static let slotSize = 32
    static let rowSize = 32

    package static func encode(_ segment: SegmentRows) -> [ByteSlice] {
        let slices = segment.sorted
        var head = ByteWriter(capacity: headerSize + slices.count * slotSize)
        head.uint32(magic)
        head.uint32(0)
        head.uint32(version)
        head.uint32(UInt32(slices.count))
        head.uint64(segment.first)
        head.uint64(segment.last)
        head.uint64(segment.chain)
        var body = SnapshotWriter(hasIndex: true)
        var firstRow: UInt32 = 0
        for slice in slices {
            let rows = encode(slice.rows.index)
            head.uint32(slice.key.topic)
            head.uint32(slice.key.partition)
            head.uint32(firstRow)
            head.uint32(UInt32(slice.rows.index.itemCount))
            head.int64(slice.rows.endOffset)
            head.uint32(CRC32C.checksum(rows))
            head.uint32(0)
            body.writer.bytes(rows)
            body.breakIfFull()
            firstRow += UInt32(slice.rows.index.itemCount)
        }
        head.patch(head.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }, at: 4)
        return [head.finish()] + body.finish()
    }

    private static func encode(_ index: PartitionIndex) -> ByteSlice {
        var writer = ByteWriter(capacity: index.itemCount * rowSize)
        for chunk in index.chunks {
            for row in chunk.items {
                writer.uint64(row.index)
                writer.int64(row.baseOffset)
                writer.int64(row.maxTimestamp)
                writer.uint32(row.position)
                writer.uint32(row.length)
            }
        }
        return writer.finish()
    }

    /// Bytes of header and directory, from the file's first `headerSize` bytes; nil unless they can be those of the
    /// index of this segment.
    package static func headLength(_ header: ByteSlice, first: UInt64, last: UInt64, chain: UInt64) -> Int? {
        guard header.count >= headerSize, header.uint32(at: 0) == magic, header.uint32(at: 8) == version,
            header.uint64(at: 16) == first, header.uint64(at: 24) == last, header.uint64(at: 32) == chain
        else { return nil }
        return headerSize + Int(header.uint32(at: 12)) * slotSize
    }

    /// Whether header and directory are as they were written.
    package static func isIntact(head: ByteSlice) -> Bool {
        head.count >= headerSize && (head.count - headerSize) % slotSize == 0
            && CRC32C.checksum(head.dropFirst(8)) == head.uint32(at: 4)
    }

    /// The partitions in an intact head.
    package static func extents(head: ByteSlice) -> [(key: PartitionKey, extent: Extent)] {
        (0..<(head.count - headerSize) / slotSize).map { (key(head, slot: $0), extent(head, slot: $0)) }
    }

    /// Where the rows of a partition are, by an intact head.
    package static func extents(of key: PartitionKey, head: ByteSlice) -> [Extent] {
        var low = 0
        var high = (head.count - headerSize) / slotSize
        let end = high
        while low < high {
            let middle = (low + high) / 2
            if self.key(head, slot: middle) < key { low = middle + 1 } else { high = middle }
        }
        return (low..<end).prefix { self.key(head, slot: $0) == key }.map { extent(head, slot: $0) }
    }

    private static func key(_ head: ByteSlice, slot: Int) -> PartitionKey {
        let start = headerSize + slot * slotSize
        return PartitionKey(topic: head.uint32(at: start), partition: head.uint32(at: start + 4))
    }

    private static func extent(_ head: ByteSlice, slot: Int) -> Extent {
        let start = headerSize + slot * slotSize
        return Extent(
            offset: UInt64(head.count) + UInt64(head.uint32(at: start + 8)) * UInt64(rowSize),
            byteCount: Int(head.uint32(at: start + 12)) * rowSize, checksum: head.uint32(at: start + 24),
            endOffset: head.int64(at: start + 16))
    }

    /// The rows at `extent`; nil unless they are as they were written.
    package static func rows(_ bytes: ByteSlice, at extent: Extent) -> PartitionRows? {
        guard bytes.count == extent.byteCount, CRC32C.checksum(bytes) == extent.checksum else { return nil }
        var rows = PartitionRows()
        var last: PartitionIndex.Item?
        for start in stride(from: 0, to: bytes.count, by: rowSize) {
            let row = PartitionIndex.Item(
                index: bytes.uint64(at: start), baseOffset: bytes.int64(at: start + 8),
                maxTimestamp: bytes.int64(at: start + 16), position: bytes.uint32(at: start + 24),
                length: bytes.uint32(at: start + 28))
            if let last, last.baseOffset >= row.baseOffset || last.index > row.index { return nil }
            rows.index.restore(row)
            last = row
        }
        if let last, last.baseOffset >= extent.endOffset { return nil }
        rows.endOffset = extent.endOffset
        return rows
    }
}
