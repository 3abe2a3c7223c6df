import Bytes
import Records

@testable import Broker

/// One committed entry as a node sees it.
struct LogEntry {
    var index: UInt64
    var term: UInt64
    var timestamp: Int64
    var payload: ByteSlice
}

/// A batch of `count` records; each value is `tag` and the record's number.
func batch(
    _ tag: String, count: Int = 1, timestamp: Int64 = 1_000, padding: Int = 0, producer: ProducerIdentity? = nil,
    sequence: Int32 = -1, isTransactional: Bool = false
) -> ByteSlice {
    var builder = RecordBatchBuilder(
        producerId: producer?.id ?? -1, producerEpoch: producer?.epoch ?? -1, baseSequence: sequence,
        attributes: isTransactional ? RecordBatch.transactionalBit : 0)
    for number in 0..<count {
        let value = "\(tag).\(number)" + String(repeating: "-", count: padding)
        builder.append(key: nil, value: ByteSlice(utf8: value), timestamp: timestamp)
    }
    return builder.finish()
}

func joined(_ pieces: [ByteSlice]) -> ByteSlice {
    var writer = ByteWriter(capacity: pieces.reduce(0) { $0 + $1.count })
    for piece in pieces { writer.bytes(piece) }
    return writer.finish()
}

func topicID(_ number: Int) -> TopicID { TopicID(high: 0xfeed, low: UInt64(number) + 1_000) }

/// A leader and its log in one place: proposes, applies when told to, keeps every payload.
struct Leader {
    var broker = Broker()
    var admission: Admission
    var term: UInt64
    var nextIndex: UInt64 = 1
    var clock: Int64 = 1_000
    /// Sealed or proposed, not yet applied.
    var pending: [LogEntry] = []
    var applied: [LogEntry] = []

    init(term: UInt64 = 1) {
        self.term = term
        admission = Admission(leading: broker, term: term)
    }

    mutating func admit(_ bytes: ByteSlice, _ key: PartitionKey) -> AdmissionOutcome {
        admission.admit(bytes, to: key, broker: broker, now: clock)
    }

    /// Seals what is open; the entry's index, nil if nothing was open.
    @discardableResult mutating func seal() -> UInt64? {
        let bytes = admission.openBytes
        guard let pieces = admission.seal(index: nextIndex) else { return nil }
        let payload = joined(pieces)
        precondition(payload.count == bytes, "sealed \(payload.count) bytes, announced \(bytes)")
        return append(payload)
    }

    mutating func propose(_ command: Command) -> UInt64 { append(command.encode()) }

    /// Proposes the end of an open transaction.
    mutating func end(_ name: String, commits: Bool, next: TransactionEnd.Next = .keep) throws {
        seal()
        guard let open = broker.transaction(named: name), open.isOngoing, !admission.isEnding(open.producer.id) else {
            throw Unexpected(text: "\(name) is not open")
        }
        let end = TransactionEnd(name: name, producer: open.producer, commits: commits, next: next)
        _ = append(joined(admission.endTransaction(end, index: nextIndex, broker: broker, now: clock)))
    }

    /// Proposes to move the first items of a run, and those behind it, to the end of the log; nil if there is nothing
    /// to be moved.
    mutating func move(
        _ key: PartitionKey, run number: Int = 0, items count: Int, generation: UInt64? = nil,
        cleaning: Replacement.Cleaning? = nil
    ) throws -> UInt64? {
        seal()
        guard let state = broker.partition(key), number < state.runCount else { return nil }
        let items = (number..<state.runCount).flatMap { state.run($0).chunks.flatMap(\.items) }
        var rows: [ProduceItem] = []
        var bytes: [ByteSlice] = []
        var position: UInt32 = 0
        var next: Int64 = 0
        for (place, item) in items.prefix(count).enumerated() {
            let end = place + 1 < items.count ? items[place + 1].baseOffset : state.endOffset
            if end > state.lastStableOffset { break }
            rows.append(
                ProduceItem(
                    key: key, baseOffset: item.baseOffset, recordCount: UInt32(end - item.baseOffset),
                    position: position, length: item.length, maxTimestamp: item.maxTimestamp))
            guard let entry = entry(item.index) else { throw Unexpected(text: "no entry \(item.index)") }
            bytes.append(entry.payload.slice(Int(item.position), Int(item.length)))
            position += item.length
            next = end
        }
        guard let first = rows.first, next > state.logStartOffset else { return nil }
        let part = Replacement.Part(
            key: key, generation: generation ?? state.generation, baseOffset: first.baseOffset, nextOffset: next,
            rowCount: UInt32(rows.count), storedIndex: items[rows.count - 1].index,
            purpose: cleaning.map { .endOfCleaning($0) } ?? .move)
        return append(joined([Replacement(parts: [part], rows: rows).encode()] + bytes))
    }

