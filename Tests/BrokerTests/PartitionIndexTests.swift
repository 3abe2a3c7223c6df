import Testing

@testable import Broker

/// Against a plain list of batches, searched from its start every time.
struct PartitionIndexTests {
    private struct Stored {
        var index: UInt64
        var position: Int
        var length: Int
        var offsets: Range<Int64>
        var maxTimestamp: Int64
    }

    private func fill(_ count: Int, _ random: inout SplitMix64) -> (PartitionIndex, [Stored], Int64) {
        var index = PartitionIndex()
        var list: [Stored] = []
        var offset: Int64 = Int64(random.below(5))
        var entry: UInt64 = 1
        var position = 100
        for _ in 0..<count {
            if random.below(3) != 0 {
                entry += UInt64(random.below(4))
                position = 100 + random.below(3) * 50
                if let last = list.last, last.index == entry { position += last.position + last.length }
            }
            let length = 61 + random.below(random.below(9) == 0 ? 200_000 : 3_000)
            let next = offset + 1 + Int64(random.below(5))
            let timestamp = Int64(random.below(10_000)) - 1
            index.append(
                PartitionIndex.Item(
                    index: entry, baseOffset: offset, maxTimestamp: timestamp, position: UInt32(position),
                    length: UInt32(length)))
            list.append(
                Stored(
                    index: entry, position: position, length: length, offsets: offset..<next, maxTimestamp: timestamp))
            position += length
            offset = next
        }
        return (index, list, offset)
    }

    /// Exactly the batches from the one with `offset` on, without gap, within the size (a shared item's worth over
    /// it at most).
    private func checkLocate(
        _ index: PartitionIndex, _ list: [Stored], from offset: Int64, end: Int64, maximumBytes: Int
    ) {
        var ranges: [StoredRange] = []
        index.locate(from: offset, before: .max, end: end, maximumBytes: maximumBytes, into: &ranges)
        guard let first = ranges.first, let last = ranges.last else {
            Issue.record("nothing located at \(offset)")
            return
        }
        #expect(first.baseOffset <= offset && offset < first.nextOffset)
        for (one, next) in zip(ranges, ranges.dropFirst()) {
            #expect(one.nextOffset == next.baseOffset)
            #expect(one.index != next.index || one.position + one.length != next.position, "not joined")
        }
        let total = ranges.reduce(0) { $0 + $1.length }
        #expect(ranges.count == 1 || total <= maximumBytes)
        #expect(total <= max(maximumBytes, PartitionIndex.mergedBytes) || list.contains { $0.length == total })
        for range in ranges {
            let inside = list.filter {
                $0.offsets.lowerBound >= range.baseOffset && $0.offsets.upperBound <= range.nextOffset
            }
            #expect(inside.first?.offsets.lowerBound == range.baseOffset)
            #expect(inside.last?.offsets.upperBound == range.nextOffset)
            #expect(inside.first?.position == range.position)
            #expect(inside.reduce(0) { $0 + $1.length } == range.length)
            #expect(inside.allSatisfy { $0.index == range.index })
            #expect(inside.map(\.maxTimestamp).max() == range.maxTimestamp)
        }
        if last.nextOffset < end {
            let following = list.first { $0.offsets.lowerBound == last.nextOffset }
            #expect(following.map { total + $0.length > maximumBytes - PartitionIndex.mergedBytes } == true)
        }
    }

    @Test func locateAgainstAList() {
        var random = SplitMix64(seed: 5)
        for round in 0..<40 {
            let (index, list, end) = fill(1 + random.below(round == 0 ? 3_000 : 120), &random)
            #expect(index.byteCount == list.reduce(0) { $0 + Int64($1.length) })
            #expect(index.itemCount == index.chunks.reduce(0) { $0 + $1.items.count })
            for _ in 0..<30 {
                let stored = list[random.below(list.count)]
                let offset = stored.offsets.lowerBound + Int64(random.below(stored.offsets.count))
                let maximum = [0, 1, 5_000, 300_000, 10_000_000][random.below(5)]
                checkLocate(index, list, from: offset, end: end, maximumBytes: maximum)
            }
        }
    }

    @Test func trimAgainstAList() {
        var random = SplitMix64(seed: 6)
        for _ in 0..<60 {
            var (index, list, end) = fill(1 + random.below(1_500), &random)
            while !list.isEmpty {
                let offset = list[0].offsets.lowerBound + Int64(random.below(Int(end - list[0].offsets.lowerBound) + 1))
                index.trim(before: offset, end: end)
                list.removeAll { $0.offsets.upperBound <= offset }
                guard offset < end, let first = list.first, let kept = index.first else {
                    #expect(index.first == nil && list.isEmpty && index.byteCount == 0 && index.itemCount == 0)
                    break
                }
                // What shares an item with live batches stays with them.
                #expect(kept.baseOffset <= first.offsets.lowerBound && kept.index == first.index)
                #expect(index.itemCount == index.chunks.reduce(0) { $0 + $1.items.count })
                #expect(index.byteCount == index.chunks.reduce(0) { $0 + $1.items.reduce(0) { $0 + Int64($1.length) } })
                for chunk in index.chunks { #expect(chunk.maxTimestamp == chunk.items.map(\.maxTimestamp).max()) }
                checkLocate(index, list.isEmpty ? [] : whole(index, end), from: offset, end: end, maximumBytes: 9_999)
            }
        }
    }

    private func whole(_ index: PartitionIndex, _ end: Int64) -> [Stored] {
        let items = index.chunks.flatMap(\.items)
        return items.enumerated().map { number, item in
            let next = number + 1 < items.count ? items[number + 1].baseOffset : end
            return Stored(
                index: item.index, position: Int(item.position), length: Int(item.length),
                offsets: item.baseOffset..<next, maxTimestamp: item.maxTimestamp)
        }
    }

    @Test func timestampsAgainstAList() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<30 {
            let (index, list, end) = fill(1 + random.below(900), &random)
            #expect(index.maxTimestamp() == list.map(\.maxTimestamp).max())
            for _ in 0..<40 {
                let timestamp = Int64(random.below(11_000)) - 2
                let expected = list.first { $0.maxTimestamp >= timestamp }
                let found = index.range(reaching: timestamp, from: 0, end: end)
                #expect((found == nil) == (expected == nil))
                if let found, let expected {
                    #expect(found.baseOffset <= expected.offsets.lowerBound)
                    #expect(found.nextOffset >= expected.offsets.upperBound)
                    #expect(found.maxTimestamp >= timestamp)
                }
            }
        }
    }

    @Test func neighboursShareAnItemUpToTheLimit() {
        var index = PartitionIndex()
        for number in 0..<1_000 {
            index.append(
                PartitionIndex.Item(
                    index: 1, baseOffset: Int64(number), maxTimestamp: 0, position: UInt32(100 + number * 1_000),
                    length: 1_000))
        }
        #expect(index.itemCount == 8)
        #expect(index.chunks.flatMap(\.items).allSatisfy { $0.length <= UInt32(PartitionIndex.mergedBytes) })
    }
}
