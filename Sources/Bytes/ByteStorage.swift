/// Fixed-capacity memory that one or more `ByteSlice`s look into. Written by its creator before it is shared, and
/// only read afterwards; that discipline is what makes it safe to hand to another thread.
package final class ByteStorage: @unchecked Sendable {
    @usableFromInline package let base: UnsafeMutableRawPointer
    @usableFromInline package let capacity: Int

    package init(capacity: Int) {
        precondition(capacity >= 0, "ByteStorage: capacity \(capacity)")
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
    }

    deinit { base.deallocate() }

    @inlinable package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: capacity)
    }
}
