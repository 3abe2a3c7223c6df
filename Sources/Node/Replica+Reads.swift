import Broker
import Bytes
import LogStore
import Ports

/// Stored bytes to be sent to a consumer as they are.
package enum StoredBytes {
    case memory(ByteSlice)
    case file(DiskFile, offset: UInt64, length: Int)

    package var length: Int {
        switch self {
        case .memory(let slice): slice.count
        case .file(_, _, let length): length
        }
    }
}

extension Replica {
    /// Where the bytes of `range` are now: in memory at the tail, else in a segment. Nil if the log no longer has them.
    package func bytes(of range: StoredRange, into pieces: inout [StoredBytes]) -> Bool {
        if let entry = cache.entry(range.index) {
            append(entry.payload, from: range.position, count: range.length, to: &pieces)
            return true
        }
        guard let location = log.location(of: range.index) else { return false }
        guard range.position + range.length <= location.payloadLength else { return false }
        let offset = location.payloadOffset + UInt64(range.position)
        if case .file(let file, let start, let length)? = pieces.last, file == location.file,
            start + UInt64(length) == offset
        {
            pieces[pieces.count - 1] = .file(file, offset: start, length: length + range.length)
        } else {
            pieces.append(.file(location.file, offset: offset, length: range.length))
        }
        return true
    }

    private func append(_ payload: [ByteSlice], from position: Int, count: Int, to pieces: inout [StoredBytes]) {
        var skip = position
        var wanted = count
        for piece in payload {
            if wanted == 0 { break }
            if skip >= piece.count {
                skip -= piece.count
                continue
            }
            let length = min(wanted, piece.count - skip)
            pieces.append(.memory(piece.slice(skip, length)))
            wanted -= length
            skip = 0
        }
        precondition(wanted == 0, "entry is \(wanted) bytes short of a stored range")
    }

    /// Reads `range` as one slice, from memory at once or through the reader thread.
    package func read(_ range: StoredRange, _ answer: @escaping (ByteSlice?) -> Void) {
        var pieces: [StoredBytes] = []
        guard bytes(of: range, into: &pieces) else { return answer(nil) }
        if let location = log.location(of: range.index), case .file(let file, let offset, let length)? = pieces.first {
            return start(.fetch(location, answer)) { disk.read(file, offset: offset, count: length, token: $0) }
        }
        var writer = ByteWriter(capacity: range.length)
        for case .memory(let slice) in pieces { writer.bytes(slice) }
        answer(writer.finish())
    }
}
