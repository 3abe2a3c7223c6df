/// A queue that takes from its front without moving the rest each time.
struct Fifo<Element> {
    private var slots: [Element?] = []
    private var head = 0

    var count: Int { slots.count - head }
    var isEmpty: Bool { head == slots.count }
    var first: Element? { isEmpty ? nil : slots[head] }

    /// Oldest first. Setting it costs a copy of the whole queue.
    var elements: [Element] {
        get { slots[head...].compactMap { $0 } }
        set {
            slots = newValue
            head = 0
        }
    }

    mutating func append(_ element: Element) { slots.append(element) }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let taken = slots[head]
        slots[head] = nil
        head += 1
        if head == slots.count {
            slots.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024 && head * 2 > slots.count {
            slots.removeFirst(head)
            head = 0
        }
        return taken
    }

    func contains(where matches: (Element) -> Bool) -> Bool {
        slots[head...].contains { $0.map(matches) ?? false }
    }
}
