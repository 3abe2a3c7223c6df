import Bytes

/// What a partition knows of transactions: which are open in it, and which were aborted.
package struct PartitionTransactions: Equatable, Sendable {
    /// An open transaction with records here.
    package struct Open: Equatable, Sendable {
        package var producer: Int64
        package var firstOffset: Int64
    }

    /// As Kafka's aborted-transaction index has it.
    package struct Aborted: Equatable, Sendable {
        package var producer: Int64
        package var firstOffset: Int64
        /// That of the marker.
        package var lastOffset: Int64
        /// Of the partition, after the marker: it only grows, so a search may end with it.
        var lastStableOffset: Int64
    }

    /// In order of their first offsets.
    package private(set) var open: [Open] = []
    /// In order of their last offsets.
    package private(set) var aborted: [Aborted] = []

    /// A transactional batch lies at `offset`.
    mutating func note(_ producer: Int64, at offset: Int64) {
        if !open.contains(where: { $0.producer == producer }) {
            open.append(Open(producer: producer, firstOffset: offset))
        }
    }

    /// The marker lies at `offset`.
    mutating func end(_ producer: Int64, commits: Bool, at offset: Int64) {
        guard let position = open.firstIndex(where: { $0.producer == producer }) else { return }
        let ended = open.remove(at: position)
        if commits { return }
        aborted.append(
            Aborted(
                producer: producer, firstOffset: ended.firstOffset, lastOffset: offset,
                lastStableOffset: open.first?.firstOffset ?? offset + 1))
    }

    /// Records before `offset` are gone.
    mutating func trim(before offset: Int64) {
        aborted.removeFirst(aborted.lowerBound { $0.lastOffset < offset })
    }

    /// Aborted transactions that may have records at offsets `start ..< end`.
    package func aborted(from start: Int64, before end: Int64) -> [Aborted] {
        var found: [Aborted] = []
        for transaction in aborted[aborted.lowerBound { $0.lastOffset < start }...] {
            if transaction.firstOffset < end { found.append(transaction) }
            if transaction.lastStableOffset >= end { break }
        }
        return found
    }

    // MARK: In a snapshot

    func encode(into snapshot: inout SnapshotWriter) {
        snapshot.writer.uint32(UInt32(open.count))
        for transaction in open {
            snapshot.writer.int64(transaction.producer)
            snapshot.writer.int64(transaction.firstOffset)
        }
        snapshot.writer.uint32(UInt32(aborted.count))
        for transaction in aborted {
            snapshot.writer.int64(transaction.producer)
            snapshot.writer.int64(transaction.firstOffset)
            snapshot.writer.int64(transaction.lastOffset)
            snapshot.writer.int64(transaction.lastStableOffset)
            snapshot.breakIfFull()
        }
    }

    init() {}

    /// `end`: the partition's end offset.
    init(from reader: inout ByteReader, end: Int64) throws(DecodeError) {
        for _ in 0..<(try reader.elementCount(minimumSize: 16)) {
            let producer = try reader.int64()
            let first = try reader.int64()
            let isBehind = open.last.map { $0.firstOffset < first } ?? (first >= 0)
            if !isBehind || first >= end { throw .badValue("open transaction", first) }
            open.append(Open(producer: producer, firstOffset: first))
        }
        for _ in 0..<(try reader.elementCount(minimumSize: 32)) {
            let producer = try reader.int64()
            let first = try reader.int64()
            let last = try reader.int64()
            let isBehind = aborted.last.map { $0.lastOffset < last } ?? (last >= 0)
            if !isBehind || last >= end { throw .badValue("aborted transaction", last) }
            aborted.append(
                Aborted(
                    producer: producer, firstOffset: first, lastOffset: last, lastStableOffset: try reader.int64()))
        }
    }
}
