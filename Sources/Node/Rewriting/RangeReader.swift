import Broker
import Bytes
import Records

/// Reads a partition's stored batches in order, so many bytes at a time, from memory or the disk.
final class RangeReader {
    /// Batches that lie end to end in the partition. The last range may go on behind `nextOffset`.
    struct Stretch: Sendable {
        let ranges: [StoredRange]
        let bytes: [ByteSlice]
        let nextOffset: Int64

        var baseOffset: Int64 { ranges[0].baseOffset }
        /// The last entry that holds any of it.
        var lastIndex: UInt64 { ranges.reduce(0) { max($0, $1.index) } }
        var byteCount: Int { ranges.reduce(0) { $0 + $1.length } }
    }

    /// Offsets of one stretch, unless it has one range only.
    static let maximumSpan: Int64 = 1 << 30

    private unowned let replica: Replica
    let key: PartitionKey
    /// Everything before it has been read.
    private(set) var offset: Int64
    let end: Int64
    private var rows: PartitionRows?

    init(_ replica: Replica, _ key: PartitionKey, from offset: Int64, to end: Int64) {
        self.replica = replica
        self.key = key
        self.offset = offset
        self.end = end
    }

    /// To where something else is to begin. What is before is left out by those who ask again.
    func goBack(to offset: Int64) {
        precondition(offset <= self.offset, "RangeReader: \(key) is at \(self.offset), back to \(offset)")
        self.offset = offset
    }

    /// What lies at `offset`, about `maximumBytes` of it, but at least one row; nil if it is gone, or cannot be read
    /// now.
    func next(maximumBytes: Int, _ answer: @escaping (Stretch?) -> Void) {
        var ranges: [StoredRange] = []
        let outcome = replica.locate(
            key, from: offset, before: end, maximumBytes: maximumBytes, held: rows, into: &ranges)
        switch outcome {
        case .found:
            let last = ranges[0].baseOffset + Self.maximumSpan
            read(Array(ranges.prefix { $0.nextOffset <= last || $0 == ranges[0] }), answer)
        case .missing(let place):
            replica.loadRows(key, at: place) { [self] loaded in
                guard let loaded, loaded.holds(offset) else { return answer(nil) }
                rows = loaded
                next(maximumBytes: maximumBytes, answer)
            }
        case .atEnd, .outOfRange, .unknownPartition: answer(nil)
        }
    }

    /// One after the other; what memory has comes at once, so going on from inside the answer would nest too deep.
    private func read(_ ranges: [StoredRange], _ answer: @escaping (Stretch?) -> Void) {
        let reading = Reading(ranges, replica) { [self] bytes in
            guard let bytes else { return answer(nil) }
            let last = ranges[ranges.count - 1].nextOffset
            let stretch = Stretch(ranges: ranges, bytes: bytes, nextOffset: min(last, end))
            offset = stretch.nextOffset
            answer(stretch)
        }
        reading.run()
    }

    private final class Reading {
        private let ranges: [StoredRange]
        private let replica: Replica
        private let answer: ([ByteSlice]?) -> Void
        private var bytes: [ByteSlice] = []
        private var isRunning = false
        private var isReading = false
        private var hasFailed = false
        private var isFinished = false

        init(_ ranges: [StoredRange], _ replica: Replica, _ answer: @escaping ([ByteSlice]?) -> Void) {
            self.ranges = ranges
            self.replica = replica
            self.answer = answer
        }

        func run() {
            guard !isRunning else { return }
            isRunning = true
            defer { isRunning = false }
            while !isReading, !hasFailed, bytes.count < ranges.count {
                isReading = true
                replica.read(ranges[bytes.count]) { [self] found in
                    isReading = false
                    if let found { bytes.append(found) } else { hasFailed = true }
                    run()
                }
            }
            if hasFailed || bytes.count == ranges.count { finish() }
        }

        private func finish() {
            guard !isFinished, !isReading else { return }
            isFinished = true
            answer(hasFailed ? nil : bytes)
        }
    }
}

extension RangeReader.Stretch {
    /// Those that begin before `nextOffset`. False if these are no batches.
    func forEachBatch(_ body: (ByteSlice, RecordBatchHeader) -> Void) -> Bool {
        for piece in bytes {
            var rest = piece
            while !rest.isEmpty {
                do throws(RecordError) {
                    let header = try RecordBatch.framedHeader(rest)
                    if header.baseOffset < nextOffset { body(rest.slice(0, header.totalLength), header) }
                    rest = rest.dropFirst(header.totalLength)
                } catch {
                    return false
                }
            }
        }
        return true
    }
}
