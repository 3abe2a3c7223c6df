import Bytes
import Testing

@testable import Compaction

struct KeyMapTests {
    /// Against a dictionary; keys of all lengths, some that are prefixes of others.
    @Test func theLastOffsetOfEachKey() {
        let map = KeyMap()
        var twin: [String: Int64] = [:]
        var state: UInt64 = 7
        for offset in Int64(0)..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = String(repeating: "k", count: Int(state >> 60)) + "\((state >> 33) % 3_000)"
            #expect(map.note(ByteSlice(utf8: key), at: offset))
            twin[key] = offset
        }
        #expect(map.count == twin.count && map.byteCount > 3_000 * 24)
        for (key, offset) in twin { #expect(map.lastOffset(of: ByteSlice(utf8: key)) == offset) }
        #expect(map.lastOffset(of: ByteSlice(utf8: "none")) == nil)
        #expect(map.lastOffset(of: .empty) == nil)
        #expect(map.note(.empty, at: 5))
        #expect(map.lastOffset(of: .empty) == 5)
    }
}
