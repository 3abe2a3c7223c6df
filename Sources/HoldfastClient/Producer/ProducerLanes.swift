/// A connection to a leader, with the batches that are sent on it and not answered.
final class ProducerLane {
    let node: Int32
    let connection: BrokerConnection
    var batches = Fifo<ProducerBatch>()
    /// Enqueued without expecting an answer; decided by the next flush.
    var unconfirmed: [ProducerBatch] = []

    init(node: Int32, connection: BrokerConnection) {
        self.node = node
        self.connection = connection
    }
}

/// The open lanes, in the order in which they were opened, and when a lane that could not be opened may be tried again.
struct ProducerLanes {
    private(set) var open: [ProducerLane] = []
    private var failures: [Int32: (count: Int, retryAt: UInt64)] = [:]

    subscript(node: Int32) -> ProducerLane? { open.first { $0.node == node } }

    mutating func add(_ lane: ProducerLane) {
        open.append(lane)
        failures[lane.node] = nil
    }

    mutating func remove(_ lane: ProducerLane) { open.removeAll { $0 === lane } }

    func mayTry(_ node: Int32, _ now: UInt64) -> Bool { now >= failures[node]?.retryAt ?? 0 }

    mutating func noteFailure(_ node: Int32, retryAt: UInt64) { failures[node] = (failureCount(node) + 1, retryAt) }

    func failureCount(_ node: Int32) -> Int { failures[node]?.count ?? 0 }
}
