import Bytes
import Planted
import Ports

/// Collects entries that go to one file from one offset on into a single write: headers and small payloads
/// copied next to each other, large payloads by reference.
struct WriteBatch {
    let file: DiskFile
    let start: UInt64
    /// What makes the file findable, after its contents are durable.
    let naming: [DiskOperation]
    private(set) var length = 0
    private var pieces: [ByteSlice] = []
    private var writer: ByteWriter
    private let copyThreshold: Int

    /// What a write is filled up to with zeros. The page behind the log's end is then written whole; a part of it would
    /// make the kernel read the rest from the device first, in the middle of an acknowledgement.
    private static let page: UInt64 = 4096
    private static let zeroPage = ByteSlice([UInt8](repeating: 0, count: Int(page)))

    init(file: DiskFile, start: UInt64, capacity: Int, copyThreshold: Int, naming: [DiskOperation] = []) {
        self.naming = naming
        self.file = file
        self.start = start
        self.copyThreshold = copyThreshold
        writer = ByteWriter(capacity: capacity)
    }

    var end: UInt64 { start + UInt64(length) }
    var isEmpty: Bool { length == 0 }

    mutating func append(_ piece: ByteSlice) {
        flushCopied()
        pieces.append(piece)
        length += piece.count
    }

    mutating func append(_ header: EntryHeader, payload: [ByteSlice]) {
        header.encode(into: &writer)
        for piece in payload {
            if piece.count <= copyThreshold {
                writer.bytes(piece)
            } else {
                flushCopied()
                pieces.append(piece)
            }
        }
        let span = Int(header.span)
        writer.zeros(span - EntryHeader.size - header.payloadLength)
        length += span
    }

    /// The write, its sync, unless that is to come later, and the naming; nothing if there was nothing to write.
    ///
    /// The last page is filled with zeros if it lies below `limit`, where nothing but preallocated zeros or the
    /// remains of dropped entries can be.
    mutating func finish(limit: UInt64, isSynced: Bool = true) -> [DiskOperation] {
        if isEmpty { return [] }
        flushCopied()
        let rest = (Self.page - end % Self.page) % Self.page
        if rest > 0, end + rest <= limit { pieces.append(Self.zeroPage.slice(0, Int(rest))) }
        #if DEBUG
        if Planted.has(.entriesNotSynced) { return [.write(file, offset: start, pieces)] + naming }
        #endif
        let write = DiskOperation.write(file, offset: start, pieces)
        return isSynced ? [write, .sync(file)] + naming : [write]
    }

    private mutating func flushCopied() {
        if writer.count > 0 {
            pieces.append(writer.finish())
        }
    }
}