    private mutating func append(_ payload: ByteSlice) -> UInt64 {
        pending.append(LogEntry(index: nextIndex, term: term, timestamp: clock, payload: payload))
        nextIndex += 1
        return nextIndex - 1
    }

    /// Applies the oldest `count` pending entries (all if nil) and answers their results.
    @discardableResult mutating func apply(_ count: Int? = nil) throws -> [ApplyResult] {
        var results: [ApplyResult] = []
        for _ in 0..<min(count ?? pending.count, pending.count) {
            let entry = pending.removeFirst()
            results.append(
                try broker.apply(
                    index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload))
            admission.onApplied(through: entry.index)
            applied.append(entry)
        }
        return results
    }

    /// Proposes and applies everything up to the command, answering its result.
    @discardableResult mutating func run(_ command: Command) throws -> ApplyResult {
        seal()
        _ = propose(command)
        return try apply().last ?? .refused(.unknownTopic)
    }

    /// The leader's clock is right.
    mutating func trustClock() {
        broker.appliedTerm = term
        broker.doubtedSince = nil
    }

    /// The same by an entry.
    mutating func confirmTime() throws { try run(.confirmTime(clock)) }

    /// The entries not applied are lost; a new leader of the next term takes over, its no-op being one entry.
    mutating func changeTerm() {
        pending = []
        nextIndex = broker.appliedIndex + 2
        term += 1
        admission = Admission(leading: broker, term: term)
    }

    @discardableResult mutating func createTopic(
        _ name: String = "t", partitions: UInt32 = 1, configs: [ConfigEntry] = []
    ) throws -> UInt32 {
        let id = topicID(Int(nextIndex))
        let result = try run(.createTopic(name: name, id: id, partitionCount: partitions, configs: configs))
        guard case .topicCreated(let number) = result else { throw Unexpected(text: "\(result)") }
        return number
    }

    mutating func allocateProducer(bumping: ProducerIdentity? = nil) throws -> ProducerIdentity {
        let result = try run(.allocateProducer(bumping: bumping))
        guard case .producerAllocated(let producer) = result else { throw Unexpected(text: "\(result)") }
        return producer
    }

    /// All records of a partition, read as a consumer would: located, cut to batches, checked, walked.
    func consume(_ key: PartitionKey, maximumBytes: Int = 1 << 20) throws -> [Record] {
        guard let partition = broker.partition(key) else { throw Unexpected(text: "no partition \(key)") }
        var offset = partition.logStartOffset
        var records: [Record] = []
        while offset < partition.endOffset {
            var ranges: [StoredRange] = []
            let result = broker.locate(key, from: offset, maximumBytes: maximumBytes, into: &ranges)
            guard result == .found || result == .foundPart else { throw Unexpected(text: "\(result) at \(offset)") }
            let start = offset
            for range in ranges {
                guard let entry = entry(range.index) else { throw Unexpected(text: "no entry \(range.index)") }
                let stored = entry.payload.slice(range.position, range.length)
                for batch in try RecordBatch.split(stored) {
                    let header = try RecordBatchHeader(batch)
                    // What was moved keeps the epoch of the leader that took it.
                    if Int64(header.partitionLeaderEpoch) > Int64(entry.term) { throw Unexpected(text: "epoch") }
                    records += try RecordBatch.allRecords(of: batch).filter { $0.offset >= start }
                }
                offset = range.nextOffset
            }
        }
        return records
    }

    /// `applied` is sorted by index, with gaps where leaders changed.
    private func entry(_ index: UInt64) -> LogEntry? {
        let position = applied.lowerBound { $0.index < index }
        return position < applied.count && applied[position].index == index ? applied[position] : nil
    }
}

struct Unexpected: Error {
    var text: String
}

/// A member of the classic protocol, and one of the other.
let ofBothProtocols: ConsumerMembership = {
    var membership = ConsumerMembership(epoch: 7, assignor: "range")
    for (id, isClassic) in [("m", true), ("n", false)] {
        var member = ConsumerMember(
            id: id, instance: nil, rack: nil, clientID: "c", clientHost: "/h", rebalanceTimeoutMilliseconds: 1,
            topics: ["t"], assignor: nil, epoch: 7)
        if isClassic {
            member.classic = ClassicTraits(
                sessionTimeoutMilliseconds: 6_000,
                protocols: [
                    ClassicProtocol(name: "range", subscription: ByteSlice([0, 1])),
                    ClassicProtocol(name: "", subscription: .empty),
                ], version: 3)
        }
        membership.put(member)
    }
    return membership
}()
