/// Rows of sealed segments leave memory. What is left where is each node's own affair and no part of the replicated
/// state: nothing here changes an answer of `apply`, or the digest.
extension Broker {
    /// Every row of an entry up to `index` is in a segment's index, or can be made again from its segment: memory keeps
    /// one fence for them in each partition. Looks only at partitions with rows in memory.
    package mutating func seal(through index: UInt64) {
        let listed = unsealed
        unsealed = []
        for key in listed {
            guard let slot = directory.slot(key.topic) else { continue }
            let partition = Int(key.partition)
            directory.topics[slot].partitions[partition].seal(through: index)
            directory.topics[slot].partitions[partition].isListed = false
            list(key, slot: slot)
        }
    }

    /// The lowest log index with a row in memory; nil when there is none.
    package var lowestUnsealedIndex: UInt64? {
        unsealed.lazy.compactMap { partition($0)?.lowestRowIndex }.min()
    }

    /// Rows in memory, and fences. Looks at every partition.
    package var indexSize: (rows: Int, fences: Int) {
        var size = (rows: 0, fences: 0)
        for topic in directory.topics {
            for partition in topic.partitions {
                for number in 0..<partition.runCount {
                    size.rows += partition.run(number).itemCount
                    size.fences += partition.run(number).fences.count
                }
            }
        }
        return size
    }

    mutating func listUnsealed() {
        for slot in directory.topics.indices {
            for partition in directory.topics[slot].partitions.indices {
                list(PartitionKey(topic: directory.topics[slot].number, partition: UInt32(partition)), slot: slot)
            }
        }
    }

    /// Remembers that a partition has rows in memory, if it has.
    mutating func list(_ key: PartitionKey, slot: Int) {
        let partition = Int(key.partition)
        if directory.topics[slot].partitions[partition].lowestRowIndex == nil { return }
        directory.topics[slot].partitions[partition].isListed = true
        unsealed.append(key)
    }
}
