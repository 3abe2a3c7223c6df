import Bytes
import KafkaWire
import Records

/// One fetch's records of one partition: values in order, each checked against the one before.
enum FetchedValues {
    /// The values from `position` on. Throws what a consumer must never see.
    static func decode(
        _ partition: FetchResponse.Partition, from position: Int64
    ) throws -> [(offset: Int64, value: History.Value)] {
        guard case .inline(let bytes) = partition.records, !bytes.isEmpty else { return [] }
        var values: [(offset: Int64, value: History.Value)] = []
        var next = position
        for batch in try RecordBatch.split(bytes) {
            for record in try RecordBatch.allRecords(of: batch) where record.offset >= position {
                guard record.offset == next else { throw ClientFault("skipped from \(next) to \(record.offset)") }
                guard let value = record.value, value.count >= 8 else {
                    throw ClientFault("phantom: no value of ours at \(record.offset)")
                }
                values.append((record.offset, History.Value(value.uint64(at: 0))))
                next += 1
            }
        }
        guard next <= partition.highWatermark else {
            throw ClientFault("offset \(next - 1) was given out above the high watermark \(partition.highWatermark)")
        }
        return values
    }
}

extension FetchRequest {
    static func of(
        _ stream: Stream, _ positions: [Int64], maximumBytes: Int32, maxWaitMs: Int32
    ) -> FetchRequest {
        var request = FetchRequest(maxWaitMs: maxWaitMs, minBytes: 1, maxBytes: maximumBytes)
        let partitions = positions.enumerated().map { number, offset in
            FetchRequest.Partition(index: Int32(number), fetchOffset: offset, maxBytes: maximumBytes)
        }
        request.append(topic: ByteSlice(utf8: stream.name), partitions: partitions)
        return request
    }
}
