import Bytes

/// The start of a segment file: the same 72 bytes at 0 and at 4096, so that one bad block does not hide the salt;
/// entries start at 8192.
///
///      0 magic u32 | 4 CRC-32C of bytes 8 ..< 72 | 8 version u32 | 12 group u32 | 16 first index u64 | 24 salt u64
///     32 previous chain u64 | 40 previous term u64 | 48 previous length u32 | 52 previous payload CRC-32C u32
///     56 epoch u32 | 60 flags u32 | 64 first index of the segment before u64
struct SegmentHeader: Equatable {
    static let size = 72
    static let copyOffset: UInt64 = 4096
    static let regionSize: UInt64 = 8192
    static let magic: UInt32 = 0x4846_7331
    static let version: UInt32 = 1

    var group: UInt32
    var first: UInt64
    /// Fresh for every use of a file; every entry repeats it, so a recycled file's old bytes are never read as entries.
    var salt: UInt64
    /// Of entry `first - 1`.
    var previousChain: UInt64
    var previous: EntryIdentity
    var epoch: UInt32
    /// First index of the segment before this one, 0 if none: tells a lost segment from lost entries.
    var previousFirst: UInt64

    /// The whole header region.
    func encode() -> ByteSlice {
        var copy = ByteWriter(capacity: SegmentHeader.size)
        copy.uint32(SegmentHeader.magic)
        copy.uint32(0)
        copy.uint32(SegmentHeader.version)
        copy.uint32(group)
        copy.uint64(first)
        copy.uint64(salt)
        copy.uint64(previousChain)
        previous.encode(into: &copy)
        copy.uint32(epoch)
        copy.uint32(previous.isKnown ? 1 : 0)
        copy.uint64(previousFirst)
        copy.patch(copy.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }, at: 4)
        let header = copy.finish()
        let region = ByteStorage(capacity: Int(SegmentHeader.regionSize))
        region.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        for offset in [0, Int(SegmentHeader.copyOffset)] {
            let target = UnsafeMutableRawBufferPointer(rebasing: region.bytes[offset...])
            header.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        return ByteSlice(storage: region, lower: 0, count: region.capacity)
    }

    /// One copy of the header; nil unless magic, version and checksum are right.
    static func decode(_ slice: ByteSlice) -> SegmentHeader? {
        guard slice.count >= size, slice.uint32(at: 0) == magic,
            slice.uint32(at: 4) == CRC32C.checksum(slice.slice(8, size - 8)),
            slice.uint32(at: 8) == version
        else { return nil }
        return SegmentHeader(
            group: slice.uint32(at: 12), first: slice.uint64(at: 16),
            salt: slice.uint64(at: 24), previousChain: slice.uint64(at: 32),
            previous: EntryIdentity.decode(
                slice.slice(40, EntryIdentity.size), isKnown: slice.uint32(at: 60) & 1 == 1),
            epoch: slice.uint32(at: 56), previousFirst: slice.uint64(at: 64))
    }
}
