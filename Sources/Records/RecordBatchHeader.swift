import Bytes

/// The fixed 61 bytes before the records of a batch, message format 2 (KIP-98), all fields big-endian.
package struct RecordBatchHeader: Equatable, Sendable {
    package static let size = 61
    /// Bytes before the part that `batchLength` counts.
    package static let lengthOverhead = 12
    /// The checksum covers everything from the attributes to the end.
    package static let checksummedFrom = 21

    package var baseOffset: Int64
    /// Bytes after this field: the whole batch is 12 longer.
    package var batchLength: Int32
    package var partitionLeaderEpoch: Int32
    package var magic: Int8
    /// CRC-32C of attributes to end; baseOffset and partitionLeaderEpoch lie outside, so a broker may rewrite them.
    package var crc: UInt32
    package var attributes: Int16
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Int64
    /// Of the records; with log-append time, the time the broker stamped.
    package var maxTimestamp: Int64
    /// -1: not an idempotent producer.
    package var producerId: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32
    package var recordCount: Int32

    /// The first 61 bytes of `slice`, not validated beyond being there.
    package init(_ slice: ByteSlice) throws(RecordError) {
        guard slice.count >= Self.size else { throw .truncated(needed: Self.size, available: slice.count) }
        baseOffset = slice.int64(at: 0)
        batchLength = slice.int32(at: 8)
        partitionLeaderEpoch = slice.int32(at: 12)
        magic = slice.int8(at: 16)
        crc = slice.uint32(at: 17)
        attributes = slice.int16(at: 21)
        lastOffsetDelta = slice.int32(at: 23)
        baseTimestamp = slice.int64(at: 27)
        maxTimestamp = slice.int64(at: 35)
        producerId = slice.int64(at: 43)
        producerEpoch = slice.int16(at: 51)
        baseSequence = slice.int32(at: 53)
        recordCount = slice.int32(at: 57)
    }

    /// Bytes of the whole batch.
    package var totalLength: Int { Int(batchLength) + Self.lengthOverhead }
    /// The codec bits as they are; nil for the three values that mean nothing.
    package var codec: CompressionCodec? { CompressionCodec(rawValue: UInt8(truncatingIfNeeded: attributes & 7)) }
    package var usesLogAppendTime: Bool { attributes & RecordBatch.logAppendTimeBit != 0 }
    package var isTransactional: Bool { attributes & RecordBatch.transactionalBit != 0 }
    package var isControl: Bool { attributes & RecordBatch.controlBit != 0 }
    package var hasProducer: Bool { producerId >= 0 }
    /// Offset of the last record; wraps instead of trapping on a client's nonsense.
    package var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }
}
