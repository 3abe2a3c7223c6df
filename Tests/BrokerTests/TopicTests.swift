import Bytes
import Testing

@testable import Broker

struct TopicTests {
    @Test func names() {
        #expect(TopicName.fault(of: "") == .empty)
        #expect(TopicName.fault(of: ".") == .dots)
        #expect(TopicName.fault(of: "..") == .dots)
        #expect(TopicName.fault(of: "...") == nil)
        #expect(TopicName.fault(of: String(repeating: "a", count: 249)) == nil)
        #expect(TopicName.fault(of: String(repeating: "a", count: 250)) == .tooLong)
        #expect(TopicName.fault(of: "AZaz09._-") == nil)
        for bad in ["a b", "a/b", "é", "a\0", "a\n", "%DLQ", "a:b", "@", "[", "`", "{"] {
            #expect(TopicName.fault(of: bad) == .character)
        }
    }

    private func create(_ broker: inout Broker, _ name: String, id: Int, _ partitions: UInt32 = 1) throws -> ApplyResult
    {
        let command = Command.createTopic(name: name, id: topicID(id), partitionCount: partitions, configs: [])
        return try broker.apply(
            index: broker.appliedIndex + 1, term: 1, timestamp: 1, payload: command.encode())
    }

    @Test func namesMustDifferInMoreThanDotAndUnderscore() throws {
        var broker = Broker()
        #expect(try create(&broker, "a.b", id: 1) == .topicCreated(number: 0))
        #expect(try create(&broker, "a.b", id: 2) == .refused(.topicExists(name: "a.b")))
        #expect(try create(&broker, "a_b", id: 2) == .refused(.topicNameCollision(name: "a_b", existing: "a.b")))
        #expect(try create(&broker, "a-b", id: 2) == .topicCreated(number: 1))
        #expect(try create(&broker, "c", id: 1) == .refused(.invalidTopicID))
        #expect(try create(&broker, "a/b", id: 3) == .refused(.invalidTopicName("a/b", .character)))
        _ = try broker.apply(index: 100, term: 1, timestamp: 1, payload: Command.deleteTopic(number: 0).encode())
        #expect(try create(&broker, "a_b", id: 1) == .topicCreated(number: 2))
        #expect(broker.topics.map(\.name) == ["a-b", "a_b"])
    }

    @Test func limits() throws {
        var broker = Broker()
        let limits = BrokerLimits(maximumTopics: 2, maximumPartitionsPerTopic: 4, maximumPartitions: 6)
        _ = try broker.apply(index: 1, term: 1, timestamp: 1, payload: Command.setLimits(limits).encode())
        #expect(try create(&broker, "a", id: 1, 0) == .refused(.invalidPartitionCount(0, limit: 4)))
        #expect(try create(&broker, "a", id: 1, 5) == .refused(.invalidPartitionCount(5, limit: 4)))
        #expect(try create(&broker, "a", id: 1, 4) == .topicCreated(number: 0))
        #expect(try create(&broker, "b", id: 2, 3) == .refused(.tooManyPartitions(limit: 6)))
        #expect(try create(&broker, "b", id: 2, 1) == .topicCreated(number: 1))
        #expect(try create(&broker, "c", id: 3, 1) == .refused(.tooManyTopics(limit: 2)))
        let grow = { (topic: UInt32, total: UInt32) in broker.preview(.createPartitions(topic: topic, total: total)) }
        #expect(grow(1, 1) == .refused(.partitionCountNotLarger(current: 1, requested: 1)))
        #expect(grow(1, 2) == .partitionsCreated)
        #expect(grow(1, 3) == .refused(.tooManyPartitions(limit: 6)))
        #expect(grow(1, .max) == .refused(.invalidPartitionCount(Int(UInt32.max), limit: 4)))
        #expect(grow(5, 2) == .refused(.unknownTopic))
        #expect(broker.partitionCount == 5)
    }

    @Test func numbersAreNeverReused() throws {
        var broker = Broker()
        var live: [UInt32: String] = [:]
        var random = SplitMix64(seed: 4)
        for round in 0..<400 {
            let name = "n\(random.below(30))"
            if let number = broker.topicNumber(named: name) {
                let command = Command.deleteTopic(number: number)
                let result = try broker.apply(
                    index: broker.appliedIndex + 1, term: 1, timestamp: 1, payload: command.encode())
                #expect(result == .topicDeleted)
                live[number] = nil
            } else if case .topicCreated(let number) = try create(&broker, name, id: round) {
                #expect(live[number] == nil && Int(number) == Int(broker.directory.nextNumber) - 1)
                live[number] = name
            }
            #expect(broker.topics.map(\.name) == live.values.sorted())
            for (number, name) in live {
                #expect(broker.topic(number: number)?.name == name)
                #expect(broker.topic(named: name)?.number == number)
                #expect(broker.topic(named: name).flatMap { broker.topic(id: $0.id) }?.number == number)
            }
        }
        #expect(broker.topic(number: .max) == nil)
    }

