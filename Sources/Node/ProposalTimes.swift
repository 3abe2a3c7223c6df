/// When own entries were proposed (monotonic nanoseconds), to measure what a commit takes.
struct ProposalTimes {
    private var times: [(index: UInt64, time: UInt64)] = []
    private var head = 0

    mutating func add(index: UInt64, at time: UInt64) { times.append((index, time)) }

    /// The time of the entry at `index`, dropping older ones; nil if it is not one of ours.
    mutating func take(through index: UInt64) -> UInt64? {
        var found: UInt64?
        while head < times.count, times[head].index <= index {
            found = times[head].index == index ? times[head].time : nil
            head += 1
        }
        if head == times.count {
            times.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024, head * 2 > times.count {
            times.removeFirst(head)
            head = 0
        }
        return found
    }
}
