import Bytes
import Records
import Testing

@testable import Broker

/// Random transactions of several producers over several partitions, compared with a model that only remembers what
/// happened to each record.
struct TransactionTwinTests {
    private struct Twin {
        /// By offset: the producer of a transactional record, or nil; and whether it is visible, once that is known.
        var records: [(producer: Int64?, isVisible: Bool?)] = []

        var lastStableOffset: Int { records.firstIndex { $0.isVisible == nil } ?? records.count }

        mutating func end(_ producer: Int64, commits: Bool) {
            for offset in records.indices where records[offset] == (producer, nil) {
                records[offset].isVisible = commits
            }
            records.append((nil, false))
        }
    }

    private struct Stage {
        var leader = Leader()
        var random: SplitMix64
        var producers: [(name: String, identity: ProducerIdentity)] = []
        var sequences: [Int64: Int32] = [:]
        var twins: [Twin]
        let topic: UInt32

        init(seed: UInt64, partitions: Int) throws {
            random = SplitMix64(seed: seed)
            twins = Array(repeating: Twin(), count: partitions)
            topic = try leader.createTopic(partitions: UInt32(partitions))
            for number in 0..<4 {
                let name = "producer-\(number)"
                let command = Command.initializeTransaction(name: name, timeoutMilliseconds: 1, expected: nil)
                guard case .transactionInitialized(let identity) = try leader.run(command) else {
                    throw Unexpected(text: "not initialized")
                }
                producers.append((name, identity))
            }
        }

        mutating func step() throws {
            let (name, producer) = producers[random.below(producers.count)]
            let partition = random.below(twins.count)
            let key = PartitionKey(topic: topic, partition: UInt32(partition))
            switch random.below(10) {
            case 0..<2:
                try leader.run(.addToTransaction(name: name, producer: producer, partitions: [key], group: nil))
            case 2..<7: produce(producer, key)
            case 7:
                if case .accepted = leader.admit(batch("plain"), key) { twins[partition].records.append((nil, true)) }
            case 8: leader.seal()
            default: try end(name, producer)
            }
        }

        private mutating func produce(_ producer: ProducerIdentity, _ key: PartitionKey) {
            let place = producer.id << 8 | Int64(key.partition)
            let sequence = sequences[place] ?? 0
            let count = 1 + random.below(3)
            let bytes = batch("t", count: count, producer: producer, sequence: sequence, isTransactional: true)
            guard case .accepted = leader.admit(bytes, key) else { return }
            sequences[place] = sequence + Int32(count)
            for _ in 0..<count { twins[Int(key.partition)].records.append((producer.id, nil)) }
        }

        private mutating func end(_ name: String, _ producer: ProducerIdentity) throws {
            guard let open = leader.broker.transaction(named: name), open.isOngoing else { return }
            let commits = random.below(2) == 0
            try leader.end(name, commits: commits)
            for key in open.partitions { twins[Int(key.partition)].end(producer.id, commits: commits) }
            try leader.apply()
        }
    }

    @Test func readersOfWhatIsCommittedSeeExactlyThat() throws {
        for seed in UInt64(1)...6 {
            var stage = try Stage(seed: seed, partitions: 3)
            for step in 0..<600 {
                try stage.step()
                guard step % 20 == 0 else { continue }
                stage.leader.seal()
                try stage.leader.apply()
                for partition in stage.twins.indices { try check(&stage, partition) }
            }
        }
    }

    /// As a consumer reads: up to the last stable offset, leaving out markers and what the aborted index names.
    private func check(_ stage: inout Stage, _ partition: Int) throws {
        let twin = stage.twins[partition]
        let key = PartitionKey(topic: stage.topic, partition: UInt32(partition))
        let state = try #require(stage.leader.broker.partition(key))
        #expect(state.endOffset == twin.records.count && state.lastStableOffset == twin.lastStableOffset)
        if twin.lastStableOffset == 0 { return }
        let start = stage.random.below(twin.lastStableOffset)
        var ranges: [StoredRange] = []
        let result = stage.leader.broker.locate(
            key, from: Int64(start), before: state.lastStableOffset, maximumBytes: 100 + stage.random.below(4_000),
            into: &ranges)
        #expect(result == .found)
        let first = try #require(ranges.first)
        let last = try #require(ranges.last)
        #expect(last.nextOffset <= state.lastStableOffset, "beyond the last stable offset")
        let aborted = state.transactions.aborted(from: first.baseOffset, before: last.nextOffset)
        let seen = try visible(stage.leader, ranges, aborted)
        let expected = (first.baseOffset..<last.nextOffset).filter { twin.records[Int($0)].isVisible == true }
        #expect(seen == expected)
    }

    /// The clients' way to leave out what was aborted: a producer is aborted from the first offset named to its marker.
    private func visible(
        _ leader: Leader, _ ranges: [StoredRange], _ aborted: [PartitionTransactions.Aborted]
    ) throws -> [Int64] {
        var pending = aborted.sorted { $0.firstOffset < $1.firstOffset }
        var active: Set<Int64> = []
        var offsets: [Int64] = []
        for range in ranges {
            guard let entry = leader.applied.first(where: { $0.index == range.index }) else {
                throw Unexpected(text: "no entry \(range.index)")
            }
            var rest = entry.payload.slice(range.position, range.length)
            while !rest.isEmpty {
                let header = try RecordBatch.framedHeader(rest)
                while let next = pending.first, next.firstOffset <= header.lastOffset {
                    active.insert(next.producer)
                    pending.removeFirst()
                }
                if header.isControl {
                    active.remove(header.producerId)
                } else if !header.isTransactional || !active.contains(header.producerId) {
                    offsets += Array(header.baseOffset...header.lastOffset)
                }
                rest = rest.dropFirst(header.totalLength)
            }
        }
        return offsets
    }
}
