import Bytes
import Ports

/// The format of a snapshot file.
///
///      0 magic u32 | 4 CRC-32C of bytes 8 ..< 72 | 8 version u32 | 12 group u32 | 16 index u64 | 24 term u64
///     32 chain u64 | 40 state length u64 | 48 state CRC-32C u32 | 52 membership length u32
///     56 membership CRC-32C u32 | 60 chunk size u32 | 64 base epoch u32 | 68 four zero bytes | 72 membership
///     then the state in chunks: length u32, CRC-32C u32, bytes
enum SnapshotFile {
    static let magic: UInt32 = 0x4846_7031
    static let version: UInt32 = 1
    static let headerSize = 72
    static let chunkSize = 1 << 20
    static let maximumMembership: UInt32 = 1 << 20

    /// Writes header, membership and state to `file`; answers the file's size.
    static func write(
        _ disk: any Disk, _ file: DiskFile, group: UInt32, point: LogPoint, baseEpoch: UInt32, membership: ByteSlice,
        state: [ByteSlice]
    ) throws(DiskFailure) -> SnapshotMetadata {
        var length = 0
        for piece in state { length += piece.count }
        let checksum = CRC32C.checksum(state)
        var metadata = SnapshotMetadata(
            index: point.index, term: point.term, chain: point.chain, baseEpoch: baseEpoch, membership: membership,
            stateLength: UInt64(length), stateChecksum: checksum, fileSize: 0, path: "")
        let header = encodeHeader(metadata, group: group)
        try disk.write(file, offset: 0, [header, membership])
        var offset = UInt64(headerSize + membership.count)
        for piece in state {
            var rest = piece
            while !rest.isEmpty {
                let part = rest.slice(0, min(rest.count, chunkSize))
                var prefix = ByteWriter(capacity: 8)
                prefix.uint32(UInt32(part.count))
                prefix.uint32(CRC32C.checksum(part))
                try disk.write(file, offset: offset, [prefix.finish(), part])
                offset += UInt64(8 + part.count)
                rest = rest.dropFirst(part.count)
            }
        }
        metadata.fileSize = offset
        return metadata
    }

    private static func encodeHeader(_ metadata: SnapshotMetadata, group: UInt32) -> ByteSlice {
        var writer = ByteWriter(capacity: headerSize)
        writer.uint32(magic)
        writer.uint32(0)
        writer.uint32(version)
        writer.uint32(group)
        writer.uint64(metadata.index)
        writer.uint64(metadata.term)
        writer.uint64(metadata.chain)
        writer.uint64(metadata.stateLength)
        writer.uint32(metadata.stateChecksum)
        writer.uint32(UInt32(metadata.membership.count))
        writer.uint32(CRC32C.checksum(metadata.membership))
        writer.uint32(UInt32(chunkSize))
        writer.uint32(metadata.baseEpoch)
        writer.uint32(0)
        writer.patch(writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }, at: 4)
        return writer.finish()
    }

    /// What a snapshot file holds, or why it cannot be used.
    enum Content {
        case intact(SnapshotMetadata, state: ByteSlice)
        case damaged(String)
    }

    /// Reads and verifies a whole file. The state is kept only if `keepsState`.
    static func read(
        _ disk: any Disk, path: String, group: UInt32, keepsState: Bool
    ) throws(DiskFailure) -> Content {
        let file = try disk.open(path, .readOnly)
        defer { disk.close(file) }
        var window = try FileWindow(disk, file)
        guard let header = try window.bytes(at: 0, count: headerSize), header.uint32(at: 0) == magic,
            header.uint32(at: 4) == CRC32C.checksum(header.slice(8, headerSize - 8)),
            header.uint32(at: 8) == version
        else { return .damaged("header checksum") }
        guard header.uint32(at: 12) == group else { return .damaged("of another group") }
        let membershipLength = header.uint32(at: 52)
        guard membershipLength <= maximumMembership,
            let membership = try window.bytes(at: UInt64(headerSize), count: Int(membershipLength)),
            CRC32C.checksum(membership) == header.uint32(at: 56)
        else { return .damaged("membership checksum") }
        let metadata = SnapshotMetadata(
            index: header.uint64(at: 16), term: header.uint64(at: 24),
            chain: header.uint64(at: 32), baseEpoch: header.uint32(at: 64),
            membership: membership.detached(),
            stateLength: header.uint64(at: 40), stateChecksum: header.uint32(at: 48),
            fileSize: window.size, path: path)
        guard metadata.stateLength <= window.size else { return .damaged("truncated") }
        return try readState(&window, metadata, keepsState: keepsState)
    }

    private static func readState(
        _ window: inout FileWindow, _ metadata: SnapshotMetadata, keepsState: Bool
    ) throws(DiskFailure) -> Content {
        var writer = ByteWriter(capacity: keepsState ? Int(metadata.stateLength) : 0)
        var offset = UInt64(headerSize + metadata.membership.count)
        var total: UInt64 = 0
        var sum: UInt32 = 0
        while offset < window.size {
            guard let prefix = try window.bytes(at: offset, count: 8) else { return .damaged("truncated") }
            let length = prefix.uint32(at: 0)
            let checksum = prefix.uint32(at: 4)
            guard length > 0, length <= UInt32(chunkSize),
                let bytes = try window.bytes(at: offset + 8, count: Int(length)), CRC32C.checksum(bytes) == checksum
            else { return .damaged("chunk checksum at byte \(offset)") }
            sum = CRC32C.checksum(bytes, continuing: sum)
            if keepsState { writer.bytes(bytes) }
            total += UInt64(length)
            offset += 8 + UInt64(length)
        }
        guard total == metadata.stateLength, sum == metadata.stateChecksum else { return .damaged("state checksum") }
        return .intact(metadata, state: writer.finish())
    }
}
