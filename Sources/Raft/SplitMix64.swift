/// Deterministic generator of the election timeouts (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014). The same seed gives the same run in the server and in the simulator.
struct SplitMix64: Hashable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number in `0 ..< bound`. The modulo's bias does not matter for timeouts of some tens of ticks.
    mutating func next(below bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }
}
