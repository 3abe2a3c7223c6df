import Broker
import Bytes

/// A replacement while it is put together: parts of several partitions, one of each.
struct ReplacementStep {
    /// The part that is being added to.
    struct OpenPart {
        let key: PartitionKey
        let generation: UInt64
        let baseOffset: Int64
        var nextOffset: Int64
        var storedIndex: UInt64 = 0
        var rows: [RewrittenRow] = []
        var byteCount = 0

        init(key: PartitionKey, generation: UInt64, baseOffset: Int64) {
            self.key = key
            self.generation = generation
            self.baseOffset = baseOffset
            nextOffset = baseOffset
        }

        /// Long enough for a part, whatever bytes it has: the offsets that a row spans are counted in 32 bits.
        var isWide: Bool { nextOffset - baseOffset >= RangeReader.maximumSpan }
        var isTooWide: Bool { nextOffset - baseOffset > 3 * RangeReader.maximumSpan }

        mutating func append(_ row: RewrittenRow) {
            byteCount += row.byteCount
            rows.add(row)
        }
    }

    private static let maximumParts = 1_000

    private(set) var parts: [Replacement.Part] = []
    private var rows: [ProduceItem] = []
    private var batches: [ByteSlice] = []
    private(set) var byteCount = 0

    var isEmpty: Bool { parts.isEmpty }
    var isFull: Bool { parts.count >= Self.maximumParts }

    /// `part` has at least one row, and the last one ends where it ends.
    mutating func close(_ part: OpenPart, by purpose: Replacement.Purpose = .move) {
        precondition(
            part.rows.last?.nextOffset == part.nextOffset, "ReplacementStep: \(part.key) to \(part.nextOffset)")
        parts.append(
            Replacement.Part(
                key: part.key, generation: part.generation, baseOffset: part.baseOffset, nextOffset: part.nextOffset,
                rowCount: UInt32(part.rows.count), storedIndex: part.storedIndex, purpose: purpose))
        var base = part.baseOffset
        for row in part.rows {
            rows.append(
                ProduceItem(
                    key: part.key, baseOffset: base, recordCount: UInt32(row.nextOffset - base),
                    position: UInt32(byteCount), length: UInt32(row.byteCount), maxTimestamp: row.maxTimestamp))
            byteCount += row.byteCount
            batches += row.pieces
            base = row.nextOffset
        }
    }

    /// What goes into the log; empty again afterwards.
    mutating func take() -> (replacement: Replacement, batches: [ByteSlice]) {
        defer { self = ReplacementStep() }
        return (Replacement(parts: parts, rows: rows), batches)
    }
}
