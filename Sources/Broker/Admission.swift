import Bytes
import Records

/// The leader's view of the tail of its log: gives produced batches their offsets and checks their producers against
/// what is accepted but not yet applied. Made anew when leadership begins (after the own-term no-op is applied, when
/// the broker is the whole log), dropped when it ends. Owned by one place and not copied: it holds memory being
/// written.
///
/// Per turn of the loop: `admit` for each produce field, then `seal` with the index that Raft gives the entry.
package struct Admission: Sendable {
    struct Sealed: Sendable {
        var index: UInt64
        var tails: [Int]
    }

    /// A producer whose transaction's end is in entry `index`, which is not applied.
    struct Ending: Sendable {
        var producer: Int64
        var index: UInt64
    }

    /// Table positions are 32 bits wide; the shell seals far below this.
    static let maximumEntryBytes = 1 << 30

    package let term: UInt64
    let leaderEpoch: Int32
    /// The largest time seen, so that the leader's stamps never go back.
    private(set) var clock: Int64
    var tails: [TailPartition] = []
    private var tailOfKey: [PartitionKey: Int] = [:]
    /// Places in `tails` of the partitions in the open entry, in order of their first batch.
    var openTails: [Int] = []
    var sealed: [Sealed] = []
    var lastSealed: UInt64
    /// In order of their entries.
    var ending: [Ending] = []
    /// Bytes the open entry would have if it were sealed now; 0 when nothing is open.
    package internal(set) var openBytes = 0
    package internal(set) var openBatches = 0
    /// No topic in the open entry asks that it be synced before it is acknowledged.
    package internal(set) var isOpenRelaxed = true

    /// `broker` has applied everything before this term's no-op, and the no-op.
    package init(leading broker: Broker, term: UInt64) {
        self.term = term
        leaderEpoch = LeaderEpochs.epoch(of: term)
        clock = broker.clock
        lastSealed = broker.appliedIndex
    }

    /// Takes one produce field: one batch, or several if none is from an idempotent producer; all or nothing.
    /// Validates, gives offsets and leader epoch, writing into the received bytes, and puts the batches into the
    /// open entry. `now` is the leader's wall clock in milliseconds.
    package mutating func admit(
        _ batches: ByteSlice, to key: PartitionKey, broker: Broker, now: Int64
    ) -> AdmissionOutcome {
        advanceClock(now, broker)
        guard let slot = broker.directory.slot(key.topic) else { return .rejected(.unknownPartition) }
        guard Int(key.partition) < broker.directory.topics[slot].partitions.count else {
            return .rejected(.unknownPartition)
        }
        if openBytes > Self.maximumEntryBytes - batches.count { return .rejected(.entryFull) }
        let settings = broker.directory.topics[slot].settings
        let first: RecordBatchHeader
        let following: [RecordBatchHeader]
        do {
            first = try check(batches, settings)
            following = try checkFollowing(first, in: batches, settings)
        } catch {
            return .rejected(error)
        }
        let tail = tailOfKey[key]
        var producer: ProducerState?
        if let refusal = refusal(of: first, key, broker) { return .rejected(refusal) }
        if first.hasProducer {
            switch judge(first, key, tail: tail, broker: broker, slot: slot) {
            case .next(let state): producer = state
            case .answer(let outcome): return outcome
            }
        }
        let partition = Int(key.partition)
        let end = broker.directory.topics[slot].partitions[partition].endOffset
        let logStart = broker.directory.topics[slot].partitions[partition].logStartOffset
        return append(
            batches, first, following, producer, to: openTail(key), brokerEnd: end, logStart: logStart,
            settings)
    }

    /// What entries not yet applied have changed in a partition.
    func tail(of key: PartitionKey) -> TailPartition? { tailOfKey[key].map { tails[$0] } }

    mutating func advanceClock(_ now: Int64, _ broker: Broker) { clock = max(clock, now, broker.clock) }

    /// The partition's place in `tails`.
    mutating func openTail(_ key: PartitionKey) -> Int {
        if let tail = tailOfKey[key] { return tail }
        tails.append(TailPartition(key: key))
        tailOfKey[key] = tails.count - 1
        return tails.count - 1
    }
}
