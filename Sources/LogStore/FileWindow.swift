import Bytes
import Ports

/// Reads a file front to back through one buffer.
struct FileWindow {
    let disk: any Disk
    let file: DiskFile
    let size: UInt64
    private let windowSize: Int
    private var buffer = ByteSlice.empty
    private var start: UInt64 = 0

    init(_ disk: any Disk, _ file: DiskFile, windowSize: Int = 1 << 20) throws(DiskFailure) {
        self.disk = disk
        self.file = file
        self.windowSize = windowSize
        size = try disk.size(file)
    }

    /// `count` bytes at `offset`; nil if the file does not have them.
    mutating func bytes(at offset: UInt64, count: Int) throws(DiskFailure) -> ByteSlice? {
        guard offset <= size, UInt64(count) <= size - offset else { return nil }
        if offset < start || offset + UInt64(count) > start + UInt64(buffer.count) {
            let wanted = min(UInt64(max(count, windowSize)), size - offset)
            buffer = try disk.read(file, offset: offset, count: Int(wanted))
            start = offset
        }
        guard offset + UInt64(count) <= start + UInt64(buffer.count) else { return nil }
        return buffer.slice(Int(offset - start), count)
    }

    /// CRC-32C of `count` bytes at `offset`; nil if the file does not have them.
    mutating func checksum(at offset: UInt64, count: Int) throws(DiskFailure) -> UInt32? {
        guard offset <= size, UInt64(count) <= size - offset else { return nil }
        var sum: UInt32 = 0
        var done = 0
        while done < count {
            let step = min(count - done, windowSize)
            guard let part = try bytes(at: offset + UInt64(done), count: step) else { return nil }
            sum = CRC32C.checksum(part, continuing: sum)
            done += step
        }
        return sum
    }
}
