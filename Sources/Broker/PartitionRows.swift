import Planted

/// What the index of one segment has of a partition: the rows as they were appended, and those that replaced others, as
/// many slices as there were runs of them.
package struct PartitionSlices: Sendable {
    let slices: [PartitionRows]

    package init(_ slices: [PartitionRows]) { self.slices = slices }

    /// Of what was replaced within the segment the last is what counts; nil if there is none.
    package func rows(holding offset: Int64) -> PartitionRows? {
        #if DEBUG
        if Planted.has(.cleanedComesBack) { return slices.first { $0.holds(offset) } }
        #endif
        return slices.last { $0.holds(offset) }
    }

    /// What they take in memory.
    package var memoryBytes: Int { slices.reduce(64) { $0 + $1.memoryBytes } }
}

/// Rows of one partition in one segment that follow each other without a gap.
package struct PartitionRows: Sendable {
    var index = PartitionIndex()
    /// The offset after the last row's records.
    package internal(set) var endOffset: Int64 = 0

    package init() {}

    /// Takes the next row. A row that does not continue the ones before was refused by `apply`; so is it here.
    mutating func append(_ row: PartitionIndex.Item, recordCount: UInt32, joins: Bool = true) {
        if !index.isEmpty && row.baseOffset != endOffset { return }
        index.append(row, joins: joins)
        endOffset = row.baseOffset + Int64(recordCount)
    }

    package func holds(_ offset: Int64) -> Bool {
        guard let first = index.first else { return false }
        return first.baseOffset <= offset && offset < endOffset
    }

    /// Like `Broker.locate`, within these rows, of which one must hold `offset`.
    package func locate(
        from offset: Int64, before limit: Int64 = .max, maximumBytes: Int, into ranges: inout [StoredRange]
    ) {
        index.locate(from: offset, before: limit, end: endOffset, maximumBytes: maximumBytes, into: &ranges)
    }

    /// The first range with records from `offset` on whose max timestamp is at least `timestamp`.
    package func range(reaching timestamp: Int64, from offset: Int64) -> StoredRange? {
        index.range(reaching: timestamp, from: offset, end: endOffset)
    }

    /// The largest timestamp of rows with records from `offset` on, which one of them must hold.
    package func maxTimestamp(from offset: Int64) -> Int64 {
        var ranges: [StoredRange] = []
        locate(from: offset, maximumBytes: .max, into: &ranges)
        return ranges.reduce(Int64.min) { max($0, $1.maxTimestamp) }
    }

    /// What it takes in memory.
    var memoryBytes: Int { 128 + index.itemCount * MemoryLayout<PartitionIndex.Item>.stride }
}
