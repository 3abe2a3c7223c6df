/// Rows that are in the index of a sealed segment leave memory.
extension PartitionIndex {
    /// Replaces the rows of entries up to `index` by one fence.
    mutating func seal(through index: UInt64) {
        guard let first, first.index <= index else { return }
        var fence = Fence(baseOffset: first.baseOffset, index: first.index, lastIndex: first.index)
        let whole = chunks.lowerBound { $0.items[$0.items.count - 1].index <= index }
        for chunk in chunks[..<whole] {
            fence.add(chunk.items)
            itemCount -= chunk.items.count
        }
        chunks.removeFirst(whole)
        if !chunks.isEmpty {
            let part = chunks[0].items.lowerBound { $0.index <= index }
            fence.add(chunks[0].items[..<part])
            itemCount -= part
            chunks[0].items.removeFirst(part)
            chunks[0].maxTimestamp = chunks[0].items.reduce(Int64.min) { max($0, $1.maxTimestamp) }
        }
        fences.append(fence)
    }

    /// From a snapshot.
    mutating func restore(_ fence: Fence) {
        byteCount += fence.byteCount
        fences.append(fence)
    }

    mutating func trimFences(before offset: Int64, end: Int64) {
        let sealedEnd = first?.baseOffset ?? end
        let gone =
            offset >= sealedEnd ? fences.count : max(fences.lowerBound { $0.baseOffset <= offset } - 1, 0)
        for fence in fences[..<gone] { byteCount -= fence.byteCount }
        fences.removeFirst(gone)
    }

    /// Where the row with `offset` is, if it is not in memory.
    func sealedPlace(of offset: Int64) -> SealedPlace? {
        if let first, first.baseOffset <= offset { return nil }
        let position = fences.lowerBound { $0.baseOffset <= offset } - 1
        return position < 0 ? nil : fences[position].place(of: offset)
    }

    /// The first item with records from `offset` on whose max timestamp is at least `timestamp`, or where it may be.
    func search(reaching timestamp: Int64, from offset: Int64, end: Int64) -> TimeSearch {
        for (number, fence) in fences.enumerated() where fence.maxTimestamp >= timestamp {
            let fenceEnd = number + 1 < fences.count ? fences[number + 1].baseOffset : first?.baseOffset ?? end
            if fenceEnd > offset {
                return .sealed(fence.place(of: max(offset, fence.baseOffset)))
            }
        }
        return range(reaching: timestamp, from: offset, end: end).map { .found($0) } ?? .none
    }

    /// The largest timestamp, or the largest below `limit`; nil when there is none. Deleted records of a part that is
    /// sealed and not deleted as a whole count.
    func maxTimestamp(below limit: Int64? = nil) -> Int64? {
        var largest: Int64?
        func note(_ timestamp: Int64) {
            if limit.map({ timestamp < $0 }) ?? true { largest = max(largest ?? timestamp, timestamp) }
        }
        for fence in fences { note(fence.maxTimestamp) }
        for chunk in chunks {
            if let limit, chunk.maxTimestamp >= limit {
                for item in chunk.items { note(item.maxTimestamp) }
            } else {
                note(chunk.maxTimestamp)
            }
        }
        return largest
    }
}

extension PartitionIndex.Item {
    init(_ item: ProduceItem, index: UInt64) {
        self.init(
            index: index, baseOffset: item.baseOffset, maxTimestamp: item.maxTimestamp, position: item.position,
            length: item.length)
    }
}
