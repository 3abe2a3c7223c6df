import Broker

/// What became of a proposed entry.
package enum ProposalOutcome {
    /// Committed (fsynced on a majority) and applied here, with the state machine's answer.
    case applied(ApplyResult)
    /// Leadership was lost first: it may or may not commit. Retriable.
    case unknown
}

/// Somebody who waits for an entry. Called on the loop, once per ticket.
package protocol ProposalWaiter: AnyObject {
    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome)
}

/// Waiters in log order: each turn's commit takes a prefix.
struct WaiterQueue {
    struct Waiter {
        let index: UInt64
        let ticket: UInt64
        let target: any ProposalWaiter
    }

    private var waiters: [Waiter] = []
    private var head = 0

    var count: Int { waiters.count - head }

    mutating func add(_ waiter: Waiter) {
        precondition(waiters.last.map { $0.index <= waiter.index } ?? true, "WaiterQueue: index went back")
        waiters.append(waiter)
    }

    /// The next waiter for an entry at or below `index`.
    mutating func next(through index: UInt64) -> Waiter? {
        guard head < waiters.count, waiters[head].index <= index else {
            if head == waiters.count { removeAll() }
            return nil
        }
        head += 1
        if head > 4096, head * 2 > waiters.count {
            defer {
                waiters.removeFirst(head)
                head = 0
            }
            return waiters[head - 1]
        }
        return waiters[head - 1]
    }

    mutating func takeAll() -> [Waiter] {
        defer { removeAll() }
        return Array(waiters[head...])
    }

    private mutating func removeAll() {
        waiters.removeAll(keepingCapacity: true)
        head = 0
    }
}
