import Bytes

/// The index of one sealed segment: the rows of its entries by partition, made from the entries alone, so that it can
/// be made again at any time.
package struct SegmentRows: Sendable {
    package let first: UInt64
    package let last: UInt64
    /// Chain checksum of entry `last`: equal chain, equal entries, equal rows.
    package let chain: UInt64
    private var slices: [(key: PartitionKey, rows: PartitionRows)] = []
    private var slotOfKey: [PartitionKey: Int] = [:]

    /// Of the segment with entries `first ... last`.
    package init(first: UInt64, last: UInt64, chain: UInt64) {
        self.first = first
        self.last = last
        self.chain = chain
    }

    /// Takes the command entries of the segment, in order. `payload` as for `Broker.apply`.
    package mutating func add(index: UInt64, payload: ByteSlice) throws(DecodeError) {
        for item in try Command.decode(payload).rows {
            let slot = slotOfKey[item.key] ?? slices.count
            if slot == slices.count {
                slotOfKey[item.key] = slot
                slices.append((item.key, PartitionRows()))
            }
            slices[slot].rows.append(
                PartitionIndex.Item(item, index: index), recordCount: item.recordCount, joins: !item.isTransactional)
        }
    }

    /// Empty if the segment has none of the partition.
    package func rows(of key: PartitionKey) -> PartitionRows {
        slotOfKey[key].map { slices[$0].rows } ?? PartitionRows()
    }

    /// In order of their keys.
    var sorted: [(key: PartitionKey, rows: PartitionRows)] { slices.sorted { $0.key < $1.key } }
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
