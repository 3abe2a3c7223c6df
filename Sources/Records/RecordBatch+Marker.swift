import Bytes

/// Control batches: the markers by which consumers learn how a transaction ended (KIP-98).
extension RecordBatch {
    /// One record whose key is a version and a type (0 abort, 1 commit), and whose value a version and the
    /// coordinator's epoch, which is the leader's here. It belongs to a transaction and has no sequence.
    package static func marker(
        commits: Bool, producerId: Int64, producerEpoch: Int16, baseOffset: Int64, leaderEpoch: Int32,
        timestamp: Int64
    ) -> ByteSlice {
        var key = ByteWriter(capacity: 4)
        key.int16(0)
        key.int16(commits ? 1 : 0)
        var value = ByteWriter(capacity: 6)
        value.int16(0)
        value.int32(leaderEpoch)
        var builder = RecordBatchBuilder(
            producerId: producerId, producerEpoch: producerEpoch, capacity: 80,
            attributes: transactionalBit | controlBit)
        builder.append(key: key.finish(), value: value.finish(), timestamp: timestamp)
        let batch = builder.finish()
        assign(baseOffset: baseOffset, leaderEpoch: leaderEpoch, in: batch)
        return batch
    }

    /// What the marker says; nil if `batch` is none.
    package static func markerCommits(_ batch: ByteSlice) throws(RecordError) -> Bool? {
        guard try framedHeader(batch).isControl else { return nil }
        var records = try records(of: batch)
        guard let key = try records.next()?.key, key.count >= 4, key.int16(at: 2) <= 1 else { return nil }
        return key.int16(at: 2) == 1
    }
}
