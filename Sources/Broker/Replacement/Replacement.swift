import Bytes

/// Batches that take the place of others at the same offsets: moved to the end of the log as they are, so that old
/// segments can go, or what cleaning has left of them (`cleanup.policy=compact`).
///
/// Payload: a produce entry's head and rows (see `ProduceTable`), the parts, then the batches. The rows of a part lie
/// end to end from its base offset to its next offset; a row's record count is the number of offsets it spans. A row's
/// first batch may begin behind the row's base offset, its last one ends with the row: a reader who asks for any offset
/// of the row finds a batch that gets it on.
package struct Replacement: Equatable, Sendable {
    /// A range of one partition.
    package struct Part: Equatable, Sendable {
        package let key: PartitionKey
        /// The partition's count of replacements when the batches were read: nothing has been replaced in between.
        package let generation: UInt64
        package let baseOffset: Int64
        package let nextOffset: Int64
        package let rowCount: UInt32
        /// All that is replaced was in entries up to this one.
        package let storedIndex: UInt64
        package let purpose: Purpose

        package init(
            key: PartitionKey, generation: UInt64, baseOffset: Int64, nextOffset: Int64, rowCount: UInt32,
            storedIndex: UInt64, purpose: Purpose
        ) {
            self.key = key
            self.generation = generation
            self.baseOffset = baseOffset
            self.nextOffset = nextOffset
            self.rowCount = rowCount
            self.storedIndex = storedIndex
            self.purpose = purpose
        }
    }

    /// Why batches were replaced.
    package enum Purpose: Equatable, Sendable {
        /// They were moved as they are.
        case move
        /// By what is left of them, and more of the partition is to come.
        case cleaning
        case endOfCleaning(Cleaning)
    }

    /// A partition was cleaned from its beginning to here.
    package struct Cleaning: Equatable, Sendable {
        /// Of each key that has a later record before this offset only that one is left.
        package let through: Int64
        /// Milliseconds since 1970, as a majority of the nodes has it.
        package let time: Int64
        /// Records without a value that were left.
        package let hasTombstones: Bool
        /// Those before the partition's tombstone mark were not.
        package let usedMark: Bool

        package init(through: Int64, time: Int64, hasTombstones: Bool, usedMark: Bool) {
            self.through = through
            self.time = time
            self.hasTombstones = hasTombstones
            self.usedMark = usedMark
        }
    }

    package let parts: [Part]
    package let table: ProduceTable

    /// The rows of all parts, in order; their positions count from the first batch on.
    package init(parts: [Part], rows: [ProduceItem]) {
        self.parts = parts
        let tail = Self.encode(parts).count
        var table = ProduceTable(items: rows)
        let first = UInt32(table.prefixLength + tail)
        for row in table.items.indices { table.items[row].position += first }
        self.table = table
    }

    /// Everything before the first batch.
    func encode() -> ByteSlice { table.encode(.replaceBatches, tail: Self.encode(parts)) }

    private static func encode(_ parts: [Part]) -> ByteSlice {
        var tail = ByteWriter(capacity: 64 * parts.count + 8)
        tail.uint32(UInt32(parts.count))
        for part in parts {
            tail.partitionKey(part.key)
            tail.uint64(part.generation)
            tail.int64(part.baseOffset)
            tail.int64(part.nextOffset)
            tail.uint32(part.rowCount)
            tail.uint64(part.storedIndex)
            switch part.purpose {
            case .move: tail.uint8(0)
            case .cleaning: tail.uint8(1)
            case .endOfCleaning(let cleaning):
                tail.uint8(2)
                tail.int64(cleaning.through)
                tail.int64(cleaning.time)
                tail.uint8(cleaning.hasTombstones ? 1 : 0)
                tail.uint8(cleaning.usedMark ? 1 : 0)
            }
        }
        return tail.finish()
    }

    /// `payload` holds at least the prefix; kind and version have been read.
    init(payload: ByteSlice) throws(DecodeError) {
        let (table, tail) = try ProduceTable.decode(payload)
        var reader = ByteReader(tail)
        var parts: [Part] = []
        var row = 0
        for _ in 0..<(try reader.elementCount(minimumSize: 45)) {
            let part = try Part(from: &reader)
            guard part.rowCount > 0, Int(part.rowCount) <= table.items.count - row else {
                throw .badValue("rows of a part", Int64(part.rowCount))
            }
            try part.requireRows(table.items[row..<row + Int(part.rowCount)])
            row += Int(part.rowCount)
            parts.append(part)
        }
        try reader.requireEnd()
        if row != table.items.count { throw .badValue("rows of no part", Int64(table.items.count - row)) }
        self.parts = parts
        self.table = table
    }

    /// Each part with its rows.
    var replaced: [(part: Part, rows: ArraySlice<ProduceItem>)] {
        var first = 0
        return parts.map { part in
            defer { first += Int(part.rowCount) }
            return (part, table.items[first..<first + Int(part.rowCount)])
        }
    }
}

extension Replacement.Part {
    fileprivate init(from reader: inout ByteReader) throws(DecodeError) {
        key = try reader.partitionKey()
        generation = try reader.uint64()
        baseOffset = try reader.int64()
        nextOffset = try reader.int64()
        rowCount = try reader.uint32()
        storedIndex = try reader.uint64()
        switch try reader.uint8() {
        case 0: purpose = .move
        case 1: purpose = .cleaning
        case 2: purpose = .endOfCleaning(try Replacement.Cleaning(from: &reader))
        case let other: throw .badValue("purpose of a replacement", Int64(other))
        }
    }

    /// The rows are this partition's and span the part without a gap.
    fileprivate func requireRows(_ rows: ArraySlice<ProduceItem>) throws(DecodeError) {
        var offset = baseOffset
        for row in rows {
            if row.key != key || row.baseOffset != offset { throw .badValue("base offset", row.baseOffset) }
            offset += Int64(row.recordCount)
        }
        if offset != nextOffset { throw .badValue("next offset", nextOffset) }
    }
}

extension Replacement.Cleaning {
    fileprivate init(from reader: inout ByteReader) throws(DecodeError) {
        through = try reader.int64()
        time = try reader.int64()
        hasTombstones = try reader.flag("tombstones")
        usedMark = try reader.flag("tombstone mark")
    }
}
