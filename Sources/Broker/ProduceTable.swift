import Bytes

/// The head of a produce entry: where each partition's batches lie in it. `apply` needs nothing else, so a restart does
/// not read message bodies.
///
/// Payload: kind (1 byte), version (1), length of this prefix (u32), row count (u32), rows, then the batches.
package struct ProduceTable: Equatable, Sendable {
    /// Kind, version, prefix length, row count.
    package static let headerSize = 10

    package var items: [ProduceItem]

    package init(items: [ProduceItem]) { self.items = items }

    /// Bytes before the first batch.
    package var prefixLength: Int { Self.headerSize + items.count * ProduceItem.encodedSize }

    /// From the first 10 bytes of any command payload: how many bytes of it `apply` needs. nil when it is not a produce
    /// entry and all of it is needed.
    package static func prefixLength(of payload: ByteSlice) throws(DecodeError) -> Int? {
        var reader = ByteReader(payload)
        if try reader.uint8() != CommandKind.produce.rawValue { return nil }
        try reader.skip(1)
        return Int(try reader.uint32())
    }

    func encode() -> ByteSlice {
        var writer = ByteWriter(capacity: prefixLength)
        writer.uint8(CommandKind.produce.rawValue)
        writer.uint8(Command.version)
        writer.uint32(UInt32(prefixLength))
        writer.uint32(UInt32(items.count))
        for item in items { item.encode(into: &writer) }
        return writer.finish()
    }

    /// `payload` is the whole entry or any part of it that holds the prefix; kind and version have been read.
    init(payload: ByteSlice) throws(DecodeError) {
        var reader = ByteReader(payload)
        try reader.skip(2)
        let prefixLength = Int(try reader.uint32())
        let count = Int(try reader.uint32())
        try reader.requireElements(count, minimumSize: ProduceItem.encodedSize)
        if prefixLength != Self.headerSize + count * ProduceItem.encodedSize {
            throw .badLength(position: 2, length: Int64(prefixLength))
        }
        items = []
        items.reserveCapacity(count)
        var position = prefixLength
        for row in 0..<count {
            let item = try ProduceItem(payload, at: Self.headerSize + row * ProduceItem.encodedSize)
            if Int(item.position) != position { throw .badValue("position", Int64(item.position)) }
            position += Int(item.length)
            if item.length == 0 || position > Int(UInt32.max) { throw .badValue("length", Int64(item.length)) }
            items.append(item)
        }
    }
}
