import Bytes

/// Batches that will be one row of a replacement. The last one ends with the row.
struct RewrittenRow: Sendable {
    /// As a partition's neighbours in an entry share a row.
    static let maximumBytes = 128 << 10

    var pieces: [ByteSlice]
    var byteCount: Int
    var nextOffset: Int64
    var maxTimestamp: Int64

    /// Takes the next row in, if both are small.
    mutating func join(_ next: RewrittenRow) -> Bool {
        guard byteCount + next.byteCount <= Self.maximumBytes else { return false }
        pieces += next.pieces
        byteCount += next.byteCount
        nextOffset = next.nextOffset
        maxTimestamp = max(maxTimestamp, next.maxTimestamp)
        return true
    }
}

extension [RewrittenRow] {
    /// As part of the last row, if both are small.
    mutating func add(_ row: RewrittenRow) {
        if isEmpty || !self[count - 1].join(row) { append(row) }
    }
}
