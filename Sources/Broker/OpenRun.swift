import Bytes
import Records

/// What one partition has in the open entry: table rows with positions from the start of the run, and the batches.
struct OpenRun: Sendable {
    /// From this size on a batch is kept by reference; below, copying it is cheaper than a piece more for each writer.
    static let copiedBelow = 16 << 10

    /// Copied batches are collected in pieces of this size: one that doubles instead would be copied again and again.
    static let pieceBytes = 64 << 10

    private(set) var items: [ProduceItem] = []
    private(set) var byteCount = 0
    private var pieces: [ByteSlice] = []
    private var small: ByteWriter?

    var isEmpty: Bool { items.isEmpty }

    /// `item.position` is set here. Answers whether a table row was added.
    mutating func append(_ item: ProduceItem, _ batch: ByteSlice) -> Bool {
        var item = item
        item.position = UInt32(byteCount)
        byteCount += batch.count
        if batch.count >= Self.copiedBelow {
            finishSmall()
            pieces.append(batch)
        } else {
            copy(batch)
        }
        return !merge(item) && add(item)
    }

    private mutating func copy(_ batch: ByteSlice) {
        if let filled = small?.count, filled > Self.pieceBytes - batch.count {
            finishSmall()
            small = ByteWriter(capacity: Self.pieceBytes)
        } else if small == nil {
            small = ByteWriter(capacity: max(batch.count, 512))
        }
        small?.bytes(batch)
    }

    private mutating func add(_ item: ProduceItem) -> Bool {
        items.append(item)
        return true
    }

    /// Puts the batch into the row before it, if neither is from an idempotent producer.
    private mutating func merge(_ item: ProduceItem) -> Bool {
        guard let row = items.indices.last, !items[row].isIdempotent, !item.isIdempotent,
            items[row].flags == item.flags, Int(items[row].length) + Int(item.length) <= PartitionIndex.mergedBytes
        else { return false }
        let (records, overflow) = items[row].recordCount.addingReportingOverflow(item.recordCount)
        if overflow { return false }
        items[row].recordCount = records
        items[row].length += item.length
        items[row].maxTimestamp = max(items[row].maxTimestamp, item.maxTimestamp)
        return true
    }

    private mutating func finishSmall() {
        guard var writer = small else { return }
        pieces.append(writer.finish())
        small = nil
    }

    /// Moves rows and batches into the entry, and is empty again.
    mutating func drain(into rows: inout [ProduceItem], position: inout Int, _ payload: inout [ByteSlice]) {
        for item in items {
            rows.append(item)
            rows[rows.count - 1].position = UInt32(position) + item.position
        }
        finishSmall()
        payload.append(contentsOf: pieces)
        position += byteCount
        items.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        byteCount = 0
    }
}
