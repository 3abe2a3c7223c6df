import Broker
import Bytes
import Raft
import Records

/// Looks for a record of an idempotent producer in a partition's batches, from the newest to the oldest, one read at a
/// time. It ends early where the order tells: epochs go up in a partition, and sequences within an epoch.
final class OutcomeSearch {
    enum Result {
        case found(offset: Int64, entry: Position)
        /// It is not there; nothing below this offset had to be looked at.
        case absent(offset: Int64)
        case open(SearchEnd)
    }

    private enum Finding {
        case record(offset: Int64)
        case older
        case goOn
    }

    /// Each read is a job of the reader thread, however small.
    private static let maximumReads = 4096

    private let replica: Replica
    private let name: RecordName
    /// The offset, when only its place in the log is asked for.
    private let known: Int64?
    private let answer: (Result) -> Void
    /// Everything from here on has been looked at.
    private var offset: Int64
    private var bytesLeft: Int
    private var readsLeft = maximumReads
    private var rows: PartitionRows?
    private var isRunning = false
    private var isReading = false

    init(
        _ replica: Replica, _ name: RecordName, below offset: Int64, bytes: Int, known: Int64? = nil,
        _ answer: @escaping (Result) -> Void
    ) {
        self.replica = replica
        self.name = name
        self.offset = offset
        bytesLeft = bytes
        self.known = known
        self.answer = answer
    }

    /// Reads from memory come back at once: going on from inside them would nest as deep as there are batches.
    func run() {
        guard !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        while !isReading {
            isReading = true
            step()
        }
    }

    private func step() {
        guard let partition = replica.broker.partition(name.key) else {
            return answer(.open(.deleted(logStart: offset)))
        }
        // Where the partition was compacted, what is not there may have been.
        let begun = partition.cleaning.begun
        if known == nil, begun > 0, offset <= begun { return answer(.open(.deleted(logStart: begun))) }
        if offset <= partition.logStartOffset {
            return answer(offset == 0 ? .absent(offset: 0) : .open(.deleted(logStart: partition.logStartOffset)))
        }
        if known == nil, bytesLeft <= 0 || readsLeft == 0 { return answer(.open(.bound(offset: offset))) }
        var ranges: [StoredRange] = []
        switch replica.locate(name.key, from: offset - 1, maximumBytes: 0, held: rows, into: &ranges) {
        case .found:
            if let known { return conclude(known, ranges[0].index) }
            read(ranges[0])
        case .missing(let place): load(place)
        // Deleted just now.
        case .atEnd, .outOfRange, .unknownPartition: goOn()
        }
    }

    private func goOn() {
        isReading = false
        run()
    }

    private func load(_ place: SealedPlace) {
        readsLeft -= 1
        replica.loadRows(name.key, at: place) { [self] loaded in
            guard let loaded, loaded.holds(offset - 1) else {
                return isDeleted ? goOn() : answer(.open(.unreadable(offset: offset)))
            }
            rows = loaded
            goOn()
        }
    }

    private func read(_ range: StoredRange) {
        readsLeft -= 1
        bytesLeft -= range.length
        replica.read(range) { [self] bytes in
            guard let bytes else { return isDeleted ? goOn() : answer(.open(.unreadable(offset: offset))) }
            examine(bytes, range)
        }
    }

    private var isDeleted: Bool {
        replica.broker.partition(name.key).map { $0.logStartOffset >= offset } ?? true
    }

    /// Newest first.
    private func examine(_ bytes: ByteSlice, _ range: StoredRange) {
        let headers: [RecordBatchHeader]
        do {
            headers = try Self.headers(bytes)
        } catch {
            return answer(.open(.unreadable(offset: offset)))
        }
        for header in headers.reversed() where header.baseOffset < offset {
            switch finding(header) {
            case .record(let offset):
                return conclude(offset, range.index)
            case .older:
                if isWhole(from: header.lastOffset + 1) { return answer(.absent(offset: header.baseOffset)) }
                // As far down as it can be told.
                offset = header.baseOffset
                return goOn()
            case .goOn: break
            }
        }
        offset = range.baseOffset
        goOn()
    }

    /// Nothing from `offset` on was removed by a cleaning.
    private func isWhole(from offset: Int64) -> Bool {
        replica.broker.partition(name.key).map { offset >= $0.cleaning.begun } ?? false
    }

    private func conclude(_ found: Int64, _ index: UInt64) {
        guard let term = replica.log.term(at: index) else { return answer(.open(.unreadable(offset: found))) }
        answer(.found(offset: found, entry: Position(index: index, term: term)))
    }

    private static func headers(_ bytes: ByteSlice) throws(RecordError) -> [RecordBatchHeader] {
        var headers: [RecordBatchHeader] = []
        var rest = bytes
        while !rest.isEmpty {
            let header = try RecordBatch.framedHeader(rest)
            headers.append(header)
            rest = rest.dropFirst(header.totalLength)
        }
        return headers
    }

    private func finding(_ header: RecordBatchHeader) -> Finding {
        guard header.producerId == name.producer.id, header.baseSequence >= 0 else { return .goOn }
        if header.producerEpoch != name.producer.epoch {
            return header.producerEpoch < name.producer.epoch ? .older : .goOn
        }
        let distance = Sequence.distance(from: header.baseSequence, to: name.sequence)
        // Of a compacted batch the record may be gone; it was there.
        if distance <= header.lastOffsetDelta { return .record(offset: header.baseOffset + Int64(distance)) }
        return Sequence.isAhead(name.sequence, of: header.baseSequence) ? .older : .goOn
    }
}
