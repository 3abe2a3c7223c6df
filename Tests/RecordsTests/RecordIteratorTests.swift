import Bytes
import Records
import Testing

struct RecordIteratorTests {
    @Test func randomRecordsRoundTrip() throws {
        var random = SplitMix64(seed: 1)
        for _ in 0..<200 {
            var builder = RecordBatchBuilder()
            var expected: [Record] = []
            for number in 0...random.below(20) {
                let record = Record(
                    offset: Int64(number),
                    timestamp: Int64(truncatingIfNeeded: random.next() >> UInt64(random.below(64))),
                    key: randomField(&random), value: randomField(&random),
                    headers: (0..<random.below(3)).map { _ in
                        RecordHeader(
                            name: String(repeating: "é", count: random.below(80)),
                            value: randomField(&random))
                    })
                // The format keeps timestamps as differences of 64 bits; two that far apart do not fit.
                let fits = !record.timestamp.subtractingReportingOverflow(expected.first?.timestamp ?? record.timestamp)
                    .overflow
                if !fits { continue }
                var taken = record
                taken.offset = Int64(expected.count)
                builder.append(
                    key: taken.key, value: taken.value, headers: taken.headers, timestamp: taken.timestamp)
                expected.append(taken)
            }
            let size = builder.byteCount
            let batch = builder.finish()
            #expect(batch.count == size)
            let header = try RecordBatch.validate(batch)
            #expect(header.maxTimestamp == expected.map(\.timestamp).max())
            #expect(try RecordBatch.allRecords(of: batch) == expected)
        }
    }

    /// Whatever the bytes of the body: records or an error, never a trap, never more records than announced.
    @Test func damagedBodiesNeverTrap() throws {
        let batch = sampleBatch(count: 4)
        var random = SplitMix64(seed: 2)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = batch.array
            for _ in 0...random.below(3) {
                let position = RecordBatchHeader.size + random.below(bytes.count - RecordBatchHeader.size)
                bytes[position] = UInt8(truncatingIfNeeded: random.next())
            }
            do {
                let count = try RecordBatch.allRecords(of: ByteSlice(bytes)).count
                #expect(count == 4)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 5_000)
    }

    @Test func lengthsFromOutsideNeverTrap() {
        let header = sampleBatch(count: 1)
        for length in [Int64.min, -2, -1, 0, Int64(Int32.max), Int64(Int32.max) + 1, Int64(UInt32.max), .max] {
            for field in 0..<5 {
                var body = ByteWriter()
                if field == 0 { body.varint(length) }
                var record = ByteWriter()
                record.int8(0)
                record.varint(0)
                record.varint(0)
                for part in 1...3 { record.varint(part == field ? length : part == 3 ? 1 : -1) }
                record.varint(field == 4 ? length : 0)
                record.varint(-1)
                let bytes = record.finish()
                if field != 0 { body.varint(Int64(bytes.count)) }
                body.bytes(bytes)
                var whole = ByteWriter()
                whole.bytes(header.slice(0, RecordBatchHeader.size))
                whole.bytes(body.finish())
                whole.patch(Int32(whole.count - 12), at: 8)
                let batch = whole.finish()
                let isLegal = (field == 1 || field == 2) && length == -1 || field == 4 && length == 0
                let isEmptyValue = (field == 1 || field == 2) && length == 0
                let error = failure { () throws(RecordError) in try RecordBatch.allRecords(of: batch) }
                #expect((error == nil) == (isLegal || isEmptyValue), "field \(field), length \(length)")
            }
        }
    }

    @Test func offsetsMustAscendInsideTheBatch() throws {
        // Two records whose offset deltas are 0 and 0, then 0 and 5.
        for delta: UInt8 in [0, 10] {
            var builder = RecordBatchBuilder()
            builder.append(key: nil, value: nil, timestamp: 0)
            builder.append(key: nil, value: nil, timestamp: 0)
            var bytes = builder.finish().array
            #expect(bytes.count == 61 + 14)
            bytes[61 + 7 + 3] = delta
            let batch = ByteSlice(bytes)
            #expect(
                failure { () throws(RecordError) in try RecordBatch.allRecords(of: batch) }
                    == .recordOutOfRange(index: 1))
        }
    }

    private func randomField(_ random: inout SplitMix64) -> ByteSlice? {
        switch random.below(4) {
        case 0: nil
        case 1: .empty
        case 2: ByteSlice((0..<random.below(10)).map { UInt8($0) })
        default: ByteSlice((0..<random.below(300)).map { UInt8(truncatingIfNeeded: $0) })
        }
    }
}
