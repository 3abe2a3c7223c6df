import Bytes

/// The head of a produce entry: where each partition's batches lie in it. `apply` needs nothing else, so a restart does
/// not read message bodies.
///
/// Payload: kind (1 byte), version (1), length of this prefix (u32), row count (u32), rows, then the batches. An entry
/// that ends a transaction, or replaces batches, has more between rows and batches (`TransactionEnd`, `Replacement`).
package struct ProduceTable: Equatable, Sendable {
    /// Kind, version, prefix length, row count.
    package static let headerSize = 10

    package var items: [ProduceItem]

    package init(items: [ProduceItem]) { self.items = items }

    /// Bytes before the first batch.
    package var prefixLength: Int { Self.headerSize + items.count * ProduceItem.encodedSize }

    /// From the first 10 bytes of any command payload: how many bytes of it `apply` needs. nil when it holds no batches
    /// and all of it is needed.
    package static func prefixLength(of payload: ByteSlice) throws(DecodeError) -> Int? {
        var reader = ByteReader(payload)
        let kind = CommandKind(rawValue: try reader.uint8())
        if kind != .produce && kind != .endTransaction && kind != .replaceBatches { return nil }
        try reader.skip(1)
        return Int(try reader.uint32())
    }

    func encode() -> ByteSlice { encode(.produce, tail: .empty) }

    /// `tail` lies between the rows and the first batch.
    func encode(_ kind: CommandKind, tail: ByteSlice) -> ByteSlice {
        var writer = ByteWriter(capacity: prefixLength + tail.count)
        writer.uint8(kind.rawValue)
        writer.uint8(Command.version)
        writer.uint32(UInt32(prefixLength + tail.count))
        writer.uint32(UInt32(items.count))
        for item in items { item.encode(into: &writer) }
        writer.bytes(tail)
        return writer.finish()
    }

    /// `payload` is the whole entry or any part of it that holds the prefix; kind and version have been read.
    init(payload: ByteSlice) throws(DecodeError) {
        let (table, tail) = try Self.decode(payload)
        if !tail.isEmpty { throw .badLength(position: 2, length: Int64(table.prefixLength + tail.count)) }
        self = table
    }

    /// The table, and what lies between its rows and the first batch.
    static func decode(_ payload: ByteSlice) throws(DecodeError) -> (table: ProduceTable, tail: ByteSlice) {
        var reader = ByteReader(payload)
        try reader.skip(2)
        let prefixLength = Int(try reader.uint32())
        let count = Int(try reader.uint32())
        try reader.requireElements(count, minimumSize: ProduceItem.encodedSize)
        let tailLength = prefixLength - headerSize - count * ProduceItem.encodedSize
        if tailLength < 0 { throw .badLength(position: 2, length: Int64(prefixLength)) }
        try reader.skip(count * ProduceItem.encodedSize)
        let tail = try reader.bytes(tailLength)
        var items: [ProduceItem] = []
        items.reserveCapacity(count)
        var position = prefixLength
        for row in 0..<count {
            let item = try ProduceItem(payload, at: headerSize + row * ProduceItem.encodedSize)
            if Int(item.position) != position { throw .badValue("position", Int64(item.position)) }
            position += Int(item.length)
            if item.length == 0 || position > Int(UInt32.max) { throw .badValue("length", Int64(item.length)) }
            items.append(item)
        }
        return (ProduceTable(items: items), tail)
    }
}
