/// Sequence numbers wrap from `Int32.max` to 0.
enum Sequence {
    static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        let (sum, overflow) = sequence.addingReportingOverflow(count)
        return overflow ? sum &- Int32.min : sum
    }
}
