import Bytes

/// A 64-bit hash of bytes that does not depend on the process, unlike `Hasher`. Not for adversaries.
struct StateDigest: Sendable {
    private(set) var value: UInt64

    init(value: UInt64 = 0xcbf2_9ce4_8422_2325) { self.value = value }

    mutating func add(_ row: PartitionIndex.Item) {
        add(row.index)
        add(UInt64(bitPattern: row.baseOffset))
        add(UInt64(bitPattern: row.maxTimestamp))
        add(UInt64(row.position) << 32 | UInt64(row.length))
    }

    mutating func add(_ slice: ByteSlice) {
        var position = 0
        while position + 8 <= slice.count {
            add(slice.uint64(at: position))
            position += 8
        }
        var rest: UInt64 = 0
        while position < slice.count {
            rest = rest << 8 | UInt64(slice[position])
            position += 1
        }
        add(rest)
        add(UInt64(slice.count))
    }

    private mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x9e37_79b9_7f4a_7c15
        value ^= value >> 29
    }
}
