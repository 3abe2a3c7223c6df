/// MurmurHash2, 32 bits, with the seed of Kafka's Java client, so that both put a key on the same partition.
enum Murmur2 {
    private static let multiplier: UInt32 = 0x5bd1_e995
    private static let shift: UInt32 = 24

    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let whole = bytes.count & ~3
        var position = 0
        while position < whole {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            word = word &* multiplier
            word ^= word >> shift
            word = word &* multiplier
            hash = (hash &* multiplier) ^ word
            position += 4
        }
        if position < bytes.count {
            var rest: UInt32 = 0
            for (place, byte) in bytes[position...].enumerated() { rest |= UInt32(byte) << UInt32(8 * place) }
            hash = (hash ^ rest) &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        return hash ^ (hash >> 15)
    }
}
