import Bytes
import Records
import Testing

struct ValidationTests {
    @Test func wholeBatchIsAccepted() throws {
        let batch = sampleBatch(count: 5, producerId: 7, producerEpoch: 2, baseSequence: 40)
        let header = try RecordBatch.validate(batch)
        #expect(header.totalLength == batch.count)
        #expect(header.recordCount == 5)
        #expect(header.lastOffsetDelta == 4)
        #expect(header.producerId == 7)
        #expect(header.producerEpoch == 2)
        #expect(header.baseSequence == 40)
        #expect(header.baseTimestamp == 1_000)
        #expect(header.maxTimestamp == 1_000)
        #expect(header.codec == CompressionCodec.none)
        #expect(header.hasProducer && !header.isControl && !header.isTransactional && !header.usesLogAppendTime)
    }

    /// Written out by hand from the format's description, so that builder and parser cannot share a mistake.
    @Test func handWrittenBatch() throws {
        let bytes: [UInt8] = [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 58, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 100, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 16, 0, 0, 0, 2, 107, 2, 118, 0,
        ]
        let batch = patched(ByteSlice(bytes), Int32(-1), at: 12)
        #expect(batch.count == 70)
        #expect(try RecordBatch.validate(batch).batchLength == 58)
        let records = try RecordBatch.allRecords(of: batch)
        let expected = Record(
            offset: 0, timestamp: 100, key: ByteSlice(utf8: "k"), value: ByteSlice(utf8: "v"), headers: [])
        #expect(records == [expected])
        var builder = RecordBatchBuilder()
        builder.append(key: ByteSlice(utf8: "k"), value: ByteSlice(utf8: "v"), timestamp: 100)
        #expect(builder.finish() == batch)
    }

    @Test func everyTruncationIsRefused() {
        let batch = sampleBatch()
        for count in 0..<batch.count {
            #expect(failure { () throws(RecordError) in try RecordBatch.validate(batch.slice(0, count)) } != nil)
        }
        var writer = ByteWriter()
        writer.bytes(batch)
        writer.uint8(0)
        let longer = writer.finish()
        #expect(failure { () throws(RecordError) in try RecordBatch.validate(longer) } == .trailing(1))
    }

    /// Base offset and leader epoch are the broker's to write; a flip anywhere else is caught.
    @Test func everyFlippedBitIsRefusedOrOutsideTheChecksum() throws {
        let batch = sampleBatch()
        for bit in 0..<batch.count * 8 {
            var bytes = batch.array
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let flipped = ByteSlice(bytes)
            let isFree = bit / 8 < 8 || (12..<16).contains(bit / 8)
            let error = failure { () throws(RecordError) in try RecordBatch.validate(flipped) }
            #expect((error == nil) == isFree, "bit \(bit)")
        }
    }

    @Test func fieldsThatAreRefusedThoughTheChecksumHolds() {
        let batch = sampleBatch(count: 3)
        let cases: [(ByteSlice, RecordError)] = [
            (patched(batch, Int8(1), at: 16), .unsupportedMagic(1)),
            (patched(batch, Int32(48), at: 8), .badLength(48)),
            (patched(batch, Int32.min, at: 8), .badLength(.min)),
            (patched(batch, Int32.max, at: 8), .truncated(needed: Int(Int32.max) + 12, available: batch.count)),
            (patched(batch, Int16(5), at: 21), .unknownCodec(5)),
            (patched(batch, Int16(7), at: 21), .unknownCodec(7)),
            (patched(batch, Int16(1 << 5), at: 21), .controlBatch),
            (patched(batch, Int32(3), at: 23), .badRecordCount(3, lastOffsetDelta: 3)),
            (patched(batch, Int32(-1), at: 57), .badRecordCount(-1, lastOffsetDelta: 2)),
            (patched(batch, Int32.min, at: 57), .badRecordCount(.min, lastOffsetDelta: 2)),
            (patched(batch, Int64(9), at: 43), .badProducer(epoch: -1, sequence: -1)),
            (
                patched(patched(batch, Int32(999), at: 57), Int32(998), at: 23),
                .crowded(recordCount: 999, bodyBytes: 54)
            ),
        ]
        for (bytes, expected) in cases {
            #expect(failure { () throws(RecordError) in try RecordBatch.validate(bytes) } == expected)
        }
        let wrong = patched(batch, batch.load(17, as: UInt32.self) ^ 1, at: 17, fixingChecksum: false)
        let stored = wrong.load(17, as: UInt32.self)
        #expect(
            failure { () throws(RecordError) in try RecordBatch.validate(wrong) }
                == .badChecksum(stored: stored, computed: stored ^ 1))
    }

    /// A compressed body is opaque: any record count goes, and reading it needs the caller to decompress.
    @Test func compressedBatchIsOpaque() throws {
        let batch = patched(
            patched(patched(sampleBatch(), Int16(4), at: 21), Int32(9_999), at: 57), Int32(9_998), at: 23)
        #expect(try RecordBatch.validate(batch).codec == .zstd)
        #expect(failure { () throws(RecordError) in try RecordBatch.allRecords(of: batch) } == .compressed(.zstd))
    }

    @Test func splitTakesSeveralBatches() throws {
        let batches = (1...4).map { sampleBatch(count: $0) }
        var writer = ByteWriter()
        for batch in batches { writer.bytes(batch) }
        let field = writer.finish()
        #expect(try RecordBatch.split(field) == batches)
        #expect(failure { () throws(RecordError) in try RecordBatch.split(field.slice(0, field.count - 1)) } != nil)
        #expect(
            failure { () throws(RecordError) in try RecordBatch.split(.empty) } == .truncated(needed: 61, available: 0))
    }
}
