/// A counted reference to a range of bytes: copying a slice copies the reference, never the bytes.
package struct ByteSlice: Sendable {
    @usableFromInline package let storage: ByteStorage
    @usableFromInline package let lower: Int
    package let count: Int

    @inlinable package init(storage: ByteStorage, lower: Int, count: Int) {
        precondition(
            lower >= 0 && count >= 0 && lower <= storage.capacity - count,
            "ByteSlice: \(lower)+\(count) of \(storage.capacity)")
        self.storage = storage
        self.lower = lower
        self.count = count
    }

    package static let empty = ByteSlice(storage: ByteStorage(capacity: 0), lower: 0, count: 0)

    package init(_ bytes: some Collection<UInt8>) {
        let storage = ByteStorage(capacity: bytes.count)
        storage.bytes.copyBytes(from: bytes)
        self.init(storage: storage, lower: 0, count: bytes.count)
    }

    package init(utf8 string: String) { self.init(Array(string.utf8)) }

    @inlinable package var isEmpty: Bool { count == 0 }

    /// The bytes, valid while this slice (or another on the same storage) is alive.
    @inlinable package var unsafeBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(storage.base) + lower, count: count)
    }

    @inlinable package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(unsafeBytes)
    }

    @inlinable package subscript(position: Int) -> UInt8 {
        precondition(position >= 0 && position < count, "ByteSlice: byte \(position) of \(count)")
        return (storage.base + lower + position).load(as: UInt8.self)
    }

    /// `length` bytes from `offset`; both must lie inside the slice (decoders use `ByteReader`, which throws).
    @inlinable package func slice(_ offset: Int, _ length: Int) -> ByteSlice {
        precondition(
            offset >= 0 && length >= 0 && offset <= count - length, "ByteSlice: \(offset)+\(length) of \(count)")
        return ByteSlice(storage: storage, lower: lower + offset, count: length)
    }

    @inlinable package func dropFirst(_ length: Int) -> ByteSlice { slice(length, count - length) }

    package var array: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The bytes as text, with U+FFFD where they are not UTF-8.
    package var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    /// A copy on storage of its own, so that a small slice does not keep a large receive buffer alive.
    package func detached() -> ByteSlice { withUnsafeBytes { ByteSlice($0) } }

    /// Big-endian integer at `offset`, which must lie inside the slice.
    @inlinable package func load<Integer: FixedWidthInteger>(_ offset: Int, as type: Integer.Type) -> Integer {
        let width = MemoryLayout<Integer>.size
        precondition(offset >= 0 && offset <= count - width, "ByteSlice: \(width) bytes at \(offset) of \(count)")
        return Integer(bigEndian: (storage.base + lower + offset).loadUnaligned(as: Integer.self))
    }
}

extension ByteSlice: Equatable {
    package static func == (left: ByteSlice, right: ByteSlice) -> Bool {
        left.count == right.count && left.unsafeBytes.elementsEqual(right.unsafeBytes)
    }
}

extension ByteSlice: CustomStringConvertible {
    package var description: String { "\(count) bytes" }
}
