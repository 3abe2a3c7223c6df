import Bytes
import Records

/// Finds a record by its timestamp.
enum RecordSearch {
    /// The first record in `batches` (whole batches end to end) whose timestamp is at least `timestamp`; nil if there
    /// is none. Where a batch's records cannot be read, because they are compressed or not in the usual form, the
    /// answer is its base offset with the batch's largest timestamp: a consumer that starts there misses nothing.
    static func first(reaching timestamp: Int64, in batches: ByteSlice) -> (offset: Int64, timestamp: Int64)? {
        var rest = batches
        while !rest.isEmpty {
            guard let header = frame(of: rest) else { return nil }
            if header.maxTimestamp >= timestamp {
                return record(reaching: timestamp, in: rest) ?? (header.baseOffset, header.maxTimestamp)
            }
            rest = rest.dropFirst(header.totalLength)
        }
        return nil
    }

    private static func frame(of batch: ByteSlice) -> RecordBatchHeader? {
        do {
            return try RecordBatch.framedHeader(batch)
        } catch {
            return nil
        }
    }

    private static func record(reaching timestamp: Int64, in batch: ByteSlice) -> (offset: Int64, timestamp: Int64)? {
        do {
            var records = try RecordBatch.records(of: batch)
            while let record = try records.next() {
                if record.timestamp >= timestamp { return (record.offset, record.timestamp) }
            }
            return nil
        } catch {
            return nil
        }
    }
}
