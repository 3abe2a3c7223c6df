import Bytes
import CZstd
import Records

/// RFC 8878. A frame that wants a window of more than 128 MiB is refused, as the library does by itself.
enum Zstandard {
    static func decompress(_ body: ByteSlice, into output: inout Output) throws(CompressionError) {
        guard let context = ZSTD_createDCtx() else { throw .damaged(.zstd) }
        defer { ZSTD_freeDCtx(context) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Compression.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        defer { withExtendedLifetime(body) {} }
        var source = ZSTD_inBuffer(src: body.unsafeBytes.baseAddress, size: body.count, pos: 0)
        while true {
            var target = ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
            let before = source.pos
            let hint = ZSTD_decompressStream(context, &target, &source)
            if ZSTD_isError(hint) != 0 { throw .damaged(.zstd) }
            try output.append(UnsafeRawBufferPointer(rebasing: piece[..<target.pos]))
            // 0 is the end of a frame.
            if hint == 0 && source.pos == source.size { return }
            if source.pos == before && target.pos == 0 { throw .damaged(.zstd) }
        }
    }

    static func compress(_ body: ByteSlice) throws(CompressionError) -> ByteSlice {
        defer { withExtendedLifetime(body) {} }
        return try Compression.made(.zstd, capacity: ZSTD_compressBound(body.count)) { piece in
            let size = ZSTD_compress(
                piece.baseAddress, piece.count, body.unsafeBytes.baseAddress, body.count, ZSTD_defaultCLevel())
            return ZSTD_isError(size) == 0 ? size : nil
        }
    }
}
