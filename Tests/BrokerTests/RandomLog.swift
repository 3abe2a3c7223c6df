import Bytes

@testable import Broker

/// A random history of one cluster: topics come and go, producers work, time passes, leaders change. Wholly
/// determined by its seed.
struct RandomLog {
    private(set) var leader = Leader()
    private var random: SplitMix64
    private var producers: [ProducerIdentity] = []
    private var sequences: [Int64: Int32] = [:]
    private var serial = 0
    /// The newest entry in which batches of a partition were moved.
    private var moves: [PartitionKey: UInt64] = [:]

    /// Applies about `steps` entries.
    init(seed: UInt64, steps: Int) throws {
        random = SplitMix64(seed: seed)
        while leader.applied.count < steps { try step() }
    }

    var entries: [LogEntry] { leader.applied }

    private mutating func step() throws {
        leader.clock += random.below(200) == 0 ? 90_000_000 : Int64(random.below(50)) - 5
        switch random.below(40) {
        case 0..<24: produce()
        case 24..<28:
            leader.seal()
        case 28..<32: try apply()
        case 32: leader.changeTerm()
        case 33...35: try endTransaction()
        case 36: try move()
        default:
            leader.seal()
            _ = leader.propose(command())
        }
    }

    /// As the leader's upkeep does: one at a time in each partition.
    private mutating func move() throws {
        let key = existingKey()
        guard moves[key].map({ $0 <= leader.broker.appliedIndex }) ?? true,
            let runs = leader.broker.partition(key)?.runCount
        else { return }
        moves[key] = try leader.move(key, run: random.below(runs), items: 1 + random.below(5))
    }

    private mutating func endTransaction() throws {
        let open = leader.broker.ongoingTransactions.filter { name in
            leader.broker.transaction(named: name).map { !leader.admission.isEnding($0.producer.id) } ?? false
        }
        if open.isEmpty { return }
        let nexts: [TransactionEnd.Next] = [
            .keep, .keep, .fence, .initialize(timeoutMilliseconds: Int32(serial), expected: nil),
        ]
        try leader.end(
            open[random.below(open.count)], commits: random.below(2) == 0, next: nexts[random.below(nexts.count)])
    }

    /// Of a transactional id, mostly as its producer is now.
    private mutating func transactionCommand() -> Command {
        let name = "transaction-\(random.below(3))"
        guard var producer = leader.broker.transaction(named: name)?.producer else {
            return .initializeTransaction(name: name, timeoutMilliseconds: 1, expected: nil)
        }
        if random.below(8) == 0 { producer.epoch += 1 }
        switch random.below(8) {
        case 0: return .initializeTransaction(name: name, timeoutMilliseconds: Int32(serial), expected: producer)
        case 1 where random.below(2) == 0: return .expireTransactions(before: leader.clock - 500)
        case 2:
            return .addToTransaction(name: name, producer: producer, partitions: [], group: "group-\(random.below(4))")
        case 4:
            let offsets = [CommittedOffset(key: key(), offset: Int64(serial)), CommittedOffset(key: key(), offset: 1)]
            return .addTransactionOffsets(
                name: name, producer: producer, group: "group-\(random.below(4))", offsets: offsets)
        default:
            return .addToTransaction(
                name: name, producer: producer, partitions: [existingKey(), existingKey(), key()], group: nil)
        }
    }

    private mutating func apply() throws {
        leader.seal()
        for result in try leader.apply(random.below(6)) {
            if case .producerAllocated(let producer) = result { producers.append(producer) }
        }
    }

    private mutating func key() -> PartitionKey {
        let topic = UInt32(random.below(Int(leader.broker.directory.nextNumber) + 1))
        return PartitionKey(topic: topic, partition: UInt32(random.below(4)))
    }

    private mutating func existingKey() -> PartitionKey {
        let topics = leader.broker.topics
        if topics.isEmpty { return key() }
        let topic = topics[random.below(topics.count)]
        return PartitionKey(topic: topic.number, partition: UInt32(random.below(topic.partitions.count)))
    }

