/// Names a scheduled timer; never reused within one loop.
package struct TimerID: Hashable, Sendable {
    let rawValue: UInt64
}

/// Timers by deadline: a binary heap whose cancelled entries stay until they surface or outnumber the live ones.
struct TimerHeap {
    private struct Entry {
        let deadline: UInt64
        let id: UInt64

        /// Equal deadlines fire in the order they were scheduled.
        static func < (left: Entry, right: Entry) -> Bool {
            left.deadline == right.deadline ? left.id < right.id : left.deadline < right.deadline
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: () -> Void] = [:]
    private var nextID: UInt64 = 1

    var count: Int { actions.count }

    mutating func schedule(at deadline: UInt64, _ action: @escaping () -> Void) -> TimerID {
        let id = nextID
        nextID += 1
        actions[id] = action
        heap.append(Entry(deadline: deadline, id: id))
        siftUp(heap.count - 1)
        return TimerID(rawValue: id)
    }

    mutating func cancel(_ timer: TimerID) {
        guard actions.removeValue(forKey: timer.rawValue) != nil else { return }
        if heap.count > 64 && heap.count > actions.count * 2 { dropCancelled() }
    }

    /// The earliest live deadline.
    mutating func nextDeadline() -> UInt64? {
        while let top = heap.first, actions[top.id] == nil { removeTop() }
        return heap.first?.deadline
    }

    /// The timers due at `now`, earliest first. Collected before any of them runs, so that a timer that schedules
    /// another one with no delay cannot keep the loop here.
    mutating func due(at now: UInt64) -> [TimerID] {
        var result: [TimerID] = []
        while let top = heap.first, top.deadline <= now {
            if actions[top.id] != nil { result.append(TimerID(rawValue: top.id)) }
            removeTop()
        }
        return result
    }

    /// Takes the action of a due timer; nil when it was cancelled by a timer that ran before it.
    mutating func takeAction(_ timer: TimerID) -> (() -> Void)? {
        actions.removeValue(forKey: timer.rawValue)
    }

    private mutating func dropCancelled() {
        let live = heap.filter { actions[$0.id] != nil }
        heap = live.sorted { $0 < $1 }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown()
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
