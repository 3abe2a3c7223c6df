import Bytes

/// Why bytes are not an acceptable record batch, or not a readable record.
package enum RecordError: Error, Equatable, Sendable {
    /// The batch says it has `needed` bytes (or its header needs them), `available` are there.
    case truncated(needed: Int, available: Int)
    /// Only message format 2 is stored; 0 and 1 have the magic byte at the same place, so they are told apart.
    case unsupportedMagic(Int8)
    /// A batch length too short for the rest of the header.
    case badLength(Int32)
    case badChecksum(stored: UInt32, computed: UInt32)
    /// The record count is not positive, or is not the last offset delta plus one.
    case badRecordCount(Int32, lastOffsetDelta: Int32)
    /// More records than the bytes of an uncompressed body can hold.
    case crowded(recordCount: Int32, bodyBytes: Int)
    case unknownCodec(UInt8)
    /// Control batches (transaction markers) are written by brokers, never by clients.
    case controlBatch
    /// A producer id without an epoch and a first sequence.
    case badProducer(epoch: Int16, sequence: Int32)
    /// Bytes after the one batch that was expected.
    case trailing(Int)
    /// The records are compressed and must be decompressed by the caller first.
    case compressed(CompressionCodec)
    /// Record number `index` (from 0) does not follow the format.
    case malformedRecord(index: Int, DecodeError)
    /// Record number `index` has an offset or a timestamp outside what its batch header allows.
    case recordOutOfRange(index: Int)
}

extension RecordError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let available): "record batch truncated: \(needed) bytes needed, \(available) there"
        case .unsupportedMagic(let magic): "message format \(magic) is not supported, only 2"
        case .badLength(let length): "impossible record batch length \(length)"
        case .badChecksum(let stored, let computed): "record batch checksum \(stored), computed \(computed)"
        case .badRecordCount(let count, let delta): "record count \(count) with last offset delta \(delta)"
        case .crowded(let count, let bytes): "\(count) records cannot fit in \(bytes) bytes"
        case .unknownCodec(let codec): "unknown compression codec \(codec)"
        case .controlBatch: "control batch from a client"
        case .badProducer(let epoch, let sequence): "producer id with epoch \(epoch) and first sequence \(sequence)"
        case .trailing(let count): "\(count) unexpected bytes after the record batch"
        case .compressed(let codec): "records are compressed (\(codec))"
        case .malformedRecord(let index, let reason): "record \(index) is malformed: \(reason)"
        case .recordOutOfRange(let index): "record \(index) lies outside its batch"
        }
    }
}
