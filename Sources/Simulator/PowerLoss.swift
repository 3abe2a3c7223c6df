/// What a power loss did to writes and names that were not synced.
package struct PowerLoss: Equatable, Sendable {
    package var lostWrites = 0
    package var tornWrites = 0
    /// A later write survived where an earlier one did not.
    package var isReordered = false
    package var lostNames = 0

    init() {}

    /// Of each write in order, how many sectors it touched and how many of these it reached.
    init(touched: [Int], reached: [Int]) {
        for (touched, reached) in zip(touched, reached) where touched > 0 {
            if reached == 0 { lostWrites += 1 } else if reached < touched { tornWrites += 1 }
            if reached > 0, lostWrites > 0 { isReordered = true }
        }
    }

    mutating func add(_ other: PowerLoss) {
        lostWrites += other.lostWrites
        tornWrites += other.tornWrites
        isReordered = isReordered || other.isReordered
        lostNames += other.lostNames
    }
}
