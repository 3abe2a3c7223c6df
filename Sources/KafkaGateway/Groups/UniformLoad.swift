import Broker

/// Partitions on their way to a uniform assignment: everything stays where it was as long as loads allow.
struct UniformLoad {
    private let topics: [Assignor.Topic]
    /// By topic and partition: a position of a member, -1 for none.
    private(set) var owners: [[Int]]
    /// Partitions by member.
    private var loads: [Int]

    /// Passes over all topics before what is not balanced yet is left so. One is enough where all read the same topics.
    private static let maximumPasses = 8

    init(topics: [Assignor.Topic], members: [ConsumerMember]) {
        self.topics = topics
        owners = topics.map { Array(repeating: -1, count: $0.partitions) }
        loads = Array(repeating: 0, count: members.count)
        var placeOfNumber: [UInt32: Int] = [:]
        for (place, topic) in topics.enumerated() { placeOfNumber[topic.number] = place }
        let reading = topics.map { Set($0.readers) }
        for (position, member) in members.enumerated() {
            for key in member.target {
                guard let place = placeOfNumber[key.topic], reading[place].contains(position) else { continue }
                let partition = Int(key.partition)
                guard partition < owners[place].count, owners[place][partition] < 0 else { continue }
                owners[place][partition] = position
                loads[position] += 1
            }
        }
    }

    mutating func balance() {
        for place in topics.indices { giveOut(place) }
        for _ in 0..<Self.maximumPasses {
            var hasMoved = false
            for place in topics.indices where even(place) { hasMoved = true }
            if !hasMoved { return }
        }
    }

    /// Each partition without an owner to the reader with the least.
    private mutating func giveOut(_ place: Int) {
        guard owners[place].contains(-1) else { return }
        var least = LoadHeap(topics[place].readers.map { ($0, loads[$0]) })
        for partition in owners[place].indices where owners[place][partition] < 0 {
            guard let reader = least.pop() else { return }
            owners[place][partition] = reader.member
            loads[reader.member] += 1
            least.push(reader.member, loads[reader.member])
        }
    }

    /// Moves partitions of one topic from the reader with the most to the one with the least, until that gains nothing.
    private mutating func even(_ place: Int) -> Bool {
        var owned: [Int: [Int]] = [:]
        for (partition, owner) in owners[place].enumerated() where owner >= 0 {
            owned[owner, default: []].append(partition)
        }
        var least = LoadHeap(topics[place].readers.map { ($0, loads[$0]) })
        var most = LoadHeap(topics[place].readers.filter { owned[$0] != nil }.map { ($0, -loads[$0]) })
        var hasMoved = false
        while let giver = most.pop(whereFresh: { -loads[$0] }), let taker = least.pop(whereFresh: { loads[$0] }) {
            guard loads[giver] - loads[taker] >= 2 else { break }
            guard let partition = owned[giver]?.popLast() else {
                least.push(taker, loads[taker])
                continue
            }
            owners[place][partition] = taker
            owned[taker, default: []].append(partition)
            loads[giver] -= 1
            loads[taker] += 1
            hasMoved = true
            for member in [giver, taker] {
                most.push(member, -loads[member])
                least.push(member, loads[member])
            }
        }
        return hasMoved
    }
}

/// Members, the one with the smallest key first; of equals the one that comes first.
private struct LoadHeap {
    struct Item {
        let member: Int
        let key: Int

        func comesBefore(_ other: Item) -> Bool { (key, member) < (other.key, other.member) }
    }

    private var items: [Item] = []

    init(_ members: [(Int, Int)]) {
        for (member, key) in members { push(member, key) }
    }

    mutating func push(_ member: Int, _ key: Int) {
        items.append(Item(member: member, key: key))
        var child = items.count - 1
        while child > 0, items[child].comesBefore(items[(child - 1) / 2]) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Item? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child + 1 < items.count, items[child + 1].comesBefore(items[child]) { child += 1 }
            guard child < items.count, items[child].comesBefore(items[parent]) else { return first }
            items.swapAt(child, parent)
            parent = child
        }
    }

    /// Leaves out entries whose key is not the member's any more; a newer one of it is there.
    mutating func pop(whereFresh key: (Int) -> Int) -> Int? {
        while let item = pop() {
            if key(item.member) == item.key { return item.member }
        }
        return nil
    }
}
