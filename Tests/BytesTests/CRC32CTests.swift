import CSystem
import Testing

@testable import Bytes

@Suite struct CRC32CTests {
    /// RFC 3720 appendix B.4.
    @Test func knownValues() {
        #expect(CRC32C.checksum(ByteSlice([UInt8](repeating: 0, count: 32))) == 0x8a91_36aa)
        #expect(CRC32C.checksum(ByteSlice([UInt8](repeating: 0xff, count: 32))) == 0x62a8_ab43)
        #expect(CRC32C.checksum(ByteSlice(Array(0..<32))) == 0x46dd_794e)
        #expect(CRC32C.checksum(ByteSlice(utf8: "123456789")) == 0xe306_9283)
    }

    /// Lengths around the eight-byte step and the three-lane step, at every alignment.
    @Test func hardwareAndTableAgree() {
        var random = SplitMix64(seed: 7)
        let bytes = ByteSlice((0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        for length in [0, 1, 7, 8, 9, 63, 1023, 3071, 3072, 3073, 6143, 6144, 6151, 9216, 15_000] {
            for offset in 0..<9 {
                let part = bytes.slice(offset, length)
                let expected = part.withUnsafeBytes { holdfast_crc32c_portable(0, $0.baseAddress, $0.count) }
                #expect(CRC32C.checksum(part) == expected, "length \(length), offset \(offset)")
            }
        }
    }

    @Test func piecesEqualTheWhole() {
        let whole = ByteSlice((0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        for cut in [0, 1, 8, 3072, 5000, 9999] {
            let pieces = [whole.slice(0, cut), whole.dropFirst(cut)]
            #expect(CRC32C.checksum(pieces) == CRC32C.checksum(whole))
        }
    }
}

struct SplitMix64 {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
