import Synchronization

/// Counts of values in buckets whose width grows with the value: eight per power of two, so a bucket's bounds are
/// within 12.5 % of each other. Recorded by any thread, read by any other.
package final class LogLinearHistogram: Sendable {
    private let state: Mutex<HistogramSnapshot>

    package init() { state = Mutex(HistogramSnapshot()) }

    package func record(_ value: UInt64) {
        state.withLock { $0.record(value) }
    }

    package func snapshot() -> HistogramSnapshot { state.withLock { $0 } }
}

/// The counts of a `LogLinearHistogram` at one moment.
package struct HistogramSnapshot: Sendable, Equatable {
    /// Values per bucket, only as many buckets as the largest value needs.
    package private(set) var buckets: [UInt64] = []
    package private(set) var count: UInt64 = 0
    /// Wraps around after 2^64.
    package private(set) var sum: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    mutating func record(_ value: UInt64) {
        let index = Self.bucket(of: value)
        while buckets.count <= index { buckets.append(0) }
        buckets[index] += 1
        count += 1
        sum &+= value
        maximum = max(maximum, value)
    }

    /// Values below 8 have a bucket each; above, the three bits after the leading one choose among eight.
    static func bucket(of value: UInt64) -> Int {
        if value < 8 { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 2) * 8 + Int((value >> UInt64(exponent - 3)) & 7)
    }

    /// The largest value that falls into bucket `index`.
    package static func upperBound(_ index: Int) -> UInt64 {
        if index < 8 { return UInt64(index) }
        let exponent = UInt64(index / 8 + 2)
        let step = UInt64(1) << (exponent - 3)
        let lower = (UInt64(1) << exponent) + UInt64(index % 8) * step
        return lower + (step - 1)
    }

    /// An upper bound of the value below which `perMille` of 1000 recorded values lie; 0 when there are none.
    package func quantile(perMille: UInt64) -> UInt64 {
        let wanted = (count * min(perMille, 1000) + 999) / 1000
        var seen: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            seen += bucket
            if seen >= wanted && seen > 0 { return min(Self.upperBound(index), maximum) }
        }
        return maximum
    }
}