    @Test func configurationsAreCheckedByName() throws {
        var leader = Leader()
        let refused = leader.broker.preview(
            .createTopic(
                name: "t", id: topicID(1), partitionCount: 1, configs: [ConfigEntry(name: "nope", value: "1")]))
        #expect(refused == .refused(.unknownConfig(name: "nope")))
        let topic = try leader.createTopic(configs: [ConfigEntry(name: "retention.ms", value: "5")])
        let set = { (changes: [ConfigChange], all: Bool) throws in
            try leader.run(.setTopicConfigs(topic: topic, changes: changes, replacesAll: all))
        }
        #expect(try set([ConfigChange(name: "max.message.bytes", value: "100")], false) == .configsSet)
        #expect(leader.broker.topic(number: topic)?.overrides.map(\.name) == ["max.message.bytes", "retention.ms"])
        #expect(leader.broker.topic(number: topic)?.settings.maximumMessageBytes == 100)
        #expect(leader.broker.topic(number: topic)?.settings.retentionMilliseconds == 5)
        #expect(
            try set([ConfigChange(name: "max.message.bytes", value: "-1")], false)
                == .refused(
                    .invalidConfig(
                        name: "max.message.bytes", value: "-1", expected: "an integer from 0 to 2147483647")))
        let twice = [ConfigChange(name: "retention.ms", value: "1"), ConfigChange(name: "retention.ms", value: nil)]
        #expect(try set(twice, false) == .refused(.duplicateConfig(name: "retention.ms")))
        #expect(try set([ConfigChange(name: "nope", value: nil)], false) == .refused(.unknownConfig(name: "nope")))
        #expect(try set([ConfigChange(name: "retention.ms", value: nil)], false) == .configsSet)
        #expect(leader.broker.topic(number: topic)?.settings.retentionMilliseconds == 604_800_000)
        #expect(try set([ConfigChange(name: "min.insync.replicas", value: "2")], true) == .configsSet)
        #expect(leader.broker.topic(number: topic)?.overrides == [ConfigEntry(name: "min.insync.replicas", value: "2")])
        #expect(leader.broker.topic(number: topic)?.settings.maximumMessageBytes == 1_048_588)
    }

    @Test func catalogIsSortedAndItsDefaultsAreLegal() {
        let names = ConfigCatalog.all.map(\.name)
        #expect(names == names.sorted() && Set(names).count == names.count)
        for definition in ConfigCatalog.all {
            #expect(ConfigCatalog.refusal(of: definition.name, value: definition.defaultValue) == nil)
            #expect(ConfigCatalog.refusal(of: definition.name, value: "\u{0}") != nil)
        }
        let defaults = ConfigCatalog.all.map { ConfigEntry(name: $0.name, value: $0.defaultValue) }
        #expect(TopicSettings(defaults) == TopicSettings([]))
        #expect(ConfigCatalog.definition(of: "zzz") == nil)
    }

    @Test func configurationValues() {
        let cases: [(String, String, Bool)] = [
            ("min.cleanable.dirty.ratio", "0", true), ("min.cleanable.dirty.ratio", "1.00", true),
            ("min.cleanable.dirty.ratio", "1.01", false), ("min.cleanable.dirty.ratio", "0.", false),
            ("min.cleanable.dirty.ratio", "", false), ("min.cleanable.dirty.ratio", "2", false),
            ("cleanup.policy", "compact,delete", true), ("cleanup.policy", "compact, delete", true),
            ("cleanup.policy", "compact,", false), ("cleanup.policy", "", true), ("cleanup.policy", ",", false),
            ("preallocate", "TRUE", false), ("retention.ms", "9223372036854775808", false),
            ("retention.ms", "-1", true), ("retention.ms", "-2", false), ("min.insync.replicas", "0", false),
            ("unclean.leader.election.enable", "true", false), ("message.timestamp.type", "logappendtime", false),
        ]
        for (name, value, isLegal) in cases {
            #expect((ConfigCatalog.refusal(of: name, value: value) == nil) == isLegal, "\(name)=\(value)")
        }
    }
}
