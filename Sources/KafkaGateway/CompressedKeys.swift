import Broker
import Bytes
import Compression
import Records

/// Compressed records of compacted topics must have keys, as all others there; what cannot be read has none. The loop
/// stands still while they are looked at, so one request may have so much of them only.
struct CompressedKeys {
    /// Of one batch, decompressed.
    private static let maximumBatch = 16 << 20
    /// Of one request.
    private static let maximumRequest = 64 << 20

    /// What the request may still have.
    private var left = Self.maximumRequest

    /// Why the field may not be taken; nil if it may, as far as its compressed batches go. What is too large for the
    /// topic as it is (`maximumBytes`) is not looked at: admission refuses it.
    mutating func refusal(of field: ByteSlice, maximumBytes: Int) -> BrokerError? {
        var rest = field
        do {
            while !rest.isEmpty {
                let header = try RecordBatch.validateFirst(rest)
                if header.totalLength > maximumBytes { return nil }
                let unkeyed = try positionsWithoutKey(rest, header)
                if !unkeyed.isEmpty { return .keyMissing(at: unkeyed) }
                rest = rest.dropFirst(header.totalLength)
            }
            return nil
        } catch let error as RecordError {
            return .invalidBatch(error)
        } catch CompressionError.tooLarge(let limit) {
            // What is left for another request will be taken then.
            return limit < Self.maximumBatch ? .entryFull : .messageTooLarge(size: limit + 1, limit: limit)
        } catch {
            return .unreadableRecords
        }
    }

    private mutating func positionsWithoutKey(_ batch: ByteSlice, _ header: RecordBatchHeader) throws -> [Int32] {
        guard let codec = header.codec, codec != .none else { return [] }
        let size = RecordBatchHeader.size
        let limit = min(Self.maximumBatch, left)
        // It was work, too, if nothing comes of it.
        left -= limit
        let body = try Compression.decompress(batch.slice(size, header.totalLength - size), codec, limit: limit)
        left += limit - body.count
        var records = RecordIterator(header: header, body: body, skipsHeaders: true)
        return try records.positionsWithoutKey()
    }
}
