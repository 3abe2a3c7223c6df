/// The idempotent producers of one partition, sorted by id: the same order on every replica, no hashing. New producers
/// have the highest ids, so they go to the end.
package struct ProducerTable: Sendable {
    package private(set) var states: [ProducerState] = []
    /// No sweep before this time, so that its cost is spread over many insertions.
    var nextSweep: Int64 = 0

    /// Present even if it has expired and was not yet swept away.
    func state(of id: Int64) -> ProducerState? {
        let position = states.lowerBound { $0.id < id }
        return position < states.count && states[position].id == id ? states[position] : nil
    }

    mutating func put(_ state: ProducerState) {
        let position = states.lowerBound { $0.id < state.id }
        if position < states.count && states[position].id == state.id {
            states[position] = state
        } else {
            states.insert(state, at: position)
        }
    }

    /// Forgets producers idle for `expiration` milliseconds, if the last sweep is long enough ago. Called when a
    /// producer is added, so that the table cannot grow without being swept.
    mutating func sweep(now: Int64, expiration: Int64) {
        if now < nextSweep { return }
        nextSweep = now.saturatingAdding(max(expiration / 16, 1))
        states.removeAll { $0.lastTimestamp.saturatingAdding(expiration) <= now }
    }
}
