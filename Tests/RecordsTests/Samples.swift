import Bytes
import Records

/// A batch of `count` records with every kind of field: null, empty, headers, negative timestamp deltas.
func sampleBatch(count: Int = 3, producerId: Int64 = -1, producerEpoch: Int16 = -1, baseSequence: Int32 = -1)
    -> ByteSlice
{
    var builder = RecordBatchBuilder(
        producerId: producerId, producerEpoch: producerEpoch, baseSequence: baseSequence)
    for number in 0..<count {
        builder.append(
            key: number % 3 == 0 ? nil : ByteSlice(utf8: "k\(number)"),
            value: number % 4 == 3 ? ByteSlice.empty : ByteSlice(utf8: "value \(number)"),
            headers: number % 2 == 0
                ? [] : [RecordHeader(name: "h", value: nil), RecordHeader(name: "é", value: .empty)],
            timestamp: 1_000 - Int64(number % 2) * 300)
    }
    return builder.finish()
}

/// `batch` with one field replaced, and the checksum computed again unless the field is outside it.
func patched<Integer: FixedWidthInteger>(
    _ batch: ByteSlice, _ value: Integer, at position: Int, fixingChecksum: Bool = true
) -> ByteSlice {
    var writer = ByteWriter(capacity: batch.count)
    writer.bytes(batch)
    writer.patch(value, at: position)
    if fixingChecksum {
        let sum = writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[21...])) }
        writer.patch(sum, at: 17)
    }
    return writer.finish()
}

func failure<Value>(_ body: () throws(RecordError) -> Value) -> RecordError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
