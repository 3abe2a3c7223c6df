import Bytes

extension PartitionIndex {
    func encode(into snapshot: inout SnapshotWriter) {
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

    /// Items as they were merged when they were written: appending them here must not merge them further.
    init(from reader: inout ByteReader, end: Int64) throws(DecodeError) {
        let count = try reader.unsignedVarint()
        guard let count = Int(exactly: count) else { throw .badLength(position: reader.position, length: .max) }
        try reader.requireElements(count, minimumSize: 5)
        var last = Item(index: 0, baseOffset: -1, maxTimestamp: 0, position: 0, length: 0)
        for number in 0..<count {
            let item = try Self.item(after: last, isFirst: number == 0, &reader)
            if item.baseOffset <= last.baseOffset || item.baseOffset >= end {
                throw .badValue("base offset", item.baseOffset)
            }
            restore(item)
            last = item
        }
    }

    private static func item(after last: Item, isFirst: Bool, _ reader: inout ByteReader) throws(DecodeError) -> Item {
        let (index, overflow) = last.index.addingReportingOverflow(try reader.unsignedVarint())
        if overflow { throw .badValue("entry index", -1) }
        let offsetDelta = try reader.unsignedVarint()
        let base = isFirst ? 0 : last.baseOffset
        guard let delta = Int64(exactly: offsetDelta), base <= Int64.max - delta else {
            throw .badValue("base offset", -1)
        }
        let maxTimestamp = last.maxTimestamp &+ (try reader.varint())
        let position = try reader.unsignedVarint()
        let length = try reader.unsignedVarint()
        guard let position = UInt32(exactly: position), let length = UInt32(exactly: length) else {
            throw .badValue("position", -1)
        }
        return Item(
            index: index, baseOffset: base + delta, maxTimestamp: maxTimestamp, position: position, length: length)
    }
}
