import Broker

/// What assigns partitions in the consumer protocol (KIP-848).
enum Assignor: String, CaseIterable {
    /// Loads differ by one at most where all members read the same topics; what need not move stays.
    case uniform
    /// Each topic in ranges of partitions, in the order of the members' names.
    case range

    /// A topic that is there, and who reads it.
    struct Topic {
        let number: UInt32
        let partitions: Int
        /// Positions of members.
        var readers: [Int]
    }

    /// The target of each member, in the order of `members`, as are the names of what they read in `subscriptions`.
    /// `find` looks a topic up: its number, and its partitions.
    func targets(
        of members: [ConsumerMember], reading subscriptions: [[String]],
        _ find: (String) -> (number: UInt32, partitions: Int)?
    ) -> [[PartitionKey]] {
        let topics = Self.topics(in: subscriptions, find)
        var targets = Array(repeating: [PartitionKey](), count: members.count)
        switch self {
        case .range: Self.assignRanges(topics, members, &targets)
        case .uniform:
            var load = UniformLoad(topics: topics, members: members)
            load.balance()
            for (topic, owners) in zip(topics, load.owners) {
                for (partition, owner) in owners.enumerated() where owner >= 0 {
                    targets[owner].append(PartitionKey(topic: topic.number, partition: UInt32(partition)))
                }
            }
        }
        return targets.map { $0.sorted() }
    }

    /// Those with the fewest readers first, so that these are not full already when their turn comes.
    private static func topics(
        in subscriptions: [[String]], _ find: (String) -> (number: UInt32, partitions: Int)?
    ) -> [Topic] {
        var readers: [String: [Int]] = [:]
        for (position, names) in subscriptions.enumerated() {
            for name in names { readers[name, default: []].append(position) }
        }
        let topics = readers.keys.sorted().compactMap { name in
            find(name).map { Topic(number: $0.number, partitions: $0.partitions, readers: readers[name] ?? []) }
        }
        return topics.sorted { ($0.readers.count, $0.number) < ($1.readers.count, $1.number) }
    }

    /// Static members come first, by their instances: those do not change when a process starts again.
    private static func assignRanges(
        _ topics: [Topic], _ members: [ConsumerMember], _ targets: inout [[PartitionKey]]
    ) {
        for topic in topics {
            let readers = topic.readers.sorted { left, right in
                switch (members[left].instance, members[right].instance) {
                case (let left?, let right?): left < right
                case (_?, nil): true
                case (nil, _?): false
                case (nil, nil): members[left].id < members[right].id
                }
            }
            var next = 0
            for (order, reader) in readers.enumerated() {
                let share = topic.partitions / readers.count + (order < topic.partitions % readers.count ? 1 : 0)
                for partition in next..<next + share {
                    targets[reader].append(PartitionKey(topic: topic.number, partition: UInt32(partition)))
                }
                next += share
            }
        }
    }
}
