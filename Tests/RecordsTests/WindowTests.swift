import Bytes
import Records
import Testing

struct WindowTests {
    /// Batches with offsets 0-0, 1-2, 3-5, 6-9 laid end to end, and the same as a list.
    private func stored() -> (ByteSlice, [ByteSlice]) {
        var batches: [ByteSlice] = []
        var offset: Int64 = 0
        var writer = ByteWriter()
        for count in 1...4 {
            let batch = sampleBatch(count: count)
            RecordBatch.assign(baseOffset: offset, leaderEpoch: 1, in: batch)
            offset += Int64(count)
            batches.append(batch)
            writer.bytes(batch)
        }
        return (writer.finish(), batches)
    }

    @Test func everyOffsetAndSizeAgainstAList() throws {
        let (bytes, batches) = stored()
        for offset in Int64(0)...10 {
            for maximum in [0, 1, 80, 150, 200, 300, 10_000] {
                var expected: [ByteSlice] = []
                var total = 0
                for batch in batches where try RecordBatchHeader(batch).lastOffset >= offset {
                    if !expected.isEmpty && total + batch.count > maximum { break }
                    total += batch.count
                    expected.append(batch)
                }
                let window = try RecordBatch.window(of: bytes, from: offset, maximumBytes: maximum)
                let actual = window.isEmpty ? [] : try RecordBatch.split(window)
                #expect(actual == expected, "offset \(offset), \(maximum) bytes")
            }
        }
    }

    @Test func damagedBytesThrow() {
        let (bytes, _) = stored()
        #expect(
            failure { () throws(RecordError) in
                try RecordBatch.window(of: bytes.slice(0, bytes.count - 1), from: 9, maximumBytes: 9_999)
            } != nil)
    }
}
