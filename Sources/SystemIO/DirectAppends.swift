import Bytes
import CSystem
import Glibc
import Ports

/// Writes small appends past the page cache (O_DIRECT). Measured on ext4 with three writers: one page and its
/// `fdatasync` take two thirds of the time that they take through the cache, and less than half of the processor.
/// Large ones go through it, so that consumers that are a little behind find them there.
///
/// A direct write is made of whole pages. What a file has in the page in which its log ends is therefore kept here; it
/// is known after a write through here that ended with a page, and while nobody else writes to the file.
///
/// Used by the log-writer thread only.
final class DirectAppends {
    /// A larger write goes through the cache.
    static let maximumBytes = 64 << 10
    private static let page = 4096

    /// A page and more, aligned; the known page is at its beginning.
    private let memory: UnsafeMutableRawPointer
    private var file: DiskFile?
    private var descriptor: Descriptor = .notOpened
    /// Where in `file` the known page is.
    private var known: UInt64?

    private enum Descriptor {
        case notOpened
        case opened(Int32)
        /// The file system has no direct writes, or not for this.
        case refused
    }

    init() {
        memory = UnsafeMutableRawPointer.allocate(byteCount: Self.maximumBytes, alignment: Self.page)
    }

    deinit {
        closeDescriptor()
        memory.deallocate()
    }

    /// False if these are not for a direct write; then `wrote` is to be told.
    func write(_ pieces: [ByteSlice], from offset: UInt64, to end: UInt64, of id: DiskFile, _ open: OpenFile)
        throws(DiskFailure) -> Bool
    {
        let head = Int(offset % UInt64(Self.page))
        let first = offset - UInt64(head)
        guard end % UInt64(Self.page) == 0, end - first <= UInt64(Self.maximumBytes), end > offset,
            head == 0 || (file == id && known == first)
        else { return false }
        select(id)
        guard let direct = direct(open) else { return false }
        copy(pieces, to: head)
        known = nil
        guard try write(Int(end - first), at: first, direct, open) else { return false }
        keep(lastPageOf: Int(end - first), endingAt: end)
        return true
    }

    /// Somebody else has written these.
    func wrote(_ pieces: [ByteSlice], from offset: UInt64, to end: UInt64, of id: DiskFile) {
        let page = UInt64(Self.page)
        let last = end >= page ? end - page : 0
        let isWhole = offset <= last || (file == id && known == last)
        guard end % page == 0, end > offset, isWhole else {
            if file == id { known = nil }
            return
        }
        select(id)
        if offset > last {
            copy(pieces, to: Int(offset - last))
        } else {
            copyEnd(of: pieces)
        }
        known = last
    }

    func forget(_ id: DiskFile) {
        if file == id { select(nil) }
    }

    private func select(_ id: DiskFile?) {
        guard file != id else { return }
        closeDescriptor()
        file = id
        known = nil
    }

    private func closeDescriptor() {
        if case .opened(let number) = descriptor { holdfast_close(number) }
        descriptor = .notOpened
    }

    private func direct(_ open: OpenFile) -> Int32? {
        if case .notOpened = descriptor {
            let number = holdfast_reopen_direct(open.descriptor)
            descriptor = number >= 0 ? .opened(number) : .refused
        }
        guard case .opened(let number) = descriptor else { return nil }
        return number
    }

    /// False, with nothing written, if the file system does not take it.
    private func write(_ count: Int, at offset: UInt64, _ direct: Int32, _ open: OpenFile) throws(DiskFailure) -> Bool {
        var done = 0
        while done < count {
            var piece = holdfast_piece(base: memory + done, length: count - done)
            let written = holdfast_pwrite_pieces(direct, &piece, 1, offset + UInt64(done))
            if written == -Int(EINVAL), done == 0 {
                closeDescriptor()
                descriptor = .refused
                return false
            }
            if written < 0 { throw open.failure("write", written) }
            if written == 0 { throw open.failure("write", -Int(EIO)) }
            done += written
        }
        return true
    }

    private func keep(lastPageOf count: Int, endingAt end: UInt64) {
        if count > Self.page { memory.copyMemory(from: memory + (count - Self.page), byteCount: Self.page) }
        known = end - UInt64(Self.page)
    }

    private func copy(_ pieces: [ByteSlice], to start: Int) {
        var place = memory + start
        for piece in pieces {
            let bytes = piece.unsafeBytes
            if let base = bytes.baseAddress { place.copyMemory(from: base, byteCount: bytes.count) }
            place += bytes.count
        }
    }

    /// The last page of what `pieces` hold.
    private func copyEnd(of pieces: [ByteSlice]) {
        var missing = Self.page
        for piece in pieces.reversed() where missing > 0 {
            let bytes = piece.unsafeBytes
            let count = min(missing, bytes.count)
            missing -= count
            if let base = bytes.baseAddress {
                (memory + missing).copyMemory(from: base + (bytes.count - count), byteCount: count)
            }
        }
    }
}
