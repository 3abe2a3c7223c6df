import Bytes
import Records

/// Why bytes could not be decompressed or compressed.
package enum CompressionError: Error, Equatable, Sendable {
    /// They are not what the codec writes, or end too early.
    case damaged(CompressionCodec)
    /// There is more in them than `limit` bytes.
    case tooLarge(limit: Int)
}

/// The bodies of record batches, as Kafka's producers compress them, by the codecs' own libraries.
package enum Compression {
    /// Decompressed bytes of one batch that are worked on. What becomes of them must fit into a frame between peers,
    /// even if it is not compressed as well as it came.
    package static let maximumBytes = 32 << 20

    /// What is produced or consumed at a time.
    static let pieceBytes = 64 << 10

    /// All that `body` holds. Damaged or lying bytes are an error; memory is taken for what there is, not for what is
    /// claimed.
    package static func decompress(
        _ body: ByteSlice, _ codec: CompressionCodec, limit: Int = maximumBytes
    ) throws(CompressionError) -> ByteSlice {
        var output = Output(codec, limit: limit)
        switch codec {
        case .none: try output.append(body)
        case .gzip: try Gzip.decompress(body, into: &output)
        case .snappy: try Snappy.decompress(body, into: &output)
        case .lz4: try Lz4.decompress(body, into: &output)
        case .zstd: try Zstandard.decompress(body, into: &output)
        }
        return output.writer.finish()
    }

    /// As a Kafka client can read it.
    package static func compress(_ body: ByteSlice, _ codec: CompressionCodec) throws(CompressionError) -> ByteSlice {
        switch codec {
        case .none: body
        case .gzip: try Gzip.compress(body)
        case .snappy: try Snappy.compress(body)
        case .lz4: try Lz4.compress(body)
        case .zstd: try Zstandard.compress(body)
        }
    }
}

/// What was decompressed, up to a limit.
struct Output {
    let codec: CompressionCodec
    let limit: Int
    var writer = ByteWriter(capacity: Compression.pieceBytes)

    init(_ codec: CompressionCodec, limit: Int) {
        self.codec = codec
        self.limit = limit
    }

    mutating func append(_ slice: ByteSlice) throws(CompressionError) {
        if slice.count > limit - writer.count { throw .tooLarge(limit: limit) }
        writer.bytes(slice)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CompressionError) {
        if bytes.count > limit - writer.count { throw .tooLarge(limit: limit) }
        writer.bytes(bytes)
    }

    /// Has `fill` write at most `capacity` bytes and tell how many it wrote, nil if it cannot.
    mutating func append(
        capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int?
    ) throws(CompressionError) {
        if capacity > limit - writer.count { throw .tooLarge(limit: limit) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
        defer { piece.deallocate() }
        guard let count = fill(piece) else { throw .damaged(codec) }
        try append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
}

extension Compression {
    /// What `fill` writes into memory of `capacity` bytes; nil from it is an error.
    static func made(
        _ codec: CompressionCodec, capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int?
    ) throws(CompressionError) -> ByteSlice {
        var output = Output(codec, limit: .max)
        try output.append(capacity: capacity, fill)
        return output.writer.finish()
    }
}
