import Bytes
import Records
import Testing

@testable import Compression

struct CompressionTests {
    private static let codecs: [CompressionCodec] = [.none, .gzip, .snappy, .lz4, .zstd]

    private func bytes(_ count: Int, variety: UInt64) -> ByteSlice {
        var state: UInt64 = 99
        return ByteSlice((0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8((state >> 40) % variety)
        })
    }

    @Test(arguments: codecs) func whatWasCompressedComesBack(_ codec: CompressionCodec) throws {
        for count in [0, 1, 61, 32 << 10, (32 << 10) + 1, 200_000] {
            for variety in [UInt64(1), 4, 256] {
                let body = bytes(count, variety: variety)
                let small = try Compression.compress(body, codec)
                #expect(try Compression.decompress(small, codec) == body)
                if codec != .none && variety == 1 && count > 1_000 { #expect(small.count < count / 10) }
            }
        }
    }

    @Test(arguments: codecs) func moreThanTheLimitIsAnError(_ codec: CompressionCodec) throws {
        let small = try Compression.compress(bytes(3_000_000, variety: 1), codec)
        #expect(try Compression.decompress(small, codec, limit: 3_000_000).count == 3_000_000)
        #expect(throws: CompressionError.tooLarge(limit: 2_999_999)) {
            try Compression.decompress(small, codec, limit: 2_999_999)
        }
    }

    /// Cut off anywhere, or with any bit wrong: an error, or other bytes, but an end.
    @Test(arguments: codecs.dropFirst()) func damageIsAnError(_ codec: CompressionCodec) throws {
        let good = try Compression.compress(bytes(3_000, variety: 9), codec)
        for length in 0..<good.count {
            #expect(throws: CompressionError.self) { try Compression.decompress(good.slice(0, length), codec) }
        }
        var errors = 0
        for position in 0..<good.count {
            var damaged = good.array
            damaged[position] ^= 1 << UInt8(position % 8)
            do throws(CompressionError) {
                _ = try Compression.decompress(ByteSlice(damaged), codec, limit: 100_000)
            } catch {
                errors += 1
            }
        }
        #expect(errors > good.count / 50)
    }

    /// snappy's own block without a frame, as some clients send it: "aaaa…" of 20 bytes.
    @Test func snappyWithoutAFrame() throws {
        let block = ByteSlice([20, 0, 0x61, 0x4a, 0x01, 0x00])
        #expect(try Compression.decompress(block, .snappy).text == String(repeating: "a", count: 20))
    }

    /// What is behind the end of one member or frame is another.
    @Test(arguments: [CompressionCodec.gzip, .lz4, .zstd]) func severalFrames(_ codec: CompressionCodec) throws {
        var writer = ByteWriter()
        writer.bytes(try Compression.compress(bytes(100, variety: 3), codec))
        writer.bytes(try Compression.compress(bytes(200, variety: 3), codec))
        #expect(try Compression.decompress(writer.finish(), codec).count == 300)
    }
}
