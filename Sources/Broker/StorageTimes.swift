import Bytes

/// When entries were stored, by the log's clock. Producers may put any timestamp on a record; how long it has been here
/// only this tells. Of some entries, at even distances of time: the longer the log's life, the larger.
struct StorageTimes: Equatable, Sendable {
    /// Entry `index` was applied when the clock stood at `time`, milliseconds since 1970; never negative.
    struct Mark: Equatable, Sendable {
        let index: UInt64
        let time: Int64
    }

    private static let maximumMarks = 2_048

    /// Ascending in both.
    private(set) var marks: [Mark] = []
    /// Milliseconds.
    private(set) var distance: Int64 = 1_000

    init() {}

    mutating func note(_ index: UInt64, at time: Int64) {
        if let last = marks.last, time < last.time.saturatingAdding(distance) { return }
        append(Mark(index: index, time: time))
    }

    private mutating func append(_ mark: Mark) {
        marks.append(mark)
        guard marks.count == Self.maximumMarks else { return }
        // The newest stays.
        marks = stride(from: 1, to: marks.count, by: 2).map { marks[$0] }
        distance = max(distance, (mark.time - marks[0].time) / Int64(marks.count))
    }

    /// What was noted from `start` on counts as stored at `time` or before, up to entry `index`.
    mutating func raise(from start: Int64, to time: Int64, through index: UInt64) {
        let newest = max(last, time)
        while let mark = marks.last, mark.time >= start { marks.removeLast() }
        if newest > last { append(Mark(index: index, time: newest)) }
    }

    /// The newest time noted.
    var last: Int64 { marks.last?.time ?? 0 }

    /// Every entry up to this one was stored at `time` or before; 0 if that is not known of any.
    func lastIndex(storedBy time: Int64) -> UInt64 {
        let count = marks.lowerBound { $0.time <= time }
        return count > 0 ? marks[count - 1].index : 0
    }
}

extension StorageTimes {
    func encode(into writer: inout ByteWriter) {
        writer.int64(distance)
        writer.uint32(UInt32(marks.count))
        for mark in marks {
            writer.uint64(mark.index)
            writer.int64(mark.time)
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        distance = try reader.int64()
        let count = try reader.elementCount(minimumSize: 16)
        if distance < 1 || count >= Self.maximumMarks { throw .badValue("storage times", Int64(count)) }
        marks.reserveCapacity(count)
        for _ in 0..<count {
            let mark = Mark(index: try reader.uint64(), time: try reader.int64())
            let last = marks.last ?? Mark(index: 0, time: -1)
            if mark.index <= last.index || mark.time <= last.time {
                throw .badValue("storage time", mark.time)
            }
            marks.append(mark)
        }
    }
}
