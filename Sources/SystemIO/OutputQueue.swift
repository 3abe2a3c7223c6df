import Bytes
import CSystem

/// What a connection still has to write, in order: bytes by reference and file ranges.
struct OutputQueue {
    enum Chunk {
        case bytes(ByteSlice)
        case file(FileChunk)

        var count: Int {
            switch self {
            case .bytes(let slice): slice.count
            case .file(let chunk): chunk.length
            }
        }
    }

    private var chunks: [Chunk] = []
    private var head = 0
    /// Bytes of the head chunk that are written.
    private(set) var headWritten = 0
    /// Bytes not yet written.
    private(set) var count = 0

    var isEmpty: Bool { head == chunks.count }

    mutating func append(_ chunk: Chunk) {
        guard chunk.count > 0 else { return }
        chunks.append(chunk)
        count += chunk.count
    }

    mutating func removeAll() {
        chunks = []
        head = 0
        headWritten = 0
        count = 0
    }

    /// The file chunks at the head, up to the next bytes; empty if bytes come first.
    func headFiles() -> [FileChunk] {
        var files: [FileChunk] = []
        for index in head..<chunks.count {
            guard case .file(let chunk) = chunks[index], files.count < 64 else { break }
            files.append(chunk)
        }
        return files
    }

    /// Describes the byte chunks at the head to `pieces`, up to `capacity` of them; `fileFollows` tells that a file
    /// chunk comes right after.
    func gather(
        _ pieces: UnsafeMutablePointer<holdfast_piece>, capacity: Int
    ) -> (used: Int, bytes: Int, fileFollows: Bool) {
        var used = 0
        var bytes = 0
        var skip = headWritten
        for index in head..<chunks.count {
            guard case .bytes(let slice) = chunks[index] else { return (used, bytes, true) }
            if used == capacity { break }
            let base = slice.unsafeBytes.baseAddress?.advanced(by: skip)
            (pieces + used).initialize(to: holdfast_piece(base: base, length: slice.count - skip))
            bytes += slice.count - skip
            used += 1
            skip = 0
        }
        return (used, bytes, false)
    }

    /// Drops the first `written` bytes.
    mutating func advance(_ written: Int) {
        precondition(written >= 0 && written <= count, "OutputQueue: \(written) of \(count) bytes written")
        count -= written
        headWritten += written
        while head < chunks.count, headWritten >= chunks[head].count {
            headWritten -= chunks[head].count
            // Lets go of the memory now: the array itself is compacted only now and then.
            chunks[head] = .bytes(.empty)
            head += 1
        }
        if head == chunks.count {
            chunks.removeAll(keepingCapacity: chunks.capacity <= 1024)
            head = 0
        } else if head >= 256 && head * 2 > chunks.count {
            chunks.removeFirst(head)
            head = 0
        }
    }
}
