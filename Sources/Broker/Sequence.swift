/// Sequence numbers wrap from `Int32.max` to 0.
package enum Sequence {
    static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        let (sum, overflow) = sequence.addingReportingOverflow(count)
        return overflow ? sum &- Int32.min : sum
    }

    /// How many steps lead from `start` to `sequence`.
    package static func distance(from start: Int32, to sequence: Int32) -> Int32 { (sequence &- start) & Int32.max }

    /// Whether `sequence` is `next`, or comes after it within half the circle.
    package static func isAhead(_ sequence: Int32, of next: Int32) -> Bool {
        distance(from: next, to: sequence) <= Int32.max / 2
    }
}
