import Bytes
import Ports

/// Reads entries in order with blocking calls, for start-up. Every payload is verified.
package struct LogReplay {
    private let disk: any Disk
    private let directory: String
    private let segments: [Segment]
    private let last: UInt64
    private var position = 0
    private var window: FileWindow?
    /// The entry that comes next.
    package private(set) var nextIndex: UInt64

    init(_ disk: any Disk, directory: String, segments: [Segment], from first: UInt64, through last: UInt64) {
        self.disk = disk
        self.directory = directory
        self.segments = segments
        self.last = last
        nextIndex = first
    }

    /// The next entry, or nil at the end. Throws `.damaged` at a damaged entry, and again if called again.
    package mutating func next() throws(LogStoreError) -> LogEntry? {
        guard nextIndex <= last else { return nil }
        while segments[position].last < nextIndex {
            position += 1
            window = nil
        }
        let segment = segments[position]
        let path = directory + "/" + segment.name
        let slot = segment.slots[Int(nextIndex - segment.first)]
        guard slot.isPlaced else { throw .damaged(path: path, index: nextIndex) }
        let index = nextIndex
        let entry = try onDisk { () throws(DiskFailure) in
            try readEntry(slot, of: segment, index: index)
        }
        guard let entry else { throw .damaged(path: path, index: nextIndex) }
        nextIndex += 1
        return entry
    }

    private mutating func readEntry(
        _ slot: EntrySlot, of segment: Segment, index: UInt64
    ) throws(DiskFailure) -> LogEntry? {
        var window: FileWindow
        if let open = self.window { window = open } else { window = try FileWindow(disk, segment.file) }
        self.window = nil
        defer { self.window = window }
        let count = EntryHeader.size + Int(slot.payloadLength)
        guard let bytes = try window.bytes(at: slot.headerOffset, count: count),
            let header = EntryHeader.decode(bytes), header.index == index, header.chain == slot.chain,
            header.payloadLength == Int(slot.payloadLength)
        else { return nil }
        let payload = bytes.slice(EntryHeader.size, header.payloadLength)
        return CRC32C.checksum(payload) == header.payloadChecksum ? LogEntry(header, payload: payload) : nil
    }
}