    private mutating func produce() {
        serial += 1
        let key = key()
        let count = 1 + random.below(4)
        let timestamp = leader.clock - Int64(random.below(5_000))
        let padding = random.below(10) == 0 ? 20_000 : random.below(30)
        if random.below(3) == 0, let name = leader.broker.ongoingTransactions.first,
            let transaction = leader.broker.transaction(named: name)
        {
            let there = transaction.partitions.filter { leader.broker.partition($0) != nil }
            let key = there.isEmpty ? key : there[random.below(there.count)]
            let place = Int64(key.topic) << 40 | Int64(key.partition) << 32 | transaction.producer.id << 16
                | Int64(transaction.producer.epoch)
            let sequence = sequences[place] ?? 0
            let bytes = batch(
                "t\(serial)", count: count, timestamp: timestamp, padding: padding, producer: transaction.producer,
                sequence: sequence, isTransactional: true)
            if case .accepted = leader.admit(bytes, key) { sequences[place] = sequence + Int32(count) }
            return
        }
        guard !producers.isEmpty, random.below(2) == 0 else {
            let bytes = batch("m\(serial)", count: count, timestamp: timestamp, padding: padding)
            _ = leader.admit(bytes, key)
            return
        }
        let producer = producers[random.below(producers.count)]
        let place = Int64(key.topic) << 40 | Int64(key.partition) << 32 | producer.id
        let expected = sequences[place] ?? 0
        let sequence = random.below(8) == 0 ? Int32(random.below(20)) : expected
        let bytes = batch(
            "p\(serial)", count: count, timestamp: timestamp, padding: padding, producer: producer, sequence: sequence)
        if case .accepted = leader.admit(bytes, key) { sequences[place] = sequence + Int32(count) }
    }

    private mutating func groupCommand() -> Command {
        let group = "group-\(random.below(4))"
        switch random.below(11) {
        case 9: return .confirmTime(leader.clock + Int64(random.below(500)))
        case 10: return .doubtTime(since: max(leader.clock - Int64(random.below(500)), 0))
        case 0, 1:
            let members = (0..<random.below(3)).map { number in
                GroupMember(
                    id: "m\(number)", instance: number == 1 ? "i" : nil, clientID: "c", clientHost: "/h",
                    rebalanceTimeoutMilliseconds: 1, sessionTimeoutMilliseconds: 2,
                    subscription: ByteSlice(utf8: "s\(serial)"), assignment: ByteSlice(utf8: "a\(serial)"))
            }
            return .storeGroup(
                GroupGeneration(
                    group: group, number: Int32(serial), protocolType: "consumer",
                    protocolName: members.isEmpty ? nil : "range", leader: members.first?.id, members: members))
        case 5:
            let members = (0..<random.below(3)).map { number in
                var member = ConsumerMember(
                    id: "m\(random.below(4))-\(number)", instance: number == 1 ? "i" : nil, rack: nil, clientID: "c",
                    clientHost: "/h", rebalanceTimeoutMilliseconds: 1, topics: ["t", "u"],
                    pattern: serial % 3 == 0 ? "p\(serial)" : nil, assignor: "range", epoch: Int32(serial))
                member.held = [key()]
                member.target = [key(), key()]
                if serial % 4 == 0 { member.classic = ofBothProtocols.members[0].classic }
                return member
            }
            return .changeMembership(
                ConsumerMembershipChange(
                    group: group, epoch: Int32(serial), assignor: "uniform", changed: members,
                    removed: ["m\(random.below(4))-0"], replacesAll: serial % 5 == 0))
        case 2, 7: return .deleteGroup(group)
        case 3: return .deleteOffsets(group: group, keys: [key(), key()])
        case 4: return .expireOffsets(before: leader.clock - Int64(random.below(2_000)))
        case 8: return .setQuotas(
            QuotaEntity(user: random.below(2) == 0 ? nil : .named("u\(random.below(3))"), client: .standard),
            changes: [QuotaChange(kind: .consumerByteRate, bits: random.below(3) == 0 ? nil : random.next())])
        default:
            let offsets = (0..<random.below(4)).map { _ in
                CommittedOffset(key: key(), offset: Int64(serial), leaderEpoch: 1, metadata: "note \(serial)")
            }
            return .commitOffsets(group: group, offsets: offsets)
        }
    }

    private mutating func command() -> Command {
        serial += 1
        let topic = UInt32(random.below(Int(leader.broker.directory.nextNumber) + 1))
        switch random.below(36) {
        case 14..<20: return groupCommand()
        case 20..<36: return transactionCommand()
        case 0..<4:
            let configs =
                random.below(2) == 0 ? [] : [ConfigEntry(name: "message.timestamp.type", value: "LogAppendTime")]
            return .createTopic(
                name: "topic-\(random.below(6))", id: topicID(serial), partitionCount: UInt32(random.below(4)),
                configs: configs)
        case 4: return .deleteTopic(number: topic)
        case 5: return .createPartitions(topic: topic, total: UInt32(random.below(6)))
        case 6:
            let value = random.below(3) == 0 ? nil : "\(random.below(40_000))"
            return .setTopicConfigs(
                topic: topic, changes: [ConfigChange(name: "max.message.bytes", value: value)],
                replacesAll: random.below(2) == 0)
        case 7..<10: return .allocateProducer(bumping: nil)
        case 10: return .allocateProducer(bumping: producers.isEmpty ? nil : producers[random.below(producers.count)])
        case 11, 12: return .deleteRecords(key(), before: Int64(random.below(12)) - 1)
        default:
            return .setLimits(BrokerLimits(maximumTopics: UInt32(3 + random.below(9)), maximumPartitionsPerTopic: 5))
        }
    }
}
