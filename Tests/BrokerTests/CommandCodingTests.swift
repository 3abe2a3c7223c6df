import Bytes
import Testing

@testable import Broker

struct CommandCodingTests {
    private let commands: [Command] = [
        .createTopic(name: "a.b-c_1", id: TopicID(high: 1, low: .max), partitionCount: 3, configs: []),
        .createTopic(
            name: "é", id: .zero, partitionCount: .max,
            configs: [
                ConfigEntry(name: "x", value: ""), ConfigEntry(name: "", value: String(repeating: "v", count: 70_000)),
            ]),
        .deleteTopic(number: 7),
        .createPartitions(topic: 7, total: 12),
        .setTopicConfigs(
            topic: 1, changes: [ConfigChange(name: "a", value: nil), ConfigChange(name: "b", value: "c")],
            replacesAll: true),
        .setTopicConfigs(topic: 1, changes: [], replacesAll: false),
        .allocateProducer(bumping: nil),
        .allocateProducer(bumping: ProducerIdentity(id: 9, epoch: 4)),
        .produce(ProduceTable(items: [])),
        .produce(
            ProduceTable(items: [
                ProduceItem(
                    key: PartitionKey(topic: 1, partition: 2), baseOffset: 3, recordCount: 4, position: 112, length: 61,
                    maxTimestamp: -5),
                ProduceItem(
                    key: PartitionKey(topic: 6, partition: 7), baseOffset: 8, recordCount: 9, position: 173, length: 99,
                    maxTimestamp: 10, producerId: 11, producerEpoch: 12, baseSequence: 13, flags: 3),
            ])),
        .deleteRecords(PartitionKey(topic: 1, partition: 0), before: -1),
        .setLimits(BrokerLimits(maximumTopics: 1, maximumPartitionsPerTopic: 2, maximumPartitions: 3)),
        .storeGroup(GroupGeneration(group: "g")),
        .storeGroup(
            GroupGeneration(
                group: "é", number: -7, protocolType: "consumer", protocolName: "range", leader: "m",
                members: [
                    GroupMember(
                        id: "m", instance: "i", clientID: "c", clientHost: "/h", rebalanceTimeoutMilliseconds: -1,
                        sessionTimeoutMilliseconds: 6_000, subscription: ByteSlice([1, 2]), assignment: .empty)
                ])),
        .changeMembership(
            ConsumerMembershipChange(
                group: "é", epoch: 3, assignor: "uniform",
                changed: [
                    ConsumerMember(
                        id: "m", instance: "i", rack: "r", clientID: "c", clientHost: "/h",
                        rebalanceTimeoutMilliseconds: 1, topics: ["t", "u"], pattern: "v.*", assignor: "range",
                        epoch: -2, previousEpoch: 1),
                    ConsumerMember(
                        id: "n", instance: nil, rack: nil, clientID: "c", clientHost: "/h",
                        rebalanceTimeoutMilliseconds: 1, topics: [], assignor: nil),
                ], removed: ["o", ""])),
        .changeMembership(ConsumerMembershipChange(group: "é", to: ofBothProtocols)),
        .commitOffsets(
            group: "g",
            offsets: [
                CommittedOffset(key: PartitionKey(topic: 1, partition: 2), offset: 3, leaderEpoch: -1, metadata: "note")
            ]),
        .deleteGroup("g"),
        .confirmTime(5),
        .doubtTime(since: 0),
        .deleteOffsets(group: "g", keys: [PartitionKey(topic: 1, partition: 2)]),
        .expireOffsets(before: -1),
        .setQuotas(QuotaEntity(user: .standard, client: .named("é")), changes: [
            QuotaChange(kind: .producerByteRate, bits: .max), QuotaChange(kind: .requestPercentage, bits: nil),
        ]),
        .setQuotas(QuotaEntity(user: nil, client: .standard), changes: []),
        .initializeTransaction(name: "é", timeoutMilliseconds: -1, expected: nil),
        .initializeTransaction(name: "t", timeoutMilliseconds: 1, expected: ProducerIdentity(id: 9, epoch: 4)),
        .addToTransaction(
            name: "t", producer: ProducerIdentity(id: 9, epoch: 4),
            partitions: [PartitionKey(topic: 1, partition: 2), PartitionKey(topic: 1, partition: 3)], group: nil),
        .addToTransaction(name: "t", producer: ProducerIdentity(id: 9, epoch: 4), partitions: [], group: "g"),
        .addTransactionOffsets(
            name: "t", producer: ProducerIdentity(id: 9, epoch: 4), group: "g",
            offsets: [CommittedOffset(key: PartitionKey(topic: 1, partition: 2), offset: 5, metadata: "n")]),
        .endTransaction(
            TransactionEnd(name: "t", producer: ProducerIdentity(id: 9, epoch: 4), commits: true, next: .keep)),
        .endTransaction(
            TransactionEnd(
                name: "t", producer: ProducerIdentity(id: 9, epoch: 4), commits: false,
                next: .initialize(timeoutMilliseconds: 5, expected: ProducerIdentity(id: 9, epoch: 4)))),
        .endTransaction(Self.markedEnd),
        .expireTransactions(before: 7),
    ]

