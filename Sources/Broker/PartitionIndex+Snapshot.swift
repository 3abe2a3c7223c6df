import Bytes

extension PartitionIndex {
    func encode(into snapshot: inout SnapshotWriter) {
        encodeFences(into: &snapshot)
        snapshot.writer.unsignedVarint(UInt64(itemCount))
        var last = Item(index: 0, baseOffset: 0, maxTimestamp: 0, position: 0, length: 0)
        for chunk in chunks {
            for item in chunk.items {
                snapshot.writer.unsignedVarint(item.index - last.index)
                snapshot.writer.unsignedVarint(UInt64(item.baseOffset - last.baseOffset))
                snapshot.writer.varint(item.maxTimestamp &- last.maxTimestamp)
                snapshot.writer.unsignedVarint(UInt64(item.position))
                snapshot.writer.unsignedVarint(UInt64(item.length))
                last = item
            }
            snapshot.breakIfFull()
        }
    }

    private func encodeFences(into snapshot: inout SnapshotWriter) {
        snapshot.writer.unsignedVarint(UInt64(fences.count))
        var last = Fence(baseOffset: 0, index: 0, lastIndex: 0)
        for fence in fences {
            snapshot.writer.unsignedVarint(fence.index - last.index)
            snapshot.writer.unsignedVarint(UInt64(fence.baseOffset - last.baseOffset))
            snapshot.writer.unsignedVarint(fence.lastIndex - fence.index)
            snapshot.writer.varint(fence.maxTimestamp)
            snapshot.writer.unsignedVarint(UInt64(fence.byteCount))
            snapshot.breakIfFull()
            last = fence
        }
    }

    /// Items as they were merged when they were written: appending them here must not merge them further.
    init(from reader: inout ByteReader, end: Int64) throws(DecodeError) {
        try restoreFences(from: &reader, end: end)
        let count = try Self.count(&reader, minimumSize: 5)
        let sealed = fences.last
        var last = Item(index: 0, baseOffset: 0, maxTimestamp: 0, position: 0, length: 0)
        for number in 0..<count {
            let item = try Self.item(after: last, &reader)
            let isAscending =
                number == 0
                ? sealed.map { $0.baseOffset < item.baseOffset && $0.lastIndex <= item.index } ?? true
                : last.baseOffset < item.baseOffset
            if !isAscending || item.baseOffset >= end { throw .badValue("base offset", item.baseOffset) }
            restore(item)
            last = item
        }
    }

    private mutating func restoreFences(from reader: inout ByteReader, end: Int64) throws(DecodeError) {
        var last = Fence(baseOffset: -1, index: 0, lastIndex: 0)
        for _ in 0..<(try Self.count(&reader, minimumSize: 5)) {
            let place = try Self.place(afterIndex: last.index, offset: max(last.baseOffset, 0), &reader)
            let (lastIndex, isTooFar) = place.index.addingReportingOverflow(try reader.unsignedVarint())
            if isTooFar || place.index < last.lastIndex { throw .badValue("fence index", -1) }
            let maxTimestamp = try reader.varint()
            let byteCount = try reader.unsignedVarint()
            guard let byteCount = Int64(exactly: byteCount), byteCount <= Int64.max >> 16 else {
                throw .badValue("fence bytes", -1)
            }
            if place.offset <= last.baseOffset || place.offset >= end {
                throw .badValue("fence offset", place.offset)
            }
            let fence = Fence(
                baseOffset: place.offset, index: place.index, lastIndex: lastIndex, maxTimestamp: maxTimestamp,
                byteCount: byteCount)
            let (_, overflow) = self.byteCount.addingReportingOverflow(byteCount)
            if overflow { throw .badValue("fence bytes", byteCount) }
            restore(fence)
            last = fence
        }
    }

    private struct Place {
        var index: UInt64
        var offset: Int64
    }

    private static func count(_ reader: inout ByteReader, minimumSize: Int) throws(DecodeError) -> Int {
        let count = try reader.unsignedVarint()
        guard let count = Int(exactly: count) else { throw .badLength(position: reader.position, length: .max) }
        try reader.requireElements(count, minimumSize: minimumSize)
        return count
    }

    private static func place(
        afterIndex lastIndex: UInt64, offset lastOffset: Int64, _ reader: inout ByteReader
    ) throws(DecodeError) -> Place {
        let (index, overflow) = lastIndex.addingReportingOverflow(try reader.unsignedVarint())
        if overflow { throw .badValue("entry index", -1) }
        let offsetDelta = try reader.unsignedVarint()
        guard let delta = Int64(exactly: offsetDelta), lastOffset <= Int64.max - delta else {
            throw .badValue("base offset", -1)
        }
        return Place(index: index, offset: lastOffset + delta)
    }

    private static func item(after last: Item, _ reader: inout ByteReader) throws(DecodeError) -> Item {
        let place = try place(afterIndex: last.index, offset: last.baseOffset, &reader)
        let maxTimestamp = last.maxTimestamp &+ (try reader.varint())
        let position = try reader.unsignedVarint()
        let length = try reader.unsignedVarint()
        guard let position = UInt32(exactly: position), let length = UInt32(exactly: length) else {
            throw .badValue("position", -1)
        }
        return Item(
            index: place.index, baseOffset: place.offset, maxTimestamp: maxTimestamp, position: position,
            length: length)
    }
}
