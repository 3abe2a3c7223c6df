import KafkaWire
import Records

extension KafkaErrorCode {
    /// The code for a record batch that is not acceptable: 2 where the bytes are damaged, so that a client sends them
    /// again, 43 for another message format, 87 for a batch that will never be right.
    init(_ error: RecordError) {
        switch error {
        case .truncated, .badLength, .badChecksum: self = .corruptMessage
        case .unsupportedMagic: self = .unsupportedForMessageFormat
        case .unknownCodec: self = .unsupportedCompressionType
        case .badRecordCount, .crowded, .controlBatch, .badProducer, .trailing, .compressed, .malformedRecord,
            .recordOutOfRange:
            self = .invalidRecord
        }
    }
}
