/// Offset to place in the log, for one partition: append-only, sorted, gap-free. The newest part is kept row by row, in
/// chunks, so that a copy handed to another thread costs the writer one chunk, not the whole index. Of older parts,
/// whose rows are in the indexes of sealed segments, a `Fence` each is left.
package struct PartitionIndex: Sendable {
    /// 32 bytes; the next offset is the following item's base offset.
    struct Item: Hashable, Sendable {
        var index: UInt64
        var baseOffset: Int64
        var maxTimestamp: Int64
        var position: UInt32
        var length: UInt32
    }

    struct Chunk: Sendable {
        var items: [Item]
        var maxTimestamp: Int64
    }

    /// Neighbouring batches of one entry share an item up to this many bytes: few items, and a fetch from the middle
    /// of an item reads little that it does not need.
    static let mergedBytes = 128 << 10
    static let chunkItems = 512

    /// Ascending; their rows lie before those of `chunks`.
    var fences: [Fence] = []
    var chunks: [Chunk] = []
    /// Rows in `chunks`.
    var itemCount = 0
    /// Bytes of all batches indexed; of a part that is sealed and partly deleted, all of it.
    var byteCount: Int64 = 0

    /// The first row in memory.
    var first: Item? { chunks.first?.items.first }
    /// The log index of the first batch.
    var lowestIndex: UInt64? { fences.first?.index ?? first?.index }
    var isEmpty: Bool { chunks.isEmpty && fences.isEmpty }
    var last: Item? { chunks.last?.items.last }

    /// With `joins`, it may share an item with its neighbour before it: no answer ever ends between them.
    mutating func append(_ item: Item, joins: Bool = true) {
        byteCount += Int64(item.length)
        guard let lastChunk = chunks.indices.last, let last = chunks[lastChunk].items.last else { return add(item) }
        let lastItem = chunks[lastChunk].items.count - 1
        precondition(last.baseOffset < item.baseOffset && last.index <= item.index, "PartitionIndex: \(last), \(item)")
        let length = Int(last.length) + Int(item.length)
        if joins, last.index == item.index, Int(last.position) + Int(last.length) == Int(item.position),
            length <= Self.mergedBytes
        {
            chunks[lastChunk].items[lastItem].length = UInt32(length)
            chunks[lastChunk].items[lastItem].maxTimestamp = max(last.maxTimestamp, item.maxTimestamp)
            chunks[lastChunk].maxTimestamp = max(chunks[lastChunk].maxTimestamp, item.maxTimestamp)
            return
        }
        add(item)
    }

    /// As a snapshot has it: never joined to the item before.
    mutating func restore(_ item: Item) {
        byteCount += Int64(item.length)
        add(item)
    }

    private mutating func add(_ item: Item) {
        itemCount += 1
        guard let last = chunks.indices.last, chunks[last].items.count < Self.chunkItems else {
            chunks.append(Chunk(items: [item], maxTimestamp: item.maxTimestamp))
            return
        }
        chunks[last].items.append(item)
        chunks[last].maxTimestamp = max(chunks[last].maxTimestamp, item.maxTimestamp)
    }

    /// Drops every item, and every fence, whose records all lie before `offset`; `end` is the partition's end offset.
    mutating func trim(before offset: Int64, end: Int64) {
        if offset >= end {
            self = PartitionIndex()
            return
        }
        trimFences(before: offset, end: end)
        let keepChunk = chunks.lowerBound { $0.items[0].baseOffset <= offset } - 1
        if keepChunk < 0 { return }
        for chunk in chunks[..<keepChunk] { forget(chunk.items) }
        chunks.removeFirst(keepChunk)
        let keepItem = chunks[0].items.lowerBound { $0.baseOffset <= offset } - 1
        if keepItem == 0 { return }
        forget(Array(chunks[0].items[..<keepItem]))
        chunks[0].items.removeFirst(keepItem)
        chunks[0].maxTimestamp = chunks[0].items.reduce(Int64.min) { max($0, $1.maxTimestamp) }
    }

    private mutating func forget(_ items: [Item]) {
        itemCount -= items.count
        for item in items { byteCount -= Int64(item.length) }
    }

    /// Appends the ranges from the item that holds `offset` on, neighbours joined, until `maximumBytes` would be
    /// passed; at least one item. `offset` must be in memory, `end` is the offset after the last item's records. Items
    /// from `limit` on are left out.
    func locate(
        from offset: Int64, before limit: Int64, end: Int64, maximumBytes: Int, into ranges: inout [StoredRange]
    ) {
        var cursor = cursor(holding: offset)
        let firstNew = ranges.count
        var total = 0
        while let item = item(at: cursor) {
            if total > 0 && (total + Int(item.length) > maximumBytes || item.baseOffset >= limit) { return }
            total += Int(item.length)
            advance(&cursor)
            let next = self.item(at: cursor)?.baseOffset ?? end
            if ranges.count > firstNew, let last = ranges.last, last.index == item.index,
                last.position + last.length == Int(item.position)
            {
                ranges[ranges.count - 1].length += Int(item.length)
                ranges[ranges.count - 1].nextOffset = next
                ranges[ranges.count - 1].maxTimestamp = max(last.maxTimestamp, item.maxTimestamp)
            } else {
                ranges.append(range(item, next: next))
            }
        }
    }

    /// The first item in memory with records from `offset` on whose max timestamp is at least `timestamp`.
    func range(reaching timestamp: Int64, from offset: Int64, end: Int64) -> StoredRange? {
        guard let first else { return nil }
        let start = offset <= first.baseOffset ? Cursor(chunk: 0, item: 0) : cursor(holding: offset)
        for number in start.chunk..<chunks.count where chunks[number].maxTimestamp >= timestamp {
            let items = chunks[number].items
            for position in (number == start.chunk ? start.item : 0)..<items.count
            where items[position].maxTimestamp >= timestamp {
                var cursor = Cursor(chunk: number, item: position)
                advance(&cursor)
                return range(items[position], next: item(at: cursor)?.baseOffset ?? end)
            }
        }
        return nil
    }

    private struct Cursor {
        var chunk: Int
        var item: Int
    }

    private func cursor(holding offset: Int64) -> Cursor {
        let chunk = chunks.lowerBound { $0.items[0].baseOffset <= offset } - 1
        precondition(chunk >= 0, "PartitionIndex: offset \(offset) before the first item")
        return Cursor(chunk: chunk, item: chunks[chunk].items.lowerBound { $0.baseOffset <= offset } - 1)
    }

    private func item(at cursor: Cursor) -> Item? {
        cursor.chunk < chunks.count ? chunks[cursor.chunk].items[cursor.item] : nil
    }

    private func advance(_ cursor: inout Cursor) {
        cursor.item += 1
        if cursor.item == chunks[cursor.chunk].items.count { cursor = Cursor(chunk: cursor.chunk + 1, item: 0) }
    }

    private func range(_ item: Item, next: Int64) -> StoredRange {
        StoredRange(
            index: item.index, position: Int(item.position), length: Int(item.length), baseOffset: item.baseOffset,
            nextOffset: next, maxTimestamp: item.maxTimestamp)
    }
}
