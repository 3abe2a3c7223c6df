import Bytes

/// Rewriting in place. The caller owns the memory: it received these bytes, has validated them, and has not yet handed
/// them to the disk, to a peer or to another thread. After that a batch is never written again.
extension RecordBatch {
    /// Gives the batch its offset and leader epoch. Both lie outside the checksum.
    package static func assign(baseOffset: Int64, leaderEpoch: Int32, in batch: ByteSlice) {
        store(baseOffset, at: 0, in: batch)
        store(leaderEpoch, at: 12, in: batch)
    }

    /// Log-append time (KIP-32): sets timestamp type bit 3 and the max timestamp, which then stands for every
    /// record, and computes the checksum again.
    package static func stampAppendTime(_ milliseconds: Int64, in batch: ByteSlice) {
        store(batch.int16(at: 21) | logAppendTimeBit, at: 21, in: batch)
        store(milliseconds, at: 35, in: batch)
        updateChecksum(in: batch)
    }

    /// Clears timestamp type bit 3, which a producer has no business setting on a create-time topic.
    package static func clearAppendTime(in batch: ByteSlice) {
        store(batch.int16(at: 21) & ~logAppendTimeBit, at: 21, in: batch)
        updateChecksum(in: batch)
    }

    private static func updateChecksum(in batch: ByteSlice) {
        store(CRC32C.checksum(batch.dropFirst(RecordBatchHeader.checksummedFrom)), at: 17, in: batch)
    }

    private static func store<Integer: FixedWidthInteger>(_ value: Integer, at position: Int, in batch: ByteSlice) {
        precondition(
            batch.count >= RecordBatchHeader.size, "RecordBatch: rewriting a batch of \(batch.count) bytes")
        (batch.storage.base + batch.lower + position).storeBytes(of: value.bigEndian, as: Integer.self)
    }
}
