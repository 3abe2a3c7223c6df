import Bytes
import Records
import Testing

struct RewriteTests {
    @Test func offsetAndEpochLieOutsideTheChecksum() throws {
        let batch = sampleBatch(count: 2)
        let before = batch.array
        RecordBatch.assign(baseOffset: 0x0102_0304_0506_0708, leaderEpoch: 9, in: batch)
        let header = try RecordBatch.validate(batch)
        #expect(header.baseOffset == 0x0102_0304_0506_0708)
        #expect(header.partitionLeaderEpoch == 9)
        #expect(Array(batch.array[16...]) == Array(before[16...]))
        #expect(try RecordBatch.allRecords(of: batch).map(\.offset) == [0x0102_0304_0506_0708, 0x0102_0304_0506_0709])
    }

    /// Only the slice is written, not its neighbours in the receive buffer.
    @Test func rewritingStaysInsideTheSlice() throws {
        var writer = ByteWriter()
        writer.zeros(5)
        writer.bytes(sampleBatch())
        writer.zeros(5)
        let buffer = writer.finish()
        let batch = buffer.slice(5, buffer.count - 10)
        RecordBatch.assign(baseOffset: -1, leaderEpoch: -1, in: batch)
        RecordBatch.stampAppendTime(-1, in: batch)
        #expect(buffer.array.prefix(5) == [0, 0, 0, 0, 0])
        #expect(buffer.array.suffix(5) == [0, 0, 0, 0, 0])
        #expect(try RecordBatch.validate(batch).baseOffset == -1)
    }

    @Test func appendTimeStandsForEveryRecord() throws {
        let batch = sampleBatch(count: 3)
        let original = batch.array
        RecordBatch.stampAppendTime(77_000, in: batch)
        let header = try RecordBatch.validate(batch)
        #expect(header.usesLogAppendTime)
        #expect(header.maxTimestamp == 77_000)
        #expect(try RecordBatch.allRecords(of: batch).map(\.timestamp) == [77_000, 77_000, 77_000])
        RecordBatch.clearAppendTime(in: batch)
        #expect(try !RecordBatch.validate(batch).usesLogAppendTime)
        #expect(try RecordBatch.allRecords(of: batch).map(\.timestamp) == [1_000, 700, 1_000])
        #expect(Array(batch.array[43...]) == Array(original[43...]))
    }
}
