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
        baseOffset = slice.load(0, as: Int64.self)
        batchLength = slice.load(8, as: Int32.self)
        partitionLeaderEpoch = slice.load(12, as: Int32.self)
        magic = slice.load(16, as: Int8.self)
        crc = slice.load(17, as: UInt32.self)
        attributes = slice.load(21, as: Int16.self)
        lastOffsetDelta = slice.load(23, as: Int32.self)
        baseTimestamp = slice.load(27, as: Int64.self)
        maxTimestamp = slice.load(35, as: Int64.self)
        producerId = slice.load(43, as: Int64.self)
        producerEpoch = slice.load(51, as: Int16.self)
        baseSequence = slice.load(53, as: Int32.self)
        recordCount = slice.load(57, as: Int32.self)
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
