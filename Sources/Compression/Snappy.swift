import Bytes
import CSnappy
import Records

/// Snappy blocks, one as it is or several in the frame of xerial's snappy-java, which is what Kafka means by snappy: a
/// header of 16 bytes, then blocks with their lengths.
enum Snappy {
    private static let magic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let headerSize = 16
    /// As snappy-java cuts them.
    private static let blockBytes = 32 << 10

    static func decompress(_ body: ByteSlice, into output: inout Output) throws(CompressionError) {
        guard body.count >= headerSize, body.slice(0, magic.count) == ByteSlice(magic) else {
            return try decompress(block: body, into: &output)
        }
        var reader = ByteReader(body.dropFirst(headerSize))
        repeat {
            let block: ByteSlice
            do {
                block = try reader.bytes(Int(try reader.int32()))
            } catch {
                throw .damaged(.snappy)
            }
            try decompress(block: block, into: &output)
        } while !reader.isAtEnd
    }

    private static func decompress(block: ByteSlice, into output: inout Output) throws(CompressionError) {
        defer { withExtendedLifetime(block) {} }
        let source = block.unsafeBytes.assumingMemoryBound(to: CChar.self).baseAddress
        var length = 0
        guard snappy_uncompressed_length(source, block.count, &length) == SNAPPY_OK,
            snappy_validate_compressed_buffer(source, block.count) == SNAPPY_OK
        else { throw .damaged(.snappy) }
        try output.append(capacity: length) { piece in
            var count = piece.count
            let target = piece.assumingMemoryBound(to: CChar.self).baseAddress
            return snappy_uncompress(source, block.count, target, &count) == SNAPPY_OK ? count : nil
        }
    }

    static func compress(_ body: ByteSlice) throws(CompressionError) -> ByteSlice {
        var writer = ByteWriter(capacity: body.count / 2 + headerSize)
        writer.bytes(magic)
        writer.int32(1)
        writer.int32(1)
        for start in stride(from: 0, to: max(body.count, 1), by: blockBytes) {
            let block = try compress(block: body.slice(start, min(blockBytes, body.count - start)))
            writer.int32(Int32(block.count))
            writer.bytes(block)
        }
        return writer.finish()
    }

    private static func compress(block: ByteSlice) throws(CompressionError) -> ByteSlice {
        defer { withExtendedLifetime(block) {} }
        return try Compression.made(.snappy, capacity: snappy_max_compressed_length(block.count)) { piece in
            var count = piece.count
            let status = snappy_compress(
                block.unsafeBytes.assumingMemoryBound(to: CChar.self).baseAddress, block.count,
                piece.assumingMemoryBound(to: CChar.self).baseAddress, &count)
            return status == SNAPPY_OK ? count : nil
        }
    }
}
