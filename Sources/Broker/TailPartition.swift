/// A partition at the tail of the log: what entries accepted but not yet applied have changed.
struct TailPartition: Sendable {
    /// A producer with batches in such entries.
    struct Producer: Sendable {
        var state: ProducerState
        /// The last of these entries; `openEntry` while it is the open one.
        var lastEntry: UInt64
    }

    struct Inflight: Hashable, Sendable {
        var index: UInt64
        var nextOffset: Int64
    }

    static let openEntry = UInt64.max

    let key: PartitionKey
    /// The next offset to give out; meaningful only while `isCurrent`.
    var endOffset: Int64 = 0
    /// False once everything here is applied: the broker knows better then.
    var isCurrent = false
    var open = OpenRun()
    /// Sealed entries with batches of this partition, in order.
    private(set) var inflight: [Inflight] = []
    /// Sorted by producer id.
    private var producers: [Producer] = []

    init(key: PartitionKey) { self.key = key }

    func producer(_ id: Int64) -> ProducerState? {
        let position = producers.lowerBound { $0.state.id < id }
        return position < producers.count && producers[position].state.id == id ? producers[position].state : nil
    }

    mutating func put(_ state: ProducerState) {
        let producer = Producer(state: state, lastEntry: Self.openEntry)
        let position = producers.lowerBound { $0.state.id < state.id }
        if position < producers.count && producers[position].state.id == state.id {
            producers[position] = producer
        } else {
            producers.insert(producer, at: position)
        }
    }

    /// The entry a batch not yet applied went into; nil for the open one.
    func entry(holding offset: Int64) -> UInt64? {
        let position = inflight.lowerBound { $0.nextOffset <= offset }
        return position < inflight.count ? inflight[position].index : nil
    }

    /// The last entry with batches of this partition; nil when that is the open one.
    var lastEntry: UInt64? { open.isEmpty ? inflight.last?.index : nil }

    /// The open run became part of entry `index`.
    mutating func onSealed(_ index: UInt64) {
        inflight.append(Inflight(index: index, nextOffset: endOffset))
        for position in producers.indices where producers[position].lastEntry == Self.openEntry {
            producers[position].lastEntry = index
        }
    }

    mutating func onApplied(through index: UInt64) {
        inflight.removeFirst(inflight.lowerBound { $0.index <= index })
        if !producers.isEmpty { producers.removeAll { $0.lastEntry <= index } }
        if inflight.isEmpty && open.isEmpty { isCurrent = false }
    }
}
