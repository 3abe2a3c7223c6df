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

/// Where the bytes of the ranges are that a client is to be sent, and which of them cannot be sent.
package final class StoredRead {
    private let ranges: [StoredRange]
    private var found: [StoredBytes] = []
    /// By range, where its pieces end; one without pieces is not in the log any more, or damaged.
    private var ends: [Int] = []
    /// On disk, each once where ranges of one entry follow each other.
    var entries: [EntryLocation] = []
    /// Entries on disk that are not, or not any more, what they were taken for.
    var unreadable: Set<UInt64> = []

    init(_ ranges: [StoredRange]) { self.ranges = ranges }

    func append(_ payload: [ByteSlice], of range: StoredRange) {
        var skip = range.position
        var wanted = range.length
        for piece in payload {
            if wanted == 0 { break }
            if skip >= piece.count {
                skip -= piece.count
                continue
            }
            let length = min(wanted, piece.count - skip)
            found.append(.memory(piece.slice(skip, length)))
            wanted -= length
            skip = 0
        }
        precondition(wanted == 0, "entry is \(wanted) bytes short of a stored range")
        ends.append(found.count)
    }

    func append(_ location: EntryLocation, of range: StoredRange) {
        let offset = location.payloadOffset + UInt64(range.position)
        found.append(.file(location.file, offset: offset, length: range.length))
        ends.append(found.count)
        if entries.last?.index != location.index { entries.append(location) }
    }

    func appendNothing() { ends.append(found.count) }

    /// The pieces of consecutive ranges, up to the first that cannot be sent; nil if that is the first of all.
    package func pieces(of positions: Range<Int>) -> [StoredBytes]? {
        var pieces: [StoredBytes] = []
        for position in positions {
            let first = position == 0 ? 0 : ends[position - 1]
            if first == ends[position] || isUnreadable(position) {
                return position == positions.lowerBound ? nil : pieces
            }
            for piece in found[first..<ends[position]] { append(piece, to: &pieces) }
        }
        return pieces
    }

    private func isUnreadable(_ position: Int) -> Bool {
        !unreadable.isEmpty && unreadable.contains(ranges[position].index)
    }

    private func append(_ piece: StoredBytes, to pieces: inout [StoredBytes]) {
        if case .file(let file, let offset, let length) = piece, case .file(file, let start, let before)? = pieces.last,
            start + UInt64(before) == offset
        {
            pieces[pieces.count - 1] = .file(file, offset: start, length: before + length)
        } else {
            pieces.append(piece)
        }
    }
}
