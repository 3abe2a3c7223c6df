/// Builds big-endian fields into growing memory; `finish` gives the result without a copy.
package struct ByteWriter {
    @usableFromInline package var storage: ByteStorage
    package var count: Int

    @inlinable package init(capacity: Int = 256) {
        storage = ByteStorage(capacity: capacity)
        count = 0
    }

    @inlinable package mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) {
        let width = MemoryLayout<Integer>.size
        reserve(width)
        (storage.base + count).storeBytes(of: value.bigEndian, as: Integer.self)
        count += width
    }

    @inlinable package mutating func uint8(_ value: UInt8) { integer(value) }
    @inlinable package mutating func int8(_ value: Int8) { integer(value) }
    @inlinable package mutating func int16(_ value: Int16) { integer(value) }
    @inlinable package mutating func uint16(_ value: UInt16) { integer(value) }
    @inlinable package mutating func int32(_ value: Int32) { integer(value) }
    @inlinable package mutating func uint32(_ value: UInt32) { integer(value) }
    @inlinable package mutating func int64(_ value: Int64) { integer(value) }
    @inlinable package mutating func uint64(_ value: UInt64) { integer(value) }

    /// Base-128 integer, least significant group first.
    @inlinable package mutating func unsignedVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            uint8(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        uint8(UInt8(rest))
    }

    /// Zigzag-encoded base-128 integer.
    @inlinable package mutating func varint(_ value: Int64) {
        unsignedVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inlinable package mutating func bytes(_ slice: ByteSlice) {
        slice.withUnsafeBytes { bytes($0) }
    }

    @inlinable package mutating func bytes(_ source: UnsafeRawBufferPointer) {
        reserve(source.count)
        UnsafeMutableRawBufferPointer(start: storage.base + count, count: source.count).copyMemory(from: source)
        count += source.count
    }

    @inlinable package mutating func bytes(_ source: [UInt8]) {
        source.withUnsafeBytes { bytes($0) }
    }

    @inlinable package mutating func text(_ string: String) {
        var string = string
        string.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    @inlinable package mutating func zeros(_ length: Int) {
        reserve(length)
        (storage.base + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
        count += length
    }

    /// Overwrites an integer already written at `position`, for lengths and checksums known only at the end.
    @inlinable package mutating func patch<Integer: FixedWidthInteger>(_ value: Integer, at position: Int) {
        precondition(
            position >= 0 && position + MemoryLayout<Integer>.size <= count,
            "ByteWriter: patch at \(position) of \(count)")
        (storage.base + position).storeBytes(of: value.bigEndian, as: Integer.self)
    }

    /// What has been written so far, to compute a checksum over; not kept.
    @inlinable package func withWrittenBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: storage.base, count: count))
    }

    /// The bytes written. The writer starts empty on new memory afterwards.
    @inlinable package mutating func finish() -> ByteSlice {
        let result = ByteSlice(storage: storage, lower: 0, count: count)
        storage = ByteStorage(capacity: 0)
        count = 0
        return result
    }

    @inlinable package mutating func reserve(_ extra: Int) {
        if storage.capacity - count < extra { grow(extra) }
    }

    @usableFromInline package mutating func grow(_ extra: Int) {
        let larger = ByteStorage(capacity: max(count + extra, storage.capacity * 2, 64))
        larger.base.copyMemory(from: storage.base, byteCount: count)
        storage = larger
    }
}
