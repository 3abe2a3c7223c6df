/// Reads big-endian fields from a slice. Every read is checked against what remains; wire data can make it throw,
/// never trap.
package struct ByteReader {
    package let slice: ByteSlice
    package var position: Int

    @inlinable package init(_ slice: ByteSlice) {
        self.slice = slice
        position = 0
    }

    @inlinable package var remaining: Int { slice.count - position }
    @inlinable package var isAtEnd: Bool { position == slice.count }

    @inlinable package mutating func integer<Integer: FixedWidthInteger>(
        _ type: Integer.Type
    ) throws(DecodeError) -> Integer {
        let width = MemoryLayout<Integer>.size
        try require(width)
        let value = slice.load(position, as: type)
        position += width
        return value
    }

    @inlinable package mutating func uint8() throws(DecodeError) -> UInt8 { try integer(UInt8.self) }
    @inlinable package mutating func int8() throws(DecodeError) -> Int8 { try integer(Int8.self) }
    @inlinable package mutating func int16() throws(DecodeError) -> Int16 { try integer(Int16.self) }
    @inlinable package mutating func uint16() throws(DecodeError) -> UInt16 { try integer(UInt16.self) }
    @inlinable package mutating func int32() throws(DecodeError) -> Int32 { try integer(Int32.self) }
    @inlinable package mutating func uint32() throws(DecodeError) -> UInt32 { try integer(UInt32.self) }
    @inlinable package mutating func int64() throws(DecodeError) -> Int64 { try integer(Int64.self) }
    @inlinable package mutating func uint64() throws(DecodeError) -> UInt64 { try integer(UInt64.self) }

    /// Base-128 integer, least significant group first, at most `UInt64` wide.
    @inlinable package mutating func unsignedVarint() throws(DecodeError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8()
            if shift == 63 && byte > 1 { throw .badVarint(position: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
            if shift > 63 { throw .badVarint(position: start) }
        }
    }

    /// Zigzag-encoded base-128 integer.
    @inlinable package mutating func varint() throws(DecodeError) -> Int64 {
        let raw = try unsignedVarint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// The next `count` bytes, by reference.
    @inlinable package mutating func bytes(_ count: Int) throws(DecodeError) -> ByteSlice {
        guard count >= 0 else { throw .badLength(position: position, length: Int64(count)) }
        try require(count)
        defer { position += count }
        return slice.slice(position, count)
    }

    @inlinable package mutating func skip(_ count: Int) throws(DecodeError) {
        guard count >= 0 else { throw .badLength(position: position, length: Int64(count)) }
        try require(count)
        position += count
    }

    /// `count` bytes of UTF-8.
    @inlinable package mutating func text(_ count: Int) throws(DecodeError) -> String {
        let start = position
        let raw = try bytes(count)
        guard let text = raw.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
            throw .badText(position: start)
        }
        return text
    }

    /// Checks that `count` elements of at least `minimumSize` bytes each can still follow, before memory is taken.
    @inlinable package func requireElements(_ count: Int, minimumSize: Int) throws(DecodeError) {
        guard count >= 0, count <= remaining / max(minimumSize, 1) else {
            throw .badLength(position: position, length: Int64(count))
        }
    }

    @inlinable package func requireEnd() throws(DecodeError) {
        if remaining != 0 { throw .trailing(position: position, count: remaining) }
    }

    @inlinable package func require(_ needed: Int) throws(DecodeError) {
        if needed > remaining { throw .truncated(position: position, needed: needed, available: remaining) }
    }
}
