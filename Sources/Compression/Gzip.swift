import Bytes
import CZlib
import Records

/// RFC 1952, one member after the other.
enum Gzip {
    /// The largest window, with a gzip header.
    private static let windowBits: Int32 = 31

    static func decompress(_ body: ByteSlice, into output: inout Output) throws(CompressionError) {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, size) == Z_OK else { throw .damaged(.gzip) }
        defer { inflateEnd(&stream) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Compression.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        defer { withExtendedLifetime(body) {} }
        let source = body.unsafeBytes.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.next_in = UnsafeMutablePointer(mutating: source)
        stream.avail_in = UInt32(body.count)
        while true {
            stream.next_out = piece.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(piece.count)
            let code = inflate(&stream, Z_NO_FLUSH)
            let count = piece.count - Int(stream.avail_out)
            try output.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            if code == Z_STREAM_END {
                if stream.avail_in == 0 { return }
                guard inflateReset(&stream) == Z_OK else { throw .damaged(.gzip) }
            } else if code != Z_OK || (count == 0 && stream.avail_in == 0) {
                throw .damaged(.gzip)
            }
        }
    }

    static func compress(_ body: ByteSlice) throws(CompressionError) -> ByteSlice {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(
                &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
                == Z_OK
        else { throw .damaged(.gzip) }
        defer { deflateEnd(&stream) }
        defer { withExtendedLifetime(body) {} }
        let capacity = Int(deflateBound(&stream, UInt(body.count)))
        return try Compression.made(.gzip, capacity: capacity) { piece in
            stream.next_in = UnsafeMutablePointer(
                mutating: body.unsafeBytes.assumingMemoryBound(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(body.count)
            stream.next_out = piece.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(piece.count)
            return deflate(&stream, Z_FINISH) == Z_STREAM_END ? piece.count - Int(stream.avail_out) : nil
        }
    }
}
