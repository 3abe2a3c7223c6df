/// Events in order of their time; those of the same time in the order in which they were added.
struct EventQueue {
    /// What is moved about when the heap is put in order: small, and nothing to be counted.
    private struct Entry {
        /// Microseconds.
        let time: UInt64
        let sequence: UInt64
        let slot: Int
    }

    private var heap: [Entry] = []
    private var events: [SimulationEvent?] = []
    private var freeSlots: [Int] = []
    private var nextSequence: UInt64 = 1 << 63
    private var firstSequence: UInt64 = 1 << 63

    var nextTime: UInt64? { heap.first?.time }

    /// `events` come in their order, and before all others of the same time.
    mutating func addFirst(_ events: [SimulationEvent], at time: UInt64) {
        for event in events.reversed() {
            firstSequence -= 1
            add(event, at: time, sequence: firstSequence)
        }
    }

    mutating func add(_ event: SimulationEvent, at time: UInt64) {
        add(event, at: time, sequence: nextSequence)
        nextSequence += 1
    }

    private mutating func add(_ event: SimulationEvent, at time: UInt64, sequence: UInt64) {
        let slot = freeSlots.popLast() ?? events.count
        if slot == events.count { events.append(event) } else { events[slot] = event }
        heap.append(Entry(time: time, sequence: sequence, slot: slot))
        siftUp(heap.count - 1)
    }

    mutating func pop() -> (time: UInt64, event: SimulationEvent)? {
        guard let first = heap.first, let event = events[first.slot] else { return nil }
        events[first.slot] = nil
        freeSlots.append(first.slot)
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return (first.time, event)
    }

    private func precedes(_ one: Int, _ other: Int) -> Bool {
        if heap[one].time != heap[other].time { return heap[one].time < heap[other].time }
        return heap[one].sequence < heap[other].sequence
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < heap.count, precedes(left, least) { least = left }
            if left + 1 < heap.count, precedes(left + 1, least) { least = left + 1 }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