    private static let markedEnd: TransactionEnd = {
        var end = TransactionEnd(name: "t", producer: ProducerIdentity(id: 9, epoch: 4), commits: false, next: .fence)
        var item = ProduceItem(
            key: PartitionKey(topic: 1, partition: 2), baseOffset: 3, recordCount: 1, position: 0, length: 78,
            maxTimestamp: 5, producerId: 9, producerEpoch: 4, flags: 12)
        end.table.items = [item]
        item.position = UInt32(end.encode().count)
        end.table.items = [item]
        return end
    }()

    @Test func everyKindRoundTrips() throws {
        for command in commands { #expect(try Command.decode(command.encode()) == command) }
    }

    @Test func everyTruncationThrows() {
        for command in commands {
            let bytes = command.encode()
            for count in 0..<min(bytes.count, 600) {
                #expect(throws: DecodeError.self) { try Command.decode(bytes.slice(0, count)) }
            }
        }
    }

    @Test func trailingBytesThrowExceptAfterATable() throws {
        for command in commands {
            let bytes = joined([command.encode(), ByteSlice([0])])
            if command.hasBatches {
                #expect(try Command.decode(bytes) == command)
                #expect(try ProduceTable.prefixLength(of: bytes) == bytes.count - 1)
            } else {
                #expect(throws: DecodeError.self) { try Command.decode(bytes) }
                #expect(try ProduceTable.prefixLength(of: bytes) == nil)
            }
        }
    }

    @Test func unknownKindOrVersionThrows() {
        for kind in 0...UInt8.max {
            let known = CommandKind(rawValue: kind) != nil
            let error = #expect(throws: DecodeError.self) { try Command.decode(ByteSlice([kind, known ? 2 : 1])) }
            #expect(error == .badValue(known ? "command version" : "command kind", known ? 2 : Int64(kind)))
        }
    }

    /// Any bytes decode or throw; counts from outside allocate nothing they cannot fill.
    @Test func damagedCommandsNeverTrap() {
        var random = SplitMix64(seed: 3)
        var refused = 0
        for round in 0..<6_000 {
            var bytes = commands[round % commands.count].encode().array.prefix(200).map { $0 }
            for _ in 0...random.below(3) {
                bytes[random.below(bytes.count)] =
                    random.below(3) == 0 ? 0xff : UInt8(truncatingIfNeeded: random.next())
            }
            do {
                _ = try Command.decode(ByteSlice(bytes))
            } catch {
                refused += 1
            }
        }
        #expect(refused > 2_000)
    }

    @Test func tablesThatContradictThemselvesThrow() {
        let item = ProduceItem(
            key: PartitionKey(topic: 0, partition: 0), baseOffset: 0, recordCount: 1, position: 61, length: 61,
            maxTimestamp: 0)
        let changes: [(inout ProduceItem) -> Void] = [
            { $0.recordCount = 0 }, { $0.baseOffset = -1 }, { $0.baseOffset = .max }, { $0.position = 60 },
            { $0.position = 62 }, { $0.length = 0 }, { $0.producerId = 1 },
            {
                $0.producerId = 1
                $0.producerEpoch = 0
            },
            {
                $0.producerId = 1
                $0.producerEpoch = 0
                $0.baseSequence = 0
                $0.recordCount = .max
            },
        ]
        #expect(throws: Never.self) { try Command.decode(ProduceTable(items: [item]).encode()) }
        for change in changes {
            var changed = item
            change(&changed)
            #expect(throws: DecodeError.self) { try Command.decode(ProduceTable(items: [changed]).encode()) }
        }
    }

    @Test func undecodableEntryIsAFaultAndChangesNothing() throws {
        var broker = Broker()
        let before = broker.digest()
        let error = #expect(throws: BrokerFault.self) {
            try broker.apply(index: 1, term: 1, timestamp: 5, payload: ByteSlice([99, 1]))
        }
        #expect(error == .undecodable(index: 1, .badValue("command kind", 99)))
        #expect(broker.digest() == before)
        _ = try broker.apply(index: 4, term: 1, timestamp: 5, payload: Command.deleteTopic(number: 0).encode())
        let late = #expect(throws: BrokerFault.self) {
            try broker.apply(index: 4, term: 1, timestamp: 5, payload: Command.deleteTopic(number: 0).encode())
        }
        #expect(late == .outOfOrder(index: 4, applied: 4))
    }
}

extension Command {
    fileprivate var hasBatches: Bool {
        switch self {
        case .produce, .endTransaction: true
        default: false
        }
    }
}
