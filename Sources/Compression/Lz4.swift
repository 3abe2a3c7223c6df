import Bytes
import CLz4
import Records

/// The LZ4 frame format. Blocks are independent of each other: Kafka's own clients read no others.
enum Lz4 {
    static func decompress(_ body: ByteSlice, into output: inout Output) throws(CompressionError) {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
            throw .damaged(.lz4)
        }
        defer { LZ4F_freeDecompressionContext(context) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Compression.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        defer { withExtendedLifetime(body) {} }
        let source = body.unsafeBytes
        var position = 0
        while true {
            var written = piece.count
            var read = source.count - position
            let hint = LZ4F_decompress(
                context, piece.baseAddress, &written, source.baseAddress.map { $0 + position }, &read, nil)
            if LZ4F_isError(hint) != 0 { throw .damaged(.lz4) }
            position += read
            try output.append(UnsafeRawBufferPointer(rebasing: piece[..<written]))
            // 0 is the end of a frame.
            if hint == 0 && position == source.count { return }
            if read == 0 && written == 0 { throw .damaged(.lz4) }
        }
    }

    static func compress(_ body: ByteSlice) throws(CompressionError) -> ByteSlice {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.blockSizeID = body.count > 64 << 10 ? LZ4F_max4MB : LZ4F_max64KB
        defer { withExtendedLifetime(body) {} }
        return try Compression.made(.lz4, capacity: LZ4F_compressFrameBound(body.count, &preferences)) { piece in
            let size = LZ4F_compressFrame(
                piece.baseAddress, piece.count, body.unsafeBytes.baseAddress, body.count, &preferences)
            return LZ4F_isError(size) == 0 ? size : nil
        }
    }
}
