import Bytes
import CSystem
import Glibc
import Ports

extension OpenFile {
    /// The most iovecs the kernel takes in one call (UIO_MAXIOV).
    private static let maximumPieces = 1024
    /// While preallocating through the page cache, the device gets to work after so many bytes: one long flush at the
    /// end would hold up the log's own flushes behind it.
    private static let zeroFlush = 8 << 20
    /// What direct writes must be aligned to.
    private static let block: UInt64 = 4096

    func read(offset: UInt64, count: Int) throws(DiskFailure) -> ByteSlice {
        try checkOffset("read", offset, count)
        let storage = ByteStorage(capacity: max(count, 0))
        var done = 0
        while done < count {
            let result = holdfast_pread(descriptor, storage.base + done, count - done, offset + UInt64(done))
            if result < 0 { throw failure("read", result) }
            if result == 0 { break }
            done += result
        }
        return ByteSlice(storage: storage, lower: 0, count: done)
    }

    /// All of `pieces` from `offset`, in as few system calls as the kernel's limits allow.
    func write(offset: UInt64, _ pieces: [ByteSlice]) throws(DiskFailure) {
        var total = 0
        for piece in pieces { total += piece.count }
        try checkOffset("write", offset, total)
        var done = 0
        var first = 0
        var skipped = 0
        while done < total {
            let written = gather(pieces, from: first, skipping: skipped, at: offset + UInt64(done))
            if written < 0 { throw failure("write", written) }
            // A write that takes nothing and names no reason would be repeated for ever.
            if written == 0 { throw failure("write", -Int(EIO)) }
            done += written
            skipped += written
            while first < pieces.count, skipped >= pieces[first].count {
                skipped -= pieces[first].count
                first += 1
            }
        }
    }

    private func gather(_ pieces: [ByteSlice], from first: Int, skipping: Int, at position: UInt64) -> Int {
        withUnsafeTemporaryAllocation(of: holdfast_piece.self, capacity: Self.maximumPieces) { vector in
            var used = 0
            var index = first
            while index < pieces.count, used < Self.maximumPieces {
                let bytes = pieces[index].unsafeBytes
                let skip = index == first ? skipping : 0
                if bytes.count > skip {
                    vector.initializeElement(
                        at: used,
                        to: holdfast_piece(base: bytes.baseAddress?.advanced(by: skip), length: bytes.count - skip))
                    used += 1
                }
                index += 1
            }
            return withExtendedLifetime(pieces) {
                holdfast_pwrite_pieces(descriptor, vector.baseAddress, Int32(used), position)
            }
        }
    }

    func flush() throws(DiskFailure) {
        let result = holdfast_fdatasync(descriptor)
        if result < 0 { throw failure("fdatasync", Int(result)) }
    }

    func preallocate(size: UInt64) throws(DiskFailure) {
        try checkOffset("preallocate", size, 0)
        let reserved = holdfast_fallocate(descriptor, size)
        if reserved == -EOPNOTSUPP {
            try extend(to: size)
        } else if reserved < 0 {
            throw failure("fallocate", Int(reserved))
        }
        // Past the page cache where the file system allows it: copying zeros into memory first was a third of what a
        // busy node did, and the log writes whole pages over them anyway.
        let direct = holdfast_reopen_direct(descriptor)
        defer { if direct >= 0 { holdfast_close(direct) } }
        var position: UInt64 = 0
        var sinceFlush = 0
        while let hole = try nextUnwritten(from: position, below: size) {
            let written = try writeZeros(hole, direct: direct)
            position = hole.lowerBound + UInt64(written)
            sinceFlush += written
            if direct < 0 && sinceFlush >= Self.zeroFlush {
                try flush()
                sinceFlush = 0
            }
        }
    }

    /// Writes zeros over the beginning of `range`; the number of bytes.
    private func writeZeros(_ range: Range<UInt64>, direct: Int32) throws(DiskFailure) -> Int {
        let length = range.upperBound - range.lowerBound
        let isAligned = range.lowerBound % Self.block == 0 && length % Self.block == 0
        let target = direct >= 0 && isAligned ? direct : descriptor
        let written = holdfast_write_zeros(target, range.lowerBound, Int(min(length, UInt64(HOLDFAST_ZERO_PIECE))))
        if written < 0 { throw failure("write", written) }
        if written == 0 { throw failure("write", -Int(EIO)) }
        return written
    }

    private func extend(to size: UInt64) throws(DiskFailure) {
        var status = holdfast_file_status()
        let known = holdfast_status(descriptor, &status)
        if known < 0 { throw failure("size", Int(known)) }
        guard status.size < size else { return }
        let result = holdfast_ftruncate(descriptor, size)
        if result < 0 { throw failure("truncate", Int(result)) }
    }

    /// The first range that is a hole or reserved but never written, as the file system reports it (SEEK_HOLE).
    private func nextUnwritten(from start: UInt64, below size: UInt64) throws(DiskFailure) -> Range<UInt64>? {
        guard start < size else { return nil }
        let hole = holdfast_seek_hole(descriptor, start)
        if hole == -Int64(ENXIO) { return nil }
        if hole < 0 { throw failure("seek", Int(hole)) }
        guard UInt64(hole) < size else { return nil }
        let data = holdfast_seek_data(descriptor, UInt64(hole))
        if data == -Int64(ENXIO) { return UInt64(hole)..<size }
        if data < 0 { throw failure("seek", Int(data)) }
        return UInt64(hole)..<min(max(UInt64(data), UInt64(hole) + 1), size)
    }
}
