import Bytes

/// The link between two machines, as the network has it. What each end believes is in its `LinkEnd`.
final class LinkPair {
    let low: Int
    let high: Int
    /// Names the connection that is up; nil while there is none.
    var connection: Int?
    var nextConnection = 1
    /// How many faults block each direction: from `low`, from `high`.
    var blocks = [0, 0]
    /// How many faults keep all but short frames from each direction, as a hop that passes smaller packets only does.
    var narrowings = [0, 0]
    /// So many longer ones pass all the same.
    var longFramesToPass = [0, 0]
    /// Frames of a stream that wait for their direction to open again.
    var held: [[ByteSlice]] = [[], []]
    /// Nothing arrives before what was sent earlier; microseconds.
    var lastArrival: [UInt64] = [0, 0]
    /// Longest extra delay of a frame; microseconds.
    var extraDelay: UInt64 = 0
    var lossPerMille = 0
    var duplicationPerMille = 0
    var reorderingPerMille = 0

    init(low: Int, high: Int) {
        self.low = low
        self.high = high
    }

    var isBlocked: Bool { blocks[0] > 0 || blocks[1] > 0 }
    func direction(from machine: Int) -> Int { machine == low ? 0 : 1 }
}
