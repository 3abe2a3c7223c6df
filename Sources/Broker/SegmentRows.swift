import Bytes
import Planted

/// The index of one sealed segment: the rows of its entries by partition, made from the entries alone, so that it can
/// be made again at any time.
package struct SegmentRows: Sendable {
    package let first: UInt64
    package let last: UInt64
    /// Chain checksum of entry `last`: equal chain, equal entries, equal rows.
    package let chain: UInt64
    /// In the order in which they begin.
    private var slices: [(key: PartitionKey, rows: PartitionRows)] = []
    private var slotOfKey: [PartitionKey: Int] = [:]
    /// The slice that the next replacement may continue.
    private var replacements: [PartitionKey: (slot: Int, generation: UInt64)] = [:]

    /// Of the segment with entries `first ... last`.
    package init(first: UInt64, last: UInt64, chain: UInt64) {
        self.first = first
        self.last = last
        self.chain = chain
    }

    /// Takes the command entries of the segment, in order. `payload` as for `Broker.apply`.
    package mutating func add(index: UInt64, payload: ByteSlice) throws(DecodeError) {
        let command = try Command.decode(payload)
        if case .replaceBatches(let replacement) = command {
            for (part, rows) in replacement.replaced {
                #if DEBUG
                if Planted.has(.indexForgetsReplaced), part.baseOffset > 0 { continue }
                #endif
                add(part, rows, index: index)
            }
        }
        for item in command.rows {
            let slot = slotOfKey[item.key] ?? slices.count
            if slot == slices.count {
                slotOfKey[item.key] = slot
                slices.append((item.key, PartitionRows()))
            }
            slices[slot].rows.append(
                PartitionIndex.Item(item, index: index), recordCount: item.recordCount, joins: !item.isTransactional)
        }
    }

    /// One that does not go on where the one before ended begins a slice of its own; so does one that may replace what
    /// has been appended since then, for of two slices with an offset the one that began later counts. One of no later
    /// generation than the one before was refused by `apply`; so is it here.
    private mutating func add(_ part: Replacement.Part, _ rows: ArraySlice<ProduceItem>, index: UInt64) {
        var slot = slices.count
        if let last = replacements[part.key] {
            if part.generation <= last.generation { return }
            let isNewest = slotOfKey[part.key].map { $0 < last.slot } ?? true
            if isNewest, slices[last.slot].rows.endOffset == part.baseOffset { slot = last.slot }
        }
        if slot == slices.count { slices.append((part.key, PartitionRows())) }
        replacements[part.key] = (slot, part.generation)
        for row in rows {
            slices[slot].rows.append(PartitionIndex.Item(row, index: index), recordCount: row.recordCount)
        }
    }

    /// Empty if the segment has none of the partition.
    package func slices(of key: PartitionKey) -> PartitionSlices {
        PartitionSlices(slices.filter { $0.key == key }.map(\.rows))
    }

    /// In order of their keys, those of one key as they begin.
    var sorted: [(key: PartitionKey, rows: PartitionRows)] {
        slices.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }.map(\.element)
    }
}

extension Command {
    /// Where batches lie in the entry.
    fileprivate var rows: [ProduceItem] {
        switch self {
        case .produce(let table): table.items
        case .endTransaction(let end): end.table.items
        default: []
        }
    }
}
