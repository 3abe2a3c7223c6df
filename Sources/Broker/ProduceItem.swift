import Bytes

/// One row of a produce entry's table: batches of one partition lying end to end in the entry's payload. Batches of
/// idempotent producers have a row each; others share one.
package struct ProduceItem: Hashable, Sendable {
    /// Bytes of an encoded row.
    package static let encodedSize = 51
    /// The batches carry the leader's time, not the producer's.
    package static let logAppendTimeFlag: UInt8 = 1
    /// The leader knew nothing of this producer here and accepted the sequence as a beginning.
    package static let startsProducerFlag: UInt8 = 2
    /// The batches belong to their producer's transaction.
    package static let transactionalFlag: UInt8 = 4
    /// A transaction's marker; it has no sequence.
    package static let markerFlag: UInt8 = 8

    package var key: PartitionKey
    package var baseOffset: Int64
    package var recordCount: UInt32
    /// From the start of the payload; -> `length` bytes.
    package var position: UInt32
    package var length: UInt32
    package var maxTimestamp: Int64
    /// -1 when not idempotent; then epoch and sequence are -1 too.
    package var producerId: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var flags: UInt8

    package var isIdempotent: Bool { producerId >= 0 }
    package var isTransactional: Bool { flags & Self.transactionalFlag != 0 }

    func encode(into writer: inout ByteWriter) {
        writer.uint32(key.topic)
        writer.uint32(key.partition)
        writer.int64(baseOffset)
        writer.uint32(recordCount)
        writer.uint32(position)
        writer.uint32(length)
        writer.int64(maxTimestamp)
        writer.int64(producerId)
        writer.int16(producerEpoch)
        writer.int32(baseSequence)
        writer.uint8(flags)
    }

    /// Reads the row at `offset` of `table`, which holds it whole.
    init(_ table: ByteSlice, at offset: Int) throws(DecodeError) {
        key = PartitionKey(
            topic: table.uint32(at: offset), partition: table.uint32(at: offset + 4))
        baseOffset = table.int64(at: offset + 8)
        recordCount = table.uint32(at: offset + 16)
        position = table.uint32(at: offset + 20)
        length = table.uint32(at: offset + 24)
        maxTimestamp = table.int64(at: offset + 28)
        producerId = table.int64(at: offset + 36)
        producerEpoch = table.int16(at: offset + 44)
        baseSequence = table.int32(at: offset + 46)
        flags = table.uint8(at: offset + 50)
        if recordCount == 0 { throw .badValue("record count", 0) }
        if baseOffset < 0 || baseOffset > Int64.max - Int64(recordCount) { throw .badValue("base offset", baseOffset) }
        if isIdempotent {
            if producerEpoch < 0 { throw .badValue("producer epoch", Int64(producerEpoch)) }
            let isMarker = flags & Self.markerFlag != 0
            if baseSequence < 0 && !isMarker { throw .badValue("base sequence", Int64(baseSequence)) }
            if recordCount > UInt32(Int32.max) { throw .badValue("record count", Int64(recordCount)) }
        }
    }

    package init(
        key: PartitionKey, baseOffset: Int64, recordCount: UInt32, position: UInt32, length: UInt32,
        maxTimestamp: Int64, producerId: Int64 = -1, producerEpoch: Int16 = -1, baseSequence: Int32 = -1,
        flags: UInt8 = 0
    ) {
        self.key = key
        self.baseOffset = baseOffset
        self.recordCount = recordCount
        self.position = position
        self.length = length
        self.maxTimestamp = maxTimestamp
        self.producerId = producerId
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.flags = flags
    }
}
