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
        self.init(disk, file, end: try disk.size(file), windowSize: windowSize)
    }

    /// Reads nothing from `end` on.
    init(_ disk: any Disk, _ file: DiskFile, end: UInt64, windowSize: Int) {
        self.disk = disk
        self.file = file
        self.windowSize = windowSize
        size = end
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
            let step = min(count - done, held(from: offset + UInt64(done)) ?? windowSize)
            guard let part = try bytes(at: offset + UInt64(done), count: step) else { return nil }
            sum = CRC32C.checksum(part, continuing: sum)
            done += step
        }
        return sum
    }

    /// Bytes of the buffer from `offset` on; nil if there are none.
    private func held(from offset: UInt64) -> Int? {
        guard offset >= start, offset < start + UInt64(buffer.count) else { return nil }
        return buffer.count - Int(offset - start)
    }

    /// Whether entry `index` lies at its place as it was written, header and payload.
    mutating func holds(_ slot: EntrySlot, index: UInt64) throws(DiskFailure) -> Bool {
        guard let bytes = try bytes(at: slot.headerOffset, count: EntryHeader.size),
            let header = EntryHeader.decode(bytes), header.index == index, header.chain == slot.chain,
            header.payloadLength == Int(slot.payloadLength)
        else { return false }
        return try checksum(at: slot.headerOffset + UInt64(EntryHeader.size), count: header.payloadLength)
            == header.payloadChecksum
    }
}
