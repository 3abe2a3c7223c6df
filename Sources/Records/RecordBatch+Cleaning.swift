import Bytes

/// What is left of stored batches when records are removed from them. Offsets and timestamps of records are differences
/// to the header's, which stay, so their bytes do, too.
extension RecordBatch {
    /// The batch with another body, which is compressed with `codec` and holds `recordCount` of its records.
    package static func changing(
        _ batch: ByteSlice, body: ByteSlice, _ codec: CompressionCodec, recordCount: Int32, maxTimestamp: Int64
    ) -> ByteSlice {
        var writer = ByteWriter(capacity: RecordBatchHeader.size + body.count)
        writer.bytes(batch.slice(0, RecordBatchHeader.size))
        writer.bytes(body)
        writer.patch(batch.int16(at: 21) & ~7 | Int16(codec.rawValue), at: 21)
        return finish(&writer, recordCount: recordCount, maxTimestamp: maxTimestamp)
    }

    /// The batch without its records: it tells that there are none at its offsets. Readers get on by it.
    package static func emptied(_ batch: ByteSlice) -> ByteSlice {
        var writer = ByteWriter(capacity: RecordBatchHeader.size)
        writer.bytes(batch.slice(0, RecordBatchHeader.size))
        // Not compressed, part of no transaction, no marker: nothing is to be made of it.
        writer.patch(batch.int16(at: 21) & logAppendTimeBit, at: 21)
        return finish(&writer, recordCount: 0, maxTimestamp: -1)
    }

    private static func finish(_ writer: inout ByteWriter, recordCount: Int32, maxTimestamp: Int64) -> ByteSlice {
        writer.patch(Int32(writer.count - RecordBatchHeader.lengthOverhead), at: 8)
        writer.patch(maxTimestamp, at: 35)
        writer.patch(recordCount, at: 57)
        let from = RecordBatchHeader.checksummedFrom
        let sum = writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[from...])) }
        writer.patch(sum, at: 17)
        return writer.finish()
    }
}
