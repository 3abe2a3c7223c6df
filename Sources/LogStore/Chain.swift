/// The running checksum of the log: equal values at equal indexes mean equal histories, so two replicas compare in
/// O(1).
enum Chain {
    /// Integer mixing over the entry's fixed fields. The payload takes part through its CRC-32C, so there is no second
    /// pass over it.
    static func next(
        after previous: UInt64, index: UInt64, term: UInt64, kind: EntryKind, timestamp: Int64, length: Int,
        checksum: UInt32
    ) -> UInt64 {
        var state = mix(previous ^ index)
        state = mix(state ^ term)
        state = mix(state ^ UInt64(bitPattern: timestamp))
        state = mix(state ^ (UInt64(kind.rawValue) << 56 ^ UInt64(truncatingIfNeeded: length)))
        return mix(state ^ UInt64(checksum))
    }

    /// The finaliser of SplitMix64, with an added constant so that zero does not map to zero.
    private static func mix(_ value: UInt64) -> UInt64 {
        var state = value &+ 0x9e37_79b9_7f4a_7c15
        state = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        state = (state ^ (state >> 27)) &* 0x94d0_49bb_1331_11eb
        return state ^ (state >> 31)
    }
}
