/// All groups, found by name. The dictionary is only ever looked up; order comes from the array.
struct GroupDirectory: Sendable {
    /// The place of a deleted group is taken by the last one.
    private(set) var groups: [ConsumerGroup] = []
    private var slotOfName: [String: Int] = [:]

    func slot(named name: String) -> Int? { slotOfName[name] }

    subscript(slot: Int) -> ConsumerGroup {
        get { groups[slot] }
        _modify { yield &groups[slot] }
    }

    /// The group's place; it is made if there is none.
    mutating func slot(creating name: String, now: Int64) -> Int {
        if let slot = slotOfName[name] { return slot }
        return insert(ConsumerGroup(generation: GroupGeneration(group: name), emptySince: now))
    }

    /// `group`'s name is free.
    @discardableResult mutating func insert(_ group: ConsumerGroup) -> Int {
        precondition(slotOfName[group.name] == nil, "GroupDirectory: there is a group '\(group.name)'")
        slotOfName[group.name] = groups.count
        groups.append(group)
        return groups.count - 1
    }

    mutating func remove(slot: Int) {
        slotOfName[groups[slot].name] = nil
        let last = groups.removeLast()
        guard slot < groups.count else { return }
        groups[slot] = last
        slotOfName[last.name] = slot
    }

    /// What was committed since `start` counts as committed at `time`, and groups empty since then as empty since
    /// `time`.
    mutating func raise(from start: Int64, to time: Int64) {
        for slot in groups.indices { groups[slot].raise(from: start, to: time) }
    }

    mutating func forget(topic: UInt32) {
        for slot in groups.indices { groups[slot].forget(topic: topic) }
    }
}
