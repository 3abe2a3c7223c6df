import Bytes

@testable import Broker

extension FuzzTarget {
    static let brokerCommand = FuzzTarget(
        "broker-command", "commands as the log holds them; those that decode survive encoding and decoding",
        seeds: { commands.map { $0.encode() } },
        run: { input in
            guard let command = accepted({ try Command.decode(input) }) else { return }
            require(try Command.decode(command.encode()) == command, "\(command) survives encoding")
        })

    static let brokerLog = FuzzTarget(
        "broker-log", "a log of commands, applied; the state survives a snapshot and then answers the same",
        allocationLimit: 16,
        seeds: {
            let entries = commands.enumerated().map { entry($1, at: Int64(1000 + $0)) }
            return entries.map { .joined([entries[0], $0]) } + [.joined(entries), .joined(entries + entries)]
        },
        run: { input in
            var choices = ByteReader(input)
            var broker = Broker()
            _ = try broker.apply(
                index: 1, term: 1, timestamp: 0,
                payload: Command.setLimits(
                    BrokerLimits(maximumPartitionsPerTopic: 50, maximumPartitions: 500)).encode())
            while !choices.isAtEnd {
                let timestamp = accepted { try choices.int64() } ?? 0
                let payload = choices.counted()
                var copy = try Broker(snapshot: .joined(broker.encodeSnapshot()))
                let index = broker.appliedIndex + 1
                let term = max(1, index / 4)
                let result = accepted {
                    try broker.apply(index: index, term: term, timestamp: timestamp, payload: payload)
                }
                let other = accepted {
                    try copy.apply(index: index, term: term, timestamp: timestamp, payload: payload)
                }
                require(result == other, "\(String(describing: result)) is also \(String(describing: other))")
                require(broker.digest() == copy.digest(), "equal states after equal commands")
                if case .setLimits = accepted({ try Command.decode(payload) }) { return }
            }
            inspect(broker)
        })

    static let brokerSnapshot = FuzzTarget(
        "broker-snapshot", "the state in a snapshot; one that decodes survives encoding, and can be asked and changed",
        // A topic number ever used costs four bytes, of a topic deleted long ago too, up to a limit of 2^26 numbers.
        allocationLimit: 300,
        seeds: {
            var broker = Broker()
            var seeds = [ByteSlice.joined(broker.encodeSnapshot())]
            for (number, command) in commands.enumerated() {
                _ = try broker.apply(
                    index: UInt64(number + 1), term: 1, timestamp: Int64(number), payload: command.encode())
                seeds.append(.joined(broker.encodeSnapshot()))
            }
            return seeds
        },
        run: { input in
            guard var broker = accepted({ try Broker(snapshot: input) }), broker.directory.nextNumber < 1000 else {
                return
            }
            let encoded = ByteSlice.joined(broker.encodeSnapshot())
            require(
                ByteSlice.joined(try Broker(snapshot: encoded).encodeSnapshot()) == encoded, "the state survives")
            inspect(broker)
            for command in commands where broker.appliedIndex < .max {
                _ = try broker.apply(
                    index: broker.appliedIndex + 1, term: broker.appliedTerm, timestamp: 5, payload: command.encode())
            }
        })

    /// Asks every partition for everything a consumer may ask.
    private static func inspect(_ broker: Broker) {
        _ = broker.lowestLiveIndex
        for topic in broker.topics {
            require(broker.topic(id: topic.id)?.number == topic.number, "topic \(topic.name) is found by its id")
            for (number, partition) in topic.partitions.enumerated() {
                let key = PartitionKey(topic: topic.number, partition: UInt32(number))
                require(partition.logStartOffset <= partition.endOffset, "the log start is not after the end")
                for offset in [0, partition.logStartOffset, partition.endOffset - 1, partition.endOffset, .max, -1] {
                    var ranges: [StoredRange] = []
                    _ = broker.locate(key, from: offset, maximumBytes: 1 << 20, into: &ranges)
                }
            }
        }
    }

    private static func entry(_ command: Command, at timestamp: Int64) -> ByteSlice {
        .joined([ByteWriter.bytes { $0.int64(timestamp) }, command.encode().counted])
    }

    private static var commands: [Command] {
        let configs = [
            ConfigEntry(name: "message.timestamp.type", value: "LogAppendTime"),
            ConfigEntry(name: "retention.ms", value: "1000"),
        ]
        return [
            .createTopic(name: "t", id: TopicID(high: 1, low: 2), partitionCount: 2, configs: configs),
            .allocateProducer(bumping: nil), .allocateProducer(bumping: ProducerIdentity(id: 0, epoch: 0)),
            .produce(ProduceTable(items: [item(0, sequence: 0, at: 112), item(nil, sequence: -1, at: 212)])),
            .produce(ProduceTable(items: [item(0, sequence: 3, at: 61)])), .replaceBatches(replacement),
            .createPartitions(topic: 0, total: 4),
            .setTopicConfigs(
                topic: 0, changes: [
                    ConfigChange(name: "max.message.bytes", value: "5000"),
                    ConfigChange(name: "retention.ms", value: nil),
                ], replacesAll: false),
            .deleteRecords(PartitionKey(topic: 0, partition: 1), before: 1),
            .createTopic(name: "u", id: TopicID(high: 3, low: 4), partitionCount: 1, configs: []),
            .deleteTopic(number: 1), .setLimits(BrokerLimits(maximumTopics: 5)),
        ]
    }

    /// Of what the commands before it have stored.
    private static var replacement: Replacement {
        let row = item(nil, sequence: -1, at: 0)
        let cleaning = Replacement.Cleaning(through: 3, time: 5, hasTombstones: true, usedMark: false)
        let part = Replacement.Part(
            key: row.key, generation: 0, baseOffset: 0, nextOffset: 3, rowCount: 1, storedIndex: 4,
            purpose: .endOfCleaning(cleaning))
        return Replacement(parts: [part], rows: [row])
    }

    private static func item(_ producer: Int64?, sequence: Int32, at position: UInt32) -> ProduceItem {
        ProduceItem(
            key: PartitionKey(topic: 0, partition: producer == nil ? 1 : 0), baseOffset: Int64(max(sequence, 0)),
            recordCount: 3, position: position, length: 100, maxTimestamp: 900, producerId: producer ?? -1,
            producerEpoch: producer == nil ? -1 : 0, baseSequence: sequence, flags: 0)
    }
}
