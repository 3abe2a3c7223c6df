/// What the leader's upkeep wants to know: where records lie in the log, and what of them could lie elsewhere.
extension Broker {
    /// A part of a partition that can be replaced: it begins where a run begins.
    package struct Movable: Equatable, Sendable {
        package let key: PartitionKey
        /// Where the batches begin that are to be read; within the first of them, perhaps.
        package let from: Int64
        package let end: Int64
        package let generation: UInt64
    }

    /// Adds the bytes of live batches of some partitions to those of the segments they lie in. `lastIndexes`: of each
    /// segment, ascending.
    package func addLiveBytes(
        ofTopic number: UInt32, _ partitions: Range<Int>, by lastIndexes: [UInt64], to bytes: inout [Int64]
    ) {
        guard let slot = directory.slot(number) else { return }
        for position in directory.topics[slot].partitions.indices.clamped(to: partitions) {
            directory.topics[slot].partitions[position].forEachPiece { piece in
                let segment = lastIndexes.lowerBound { $0 < piece.firstIndex }
                if segment < bytes.count { bytes[segment] = bytes[segment].saturatingAdding(piece.byteCount) }
                return true
            }
        }
    }

    /// Partitions of the topic with batches in entries up to `index`.
    package func partitions(ofTopic number: UInt32, within index: UInt64) -> [PartitionKey] {
        guard let slot = directory.slot(number) else { return [] }
        return directory.topics[slot].partitions.enumerated().compactMap { position, partition in
            guard let lowest = partition.lowestLiveIndex, lowest <= index else { return nil }
            return PartitionKey(topic: number, partition: UInt32(position))
        }
    }

    /// What is to be moved of the partition so that fewer of its batches lie in entries up to `index`; nil when nothing
    /// can. Batches of open transactions stay where they are.
    package func movable(_ key: PartitionKey, within index: UInt64) -> Movable? {
        guard let state = partition(key) else { return nil }
        let numbers = (0..<state.runCount).reversed()
        for number in numbers {
            let start = number == 0 ? state.logStartOffset : state.moved[number - 1].endOffset
            let end = min(state.run(number).end(within: index, end: state.runEnd(number)), state.lastStableOffset)
            if end > start, number > 0 || state.canBegin {
                return Movable(key: key, from: start, end: end, generation: state.generation)
            }
        }
        return nil
    }

    /// Of some partitions of the topic those that have been moved in pieces too often.
    package func scattered(ofTopic number: UInt32, _ partitions: Range<Int>) -> [PartitionKey] {
        guard let slot = directory.slot(number) else { return [] }
        return directory.topics[slot].partitions.indices.clamped(to: partitions).compactMap { position in
            let key = PartitionKey(topic: number, partition: UInt32(position))
            return mergeable(key) == nil ? nil : key
        }
    }

    /// What is to be moved so that the partition has fewer runs; nil while it has few.
    package func mergeable(_ key: PartitionKey) -> Movable? {
        guard let state = partition(key), state.moved.count > MovedRun.maximum / 2 else { return nil }
        return Movable(
            key: key, from: state.moved[0].endOffset, end: state.moved[1].endOffset, generation: state.generation)
    }
}

extension PartitionState {
    /// Another run may come before the first.
    var canBegin: Bool { moved.count < MovedRun.maximum }
}

extension PartitionIndex {
    /// The end of the batches at the beginning that lie in entries up to `index`; of what is sealed, with all that is
    /// sealed with them.
    fileprivate func end(within index: UInt64, end: Int64) -> Int64 {
        let sealed = fences.lowerBound { $0.index <= index }
        if sealed < fences.count { return sealed == 0 ? .min : fences[sealed].baseOffset }
        var last = sealed > 0 ? first?.baseOffset ?? end : .min
        for chunk in chunks {
            for item in chunk.items {
                if item.index > index { return last == .min ? .min : item.baseOffset }
                last = item.baseOffset
            }
        }
        return isEmpty ? .min : end
    }
}
