import Ports

/// Time that passes only when told.
package final class VirtualClock: Clock {
    package private(set) var monotonicNanoseconds: UInt64 = 1_000_000_000
    package private(set) var wallMilliseconds: Int64 = 1_700_000_000_000

    package init() {}

    package func advance(milliseconds: UInt64) {
        monotonicNanoseconds += milliseconds * 1_000_000
        wallMilliseconds += Int64(milliseconds)
    }
}

/// Reproducible random bits.
package final class SeededEntropy: Entropy {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
