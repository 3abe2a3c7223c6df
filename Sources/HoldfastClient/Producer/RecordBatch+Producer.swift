import Bytes
import Records

extension RecordBatch {
    /// Gives a finished batch its producer and first sequence number, and computes the checksum again. The batch must
    /// be in memory of the caller's own, which no request refers to.
    static func stamp(producer: ProducerIdentity, baseSequence: Int32, in batch: ByteSlice) {
        precondition(batch.count >= RecordBatchHeader.size, "stamping a batch of \(batch.count) bytes")
        store(producer.id, at: 43, in: batch)
        store(producer.epoch, at: 51, in: batch)
        store(baseSequence, at: 53, in: batch)
        store(CRC32C.checksum(batch.dropFirst(RecordBatchHeader.checksummedFrom)), at: 17, in: batch)
    }

    private static func store<Integer: FixedWidthInteger>(_ value: Integer, at position: Int, in batch: ByteSlice) {
        (batch.storage.base + batch.lower + position).storeBytes(of: value.bigEndian, as: Integer.self)
    }
}

/// What makes a producer's sequence numbers its own (KIP-98).
struct ProducerIdentity: Equatable {
    let id: Int64
    let epoch: Int16
}
