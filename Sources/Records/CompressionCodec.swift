/// How the records of a batch are compressed: bits 0-2 of the batch attributes. The bytes stay opaque to the broker.
package enum CompressionCodec: UInt8, Hashable, Sendable {
    case none = 0
    case gzip = 1
    /// Xerial framing.
    case snappy = 2
    case lz4 = 3
    /// KIP-110.
    case zstd = 4
}
