import Bytes

/// The whole state as bytes. All but the partitions' indexes is canonical: equal states have equal bytes on every node,
/// whatever path led to them. Of the indexes, fences and the rows still in memory are written.
extension Broker {
    static let snapshotVersion: UInt16 = 10

    /// Pieces to be laid end to end. Takes time in proportion to the state: hand a copy of the broker to another
    /// thread.
    package func encodeSnapshot() -> [ByteSlice] { encode(hasIndex: true) }

    private func encode(hasIndex: Bool) -> [ByteSlice] {
        var snapshot = SnapshotWriter(hasIndex: hasIndex)
        snapshot.writer.uint16(Self.snapshotVersion)
        snapshot.writer.uint64(appliedIndex)
        snapshot.writer.uint64(appliedTerm)
        snapshot.writer.int64(clock)
        snapshot.writer.int64(doubtedSince ?? -1)
        storageTimes.encode(into: &snapshot.writer)
        snapshot.writer.limits(limits)
        registry.encode(into: &snapshot)
        directory.encode(into: &snapshot)
        groups.encode(into: &snapshot)
        quotas.encode(into: &snapshot)
        transactions.encode(into: &snapshot)
        return snapshot.finish()
    }

    /// The state that `encodeSnapshot` wrote.
    package init(snapshot: ByteSlice) throws(DecodeError) {
        var reader = ByteReader(snapshot)
        let version = try reader.uint16()
        if version != Self.snapshotVersion { throw .badValue("snapshot version", Int64(version)) }
        appliedIndex = try reader.uint64()
        appliedTerm = try reader.uint64()
        clock = try reader.int64()
        let doubtedSince = try reader.int64()
        self.doubtedSince = doubtedSince < 0 ? nil : doubtedSince
        storageTimes = try StorageTimes(from: &reader)
        limits = try reader.limits()
        registry = try ProducerRegistry(from: &reader)
        directory = try TopicDirectory(from: &reader)
        groups = try GroupDirectory(from: &reader)
        quotas = try QuotaTable(from: &reader)
        transactions = try TransactionDirectory(from: &reader)
        try reader.requireEnd()
        for topic in directory.topics {
            for partition in topic.partitions { try requireApplied(partition) }
        }
        listUnsealed()
    }

    /// A partition knows of nothing later than the last entry applied: what is applied next goes behind it.
    private func requireApplied(_ partition: PartitionState) throws(DecodeError) {
        for number in 0..<partition.runCount {
            let run = partition.run(number)
            guard let last = run.last?.index ?? run.fences.last?.lastIndex, last > appliedIndex else { continue }
            throw .badValue("entry index", Int64(truncatingIfNeeded: last))
        }
        if let latest = partition.leaderEpochs.latest, latest > LeaderEpochs.epoch(of: appliedTerm) {
            throw .badValue("leader epoch", Int64(latest))
        }
    }

    /// A hash of the canonical state: equal on replicas that applied the same log, in any process, whichever rows they
    /// have in memory.
    package func digest() -> UInt64 {
        var digest = StateDigest()
        for piece in encode(hasIndex: false) { digest.add(piece) }
        return digest.value
    }
}

extension ProducerRegistry {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.int64(nextId)
        snapshot.writer.uint32(UInt32(entries.count))
        for entry in entries {
            snapshot.writer.int16(entry.epoch)
            snapshot.writer.int64(entry.allocatedAt)
            snapshot.breakIfFull()
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        let nextId = try reader.int64()
        let count = try reader.elementCount(minimumSize: 10)
        if nextId < Int64(count) { throw .badValue("next producer id", nextId) }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let epoch = try reader.int16()
            entries.append(Entry(epoch: epoch, allocatedAt: try reader.int64()))
        }
        self.init(nextId: nextId, entries: entries)
    }
}

extension TopicDirectory {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint32(nextNumber)
        snapshot.writer.uint32(UInt32(departed.count))
        for old in departed {
            snapshot.writer.countedText(old.name)
            snapshot.writer.int64(old.deletedAt)
            snapshot.breakIfFull()
        }
        snapshot.writer.uint32(UInt32(topics.count))
        for number in 0..<nextNumber {
            if let slot = slot(number) { topics[slot].encode(into: &snapshot) }
        }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        let numbersUsed = try reader.uint32()
        if numbersUsed > Self.maximumNumbers { throw .badValue("topic numbers", Int64(numbersUsed)) }
        let departedCount = try reader.elementCount(minimumSize: 12)
        var departed: [Departed] = []
        departed.reserveCapacity(departedCount)
        for _ in 0..<departedCount {
            let name = try reader.countedText()
            departed.append(Departed(name: name, deletedAt: try reader.int64()))
        }
        self.init(numbersUsed: Int(numbersUsed), departed: departed)
        for _ in 0..<(try reader.elementCount(minimumSize: 40)) {
            let topic = try Topic(from: &reader)
            if !restore(topic) { throw .badValue("topic number", Int64(topic.number)) }
        }
    }
}

extension Topic {
    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint32(number)
        snapshot.writer.topicID(id)
        snapshot.writer.countedText(name)
        snapshot.writer.int64(createdAt)
        snapshot.writer.uint8(isRecreation ? 1 : 0)
        snapshot.writer.configs(overrides)
        snapshot.writer.uint32(UInt32(partitions.count))
        for partition in partitions { partition.encode(into: &snapshot) }
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        number = try reader.uint32()
        id = try reader.topicID()
        name = try reader.countedText()
        createdAt = try reader.int64()
        isRecreation = try reader.flag("recreation")
        overrides = try reader.configs()
        settings = TopicSettings(overrides)
        let count = try reader.elementCount(minimumSize: 24)
        partitions = []
        partitions.reserveCapacity(count)
        for _ in 0..<count { partitions.append(try PartitionState(from: &reader)) }
    }
}
