import Bytes

/// Operations on the bytes of record batches, message format 2. A batch stays the bytes that the producer sent: it is
/// checked, given its offset in place, stored, and fetched as it is.
package enum RecordBatch {
    package static let logAppendTimeBit: Int16 = 1 << 3
    package static let transactionalBit: Int16 = 1 << 4
    package static let controlBit: Int16 = 1 << 5
    /// Length, attributes, two deltas, key length, value length, header count: one byte each at least.
    static let minimumRecordSize = 7

    /// Checks that `slice` is exactly one batch a client may produce, and answers its header.
    package static func validate(_ slice: ByteSlice) throws(RecordError) -> RecordBatchHeader {
        let header = try validateFirst(slice)
        if header.totalLength != slice.count { throw .trailing(slice.count - header.totalLength) }
        return header
    }

    /// Checks the batch that `slice` starts with. Records are not walked (that is `records(of:)`): lengths, checksum,
    /// counts and flags are what the broker itself relies on.
    package static func validateFirst(_ slice: ByteSlice) throws(RecordError) -> RecordBatchHeader {
        let header = try framedHeader(slice)
        if header.recordCount < 1 || header.lastOffsetDelta != header.recordCount - 1 {
            throw .badRecordCount(header.recordCount, lastOffsetDelta: header.lastOffsetDelta)
        }
        guard let codec = header.codec else { throw .unknownCodec(UInt8(truncatingIfNeeded: header.attributes & 7)) }
        if header.isControl { throw .controlBatch }
        if header.hasProducer && (header.producerEpoch < 0 || header.baseSequence < 0) {
            throw .badProducer(epoch: header.producerEpoch, sequence: header.baseSequence)
        }
        let bodyBytes = header.totalLength - RecordBatchHeader.size
        if codec == .none && Int(header.recordCount) > bodyBytes / minimumRecordSize {
            throw .crowded(recordCount: header.recordCount, bodyBytes: bodyBytes)
        }
        let computed = checksum(of: slice, header)
        if computed != header.crc { throw .badChecksum(stored: header.crc, computed: computed) }
        return header
    }

    /// Checks a batch as it is stored: of a compacted one records are missing, all of them perhaps.
    package static func validateStored(_ slice: ByteSlice) throws(RecordError) {
        let header = try framedHeader(slice)
        if header.recordCount < 0 || header.recordCount - 1 > header.lastOffsetDelta || header.lastOffsetDelta < 0 {
            throw .badRecordCount(header.recordCount, lastOffsetDelta: header.lastOffsetDelta)
        }
        let computed = checksum(of: slice, header)
        if computed != header.crc { throw .badChecksum(stored: header.crc, computed: computed) }
    }

    /// The batches laid end to end in a produce field, each checked as `validate` does. At least one.
    package static func split(_ field: ByteSlice) throws(RecordError) -> [ByteSlice] {
        var batches: [ByteSlice] = []
        var rest = field
        repeat {
            let length = try validateFirst(rest).totalLength
            batches.append(rest.slice(0, length))
            rest = rest.dropFirst(length)
        } while !rest.isEmpty
        return batches
    }

    /// The header of the batch that `slice` starts with, after checking that the whole batch is there.
    package static func framedHeader(_ slice: ByteSlice) throws(RecordError) -> RecordBatchHeader {
        let header = try RecordBatchHeader(slice)
        if header.magic != 2 { throw .unsupportedMagic(header.magic) }
        if header.totalLength < RecordBatchHeader.size { throw .badLength(header.batchLength) }
        if header.totalLength > slice.count { throw .truncated(needed: header.totalLength, available: slice.count) }
        return header
    }

    static func checksum(of slice: ByteSlice, _ header: RecordBatchHeader) -> UInt32 {
        let from = RecordBatchHeader.checksummedFrom
        return CRC32C.checksum(slice.slice(from, header.totalLength - from))
    }

    /// Whole batches out of `stored` (batches of one partition end to end) for a fetch from `offset`: starts at the
    /// batch that holds `offset`, ends before `maximumBytes` is passed, but holds at least one batch if one is left.
    package static func window(
        of stored: ByteSlice, from offset: Int64, maximumBytes: Int
    ) throws(RecordError) -> ByteSlice {
        var start = 0
        while start < stored.count {
            let header = try framedHeader(stored.dropFirst(start))
            if header.lastOffset >= offset { break }
            start += header.totalLength
        }
        var end = start
        while end < stored.count {
            let length = try framedHeader(stored.dropFirst(end)).totalLength
            if end > start && end - start > maximumBytes - length { break }
            end += length
        }
        return stored.slice(start, end - start)
    }
}
