import Ports

/// Where an entry lies in its segment: 16 bytes of memory per entry.
struct EntrySlot {
    /// Header offset in units of `EntryHeader.alignment`; `unknown` when a damaged header has hidden it.
    var place: UInt32
    var payloadLength: UInt32
    var chain: UInt64

    static let unknown = UInt32.max

    /// Place, length and chain value are known; the payload may still be damaged.
    var isPlaced: Bool { place != EntrySlot.unknown }
    var headerOffset: UInt64 { UInt64(place) * UInt64(EntryHeader.alignment) }

    static func place(of headerOffset: UInt64) -> UInt32 {
        UInt32(headerOffset / UInt64(EntryHeader.alignment))
    }
}

/// A segment file of the log, open for as long as the log has it.
final class Segment {
    let file: DiskFile
    var header: SegmentHeader
    /// Entry `header.first + i` at position i.
    var slots: [EntrySlot]
    /// Where the next entry's header goes.
    var end: UInt64
    var hasSidecar: Bool
    /// What the owner derives from the segment's entries is in a file next to it.
    var hasRows: Bool
    /// Written before this process began, so what is read of it comes from the disk and is verified.
    var isFromBefore: Bool
    /// Some of it is damaged: it is neither given a sidecar nor recycled, only removed.
    var isDamaged: Bool

    init(file: DiskFile, header: SegmentHeader) {
        self.file = file
        self.header = header
        slots = []
        end = SegmentHeader.regionSize
        hasSidecar = false
        hasRows = false
        isFromBefore = false
        isDamaged = false
    }

    var first: UInt64 { header.first }
    /// `first - 1` while the segment is empty.
    var last: UInt64 { header.first + UInt64(slots.count) - 1 }
    var name: String { FileNames.segment(header.first) }
}

/// A prepared or recycled file, waiting to become a segment.
struct SpareSegment {
    let file: DiskFile
    let name: String
}
