import Bytes

/// A cut of the log's end: headers of an earlier epoch with an index above `after` are remains, not entries.
struct Truncation: Equatable, Sendable {
    var epoch: UInt32
    var after: UInt64
}

/// The contents of `term-and-vote`: the hard state of Raft (paper figure 2) and the few facts about the log that must
/// be known before its segments can be judged.
///
/// Two slots, at 0 and 4096. A save writes and syncs the first, then the second, with the same sequence number:
/// were they written in turns, damage to the newest slot would bring back an older term and vote, and the node could
/// vote twice.
struct LogState: Equatable, Sendable {
    static let slotOffsets: [UInt64] = [0, 4096]
    static let slotSize = 768
    static let magic: UInt32 = 0x4846_7631
    static let maximumTruncations = 32

    var group: UInt32 = 0
    var sequence: UInt64 = 0
    var term: UInt64 = 0
    var vote: UInt32?
    var epoch: UInt32 = 0
    /// Segments of an earlier epoch belong to a log that a snapshot has replaced.
    var baseEpoch: UInt32 = 0
    /// Index of the received snapshot that the log was last begun anew with; 0 for none. It may be ahead of the log.
    var adoptedSnapshot: UInt64 = 0
    /// Such a replacement has begun, and the first segment of the new log may not exist yet.
    var isResetting = false
    /// First index of the first segment that must exist.
    var logStart: UInt64 = 1
    /// The log begins after this entry, amid its first segment: what lies before it there was damaged, and is needed by
    /// nobody. Index 0 if it begins with the segment.
    var begin: LogPoint = .zero
    /// An index known durable when this was saved, with its term and chain value.
    var flushed: LogPoint = .zero
    /// Ascending by epoch and by index.
    var truncations: [Truncation] = []
    /// `Disk.cacheIdentity` of the process that may have written entries and not synced them; 0 when all is synced.
    var unsyncedIn: UInt64 = 0
    /// Such entries were lost, or may have been, and the node does not have again all it had.
    var isRejoining = false
    /// How often that has happened.
    var rejoins: UInt64 = 0

    /// Starts a new epoch in which nothing above `after` is left.
    mutating func cut(after index: UInt64) {
        epoch += 1
        truncations.removeAll { $0.after >= index }
        truncations.append(Truncation(epoch: epoch, after: index))
        if truncations.count > LogState.maximumTruncations { truncations.removeFirst() }
    }

    /// Whether a header of `epoch` at `index` was cut away.
    func isVoid(epoch: UInt32, index: UInt64) -> Bool {
        if epoch > self.epoch || epoch < baseEpoch { return true }
        for cut in truncations where epoch < cut.epoch && index > cut.after { return true }
        return false
    }

    func encode() -> ByteSlice {
        var writer = ByteWriter(capacity: LogState.slotSize)
        writer.uint32(LogState.magic)
        writer.uint32(0)
        writer.uint64(sequence)
        writer.uint32(group)
        writer.uint32(vote == nil ? 0 : 1)
        writer.uint64(term)
        writer.uint32(vote ?? 0)
        writer.uint32(epoch)
        writer.uint32(baseEpoch)
        writer.uint32(isResetting ? 1 : 0)
        writer.uint64(logStart)
        writer.logPoint(flushed)
        writer.uint64(adoptedSnapshot)
        writer.uint32(UInt32(truncations.count))
        for cut in truncations {
            writer.uint32(cut.epoch)
            writer.uint64(cut.after)
        }
        writer.uint64(unsyncedIn)
        writer.uint64(rejoins)
        writer.uint32(isRejoining ? 1 : 0)
        writer.logPoint(begin)
        writer.bytes([UInt8](repeating: 0, count: LogState.slotSize - writer.count))
        writer.patch(writer.withWrittenBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[8...])) }, at: 4)
        return writer.finish()
    }

    static func decode(_ slice: ByteSlice) -> LogState? {
        guard slice.count >= slotSize, slice.uint32(at: 0) == magic,
            slice.uint32(at: 4) == CRC32C.checksum(slice.slice(8, slotSize - 8))
        else { return nil }
        do {
            var reader = ByteReader(slice.slice(8, slotSize - 8))
            return try decodeFields(&reader)
        } catch {
            return nil
        }
    }

    private static func decodeFields(_ reader: inout ByteReader) throws(DecodeError) -> LogState {
        var state = LogState()
        state.sequence = try reader.uint64()
        state.group = try reader.uint32()
        let hasVote = try reader.uint32()
        state.term = try reader.uint64()
        let vote = try reader.uint32()
        state.vote = hasVote == 1 ? vote : nil
        state.epoch = try reader.uint32()
        state.baseEpoch = try reader.uint32()
        state.isResetting = try reader.uint32() == 1
        state.logStart = try reader.uint64()
        state.flushed = try reader.logPoint()
        state.adoptedSnapshot = try reader.uint64()
        let count = Int(try reader.uint32())
        try reader.requireElements(count, minimumSize: 12)
        for _ in 0..<count {
            let cut = Truncation(epoch: try reader.uint32(), after: try reader.uint64())
            // One from an epoch to come would void what is written next.
            let follows = state.truncations.last.map { $0.epoch < cut.epoch && $0.after < cut.after } ?? true
            guard follows && cut.epoch <= state.epoch else { throw .badValue("truncation epoch", Int64(cut.epoch)) }
            state.truncations.append(cut)
        }
        state.unsyncedIn = try reader.uint64()
        state.rejoins = try reader.uint64()
        state.isRejoining = try reader.uint32() == 1
        state.begin = try reader.logPoint()
        guard state.baseEpoch <= state.epoch, state.logStart > 0 else {
            throw .badValue("base epoch", Int64(state.baseEpoch))
        }
        return state
    }
}

extension ByteWriter {
    fileprivate mutating func logPoint(_ point: LogPoint) {
        uint64(point.index)
        uint64(point.term)
        uint64(point.chain)
    }
}

extension ByteReader {
    fileprivate mutating func logPoint() throws(DecodeError) -> LogPoint {
        LogPoint(index: try uint64(), term: try uint64(), chain: try uint64())
    }
}
