/// Appends sent to one follower and not yet acknowledged, oldest first: bounded in number and in bytes.
package struct Inflight: Hashable, Sendable {
    private struct Sent: Hashable, Sendable {
        var last: LogIndex
        var bytes: Int
    }

    private var sent: [Sent] = []
    package private(set) var bytes = 0

    package init() {}

    package var appends: Int { sent.count }
    /// The last index of the oldest and of the newest append.
    package var first: LogIndex? { sent.first?.last }
    package var last: LogIndex? { sent.last?.last }

    package mutating func add(last: LogIndex, bytes: Int) {
        sent.append(Sent(last: last, bytes: bytes))
        self.bytes += bytes
    }

    /// An acknowledgement covers every append that ends at or below it.
    package mutating func release(through index: LogIndex) {
        var count = 0
        while count < sent.count, sent[count].last <= index {
            bytes -= sent[count].bytes
            count += 1
        }
        sent.removeFirst(count)
    }

    package mutating func removeAll() {
        sent.removeAll(keepingCapacity: true)
        bytes = 0
    }

    var violation: String? {
        if sent.reduce(0, { $0 + $1.bytes }) != bytes { return "bytes in flight do not add up" }
        return zip(sent, sent.dropFirst()).allSatisfy { $0.last < $1.last } ? nil : "appends in flight out of order"
    }
}
