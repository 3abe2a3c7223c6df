import Broker
import Bytes
import Records

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

    /// Cuts stored batches into rows as they are, without those that end before `start` or begin at `limit` or later.
    static func rows(
        of bytes: ByteSlice, from start: Int64, before limit: Int64
    ) throws(RecordError) -> [RewrittenRow] {
        var rows: [RewrittenRow] = []
        var rest = bytes
        while !rest.isEmpty {
            let header = try RecordBatch.framedHeader(rest)
            let row = RewrittenRow(
                pieces: [rest.slice(0, header.totalLength)], byteCount: header.totalLength,
                nextOffset: header.lastOffset + 1, maxTimestamp: header.maxTimestamp)
            rest = rest.dropFirst(header.totalLength)
            if header.lastOffset < start || header.baseOffset >= limit { continue }
            if rows.isEmpty || !rows[rows.count - 1].join(row) { rows.append(row) }
        }
        return rows
    }
}
