import Synchronization

/// Work from any thread for one worker thread, which takes all that has queued up at once.
final class WorkQueue<Work: Sendable>: Sendable {
    private struct State {
        var items: [Work] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let gate = Gate()

    /// Any thread. Work pushed after `close` is dropped.
    func push(_ work: Work) {
        add(work)
        wake()
    }

    /// The same without waking the worker: `wake` is to follow.
    func add(_ work: Work) {
        state.withLock { state in
            if !state.isClosed { state.items.append(work) }
        }
    }

    func wake() { gate.open() }

    /// Any thread. The worker finishes what is queued and then gets nil.
    func close() {
        state.withLock { $0.isClosed = true }
        gate.open()
    }

    /// The worker: everything queued, at least one item; waits for it. Nil after `close`.
    func takeAll() -> [Work]? {
        while true {
            let (items, isClosed) = state.withLock { state in
                let taken = state.items
                if !taken.isEmpty { state.items = [] }
                return (taken, state.isClosed)
            }
            if !items.isEmpty { return items }
            if isClosed { return nil }
            gate.pass()
        }
    }
}
