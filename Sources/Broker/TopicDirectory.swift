/// All topics, found by number, name or id. Dictionaries are only ever looked up; order comes from arrays.
struct TopicDirectory: Sendable {
    /// A deleted topic's name, remembered while producers that wrote to it may still be known.
    struct Departed: Hashable, Sendable {
        var name: String
        var deletedAt: Int64
    }

    /// Topics ever created, so that what a snapshot claims cannot make us allocate without bound.
    static let maximumNumbers: UInt32 = 1 << 26

    /// In no meaningful order: the place of a deleted topic is taken by the last one.
    var topics: [Topic] = []
    /// Topic number to place in `topics`, -1 when deleted. Numbers are dense, so this is 4 bytes for each ever created.
    private(set) var slots: [Int32] = []
    /// Numbers in the order of the topics' names.
    private(set) var numbersByName: [UInt32] = []
    private(set) var partitionTotal = 0
    /// In time order.
    private(set) var departed: [Departed] = []
    /// When each of `departed` was deleted last.
    private var departures: [String: Int64] = [:]
    private var numberOfName: [String: UInt32] = [:]
    private var numberOfMetricName: [String: UInt32] = [:]
    private var numberOfID: [TopicID: UInt32] = [:]

    var nextNumber: UInt32 { UInt32(slots.count) }

    func slot(_ number: UInt32) -> Int? {
        guard Int(number) < slots.count else { return nil }
        let slot = Int(slots[Int(number)])
        return slot >= 0 ? slot : nil
    }

    func number(named name: String) -> UInt32? { numberOfName[name] }
    func number(id: TopicID) -> UInt32? { numberOfID[id] }

    /// The topic whose name differs from `name` in '.' and '_' at most.
    func number(collidingWith name: String) -> UInt32? { numberOfMetricName[TopicName.metricName(of: name)] }

    /// `topic.number` must be the next number; `topic`'s name and id are free.
    mutating func insert(_ topic: Topic) {
        precondition(topic.number == nextNumber, "TopicDirectory: topic \(topic.number), next is \(nextNumber)")
        slots.append(-1)
        place(topic)
    }

    private mutating func place(_ topic: Topic) {
        numbersByName.insert(topic.number, at: namePosition(of: topic.name))
        slots[Int(topic.number)] = Int32(topics.count)
        numberOfName[topic.name] = topic.number
        numberOfMetricName[TopicName.metricName(of: topic.name)] = topic.number
        numberOfID[topic.id] = topic.number
        partitionTotal += topic.partitions.count
        topics.append(topic)
    }

    mutating func remove(slot: Int, at now: Int64) {
        let topic = topics[slot]
        numbersByName.remove(at: namePosition(of: topic.name))
        numberOfName[topic.name] = nil
        numberOfMetricName[TopicName.metricName(of: topic.name)] = nil
        numberOfID[topic.id] = nil
        partitionTotal -= topic.partitions.count
        slots[Int(topic.number)] = -1
        let last = topics.removeLast()
        if slot < topics.count {
            topics[slot] = last
            slots[Int(last.number)] = Int32(slot)
        }
        departed.append(Departed(name: topic.name, deletedAt: now))
        departures[topic.name] = now
    }

    mutating func addPartitions(_ count: Int, slot: Int) {
        topics[slot].partitions.append(contentsOf: repeatElement(PartitionState(), count: count))
        partitionTotal += count
    }

    /// Was a topic of this name deleted within `expiration` milliseconds?
    func hasDeparted(_ name: String, now: Int64, expiration: Int64) -> Bool {
        departures[name].map { $0.saturatingAdding(expiration) > now } ?? false
    }

    mutating func forgetDeparted(now: Int64, expiration: Int64) {
        let expired = departed.lowerBound { $0.deletedAt.saturatingAdding(expiration) <= now }
        for old in departed[..<expired] where departures[old.name] == old.deletedAt { departures[old.name] = nil }
        departed.removeFirst(expired)
    }

    func names(from name: String, limit: Int) -> [String] {
        numbersByName[namePosition(of: name)...].prefix(limit).map { topics[Int(slots[Int($0)])].name }
    }

    /// Where `name` is, or would go, in `numbersByName`.
    private func namePosition(of name: String) -> Int {
        numbersByName.lowerBound { topics[Int(slots[Int($0)])].name < name }
    }

    init() {}

    /// For a snapshot: as if `count` topics had been created and all of them deleted.
    init(numbersUsed count: Int, departed: [Departed]) {
        slots = Array(repeating: -1, count: count)
        self.departed = departed
        for old in departed { departures[old.name] = old.deletedAt }
    }

    /// From a snapshot: a topic whose number was used already. False when it contradicts what is there.
    mutating func restore(_ topic: Topic) -> Bool {
        let isFree = slot(topic.number) == nil && Int(topic.number) < slots.count
        guard isFree, number(named: topic.name) == nil, number(id: topic.id) == nil,
            number(collidingWith: topic.name) == nil
        else { return false }
        place(topic)
        return true
    }
}
