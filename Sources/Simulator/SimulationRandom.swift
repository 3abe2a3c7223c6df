/// SplitMix64: small, seedable, the same on every platform.
package struct SimulationRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state = state &+ 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

    package mutating func between(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next() % (range.upperBound - range.lowerBound + 1)
    }

    /// True `perMille` times in a thousand.
    package mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Small values about as often as large ones: a random power of two up to `bound`, and something below it.
    package mutating func skewed(below bound: Int) -> Int {
        let bits = Int.bitWidth - max(bound - 1, 1).leadingZeroBitCount
        return min(below(1 << (1 + below(bits))), bound - 1)
    }

    /// A generator of its own, so that what one part of a simulation draws does not move what another draws.
    package mutating func fork() -> SimulationRandom { SimulationRandom(seed: next()) }
}
