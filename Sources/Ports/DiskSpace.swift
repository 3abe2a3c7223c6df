/// How much room a file system has.
package struct DiskSpace: Equatable, Sendable {
    /// Bytes that an ordinary process can still write.
    package let free: UInt64
    /// Bytes that the file system has in all.
    package let total: UInt64

    package init(free: UInt64, total: UInt64) {
        self.free = free
        self.total = total
    }
}
