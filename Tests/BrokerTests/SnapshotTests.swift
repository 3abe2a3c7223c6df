import Bytes
import Testing

@testable import Broker

struct SnapshotTests {
    private func apply(_ entry: LogEntry, to broker: inout Broker) throws -> ApplyResult {
        try broker.apply(index: entry.index, term: entry.term, timestamp: entry.timestamp, payload: entry.payload)
    }

    /// After every prefix: encode, decode, apply the rest: the same answers, the same digest at the end and in between.
    @Test func everyPrefixGoesOnTheSame() throws {
        for seed in UInt64(10)..<14 {
            let entries = try RandomLog(seed: seed, steps: 100).entries
            var broker = Broker()
            var results: [ApplyResult] = []
            var digests = [broker.digest()]
            var snapshots = [joined(broker.encodeSnapshot())]
            for entry in entries {
                results.append(try apply(entry, to: &broker))
                digests.append(broker.digest())
                snapshots.append(joined(broker.encodeSnapshot()))
            }
            for prefix in 0...entries.count {
                var restored = try Broker(snapshot: snapshots[prefix])
                #expect(restored.digest() == digests[prefix])
                for number in prefix..<entries.count {
                    let result = try apply(entries[number], to: &restored)
                    #expect(result == results[number], "seed \(seed), prefix \(prefix), entry \(number)")
                }
                #expect(restored.digest() == digests[entries.count], "seed \(seed), prefix \(prefix)")
            }
            #expect(Set(digests).count == digests.count)
        }
    }

    /// The random logs must reach the commands' good and bad ends, or the tests above say little.
    @Test func randomLogsCoverTheCommands() throws {
        var seen: [String: Int] = [:]
        var rejections = 0
        for seed in UInt64(10)..<14 {
            var broker = Broker()
            for entry in try RandomLog(seed: seed, steps: 800).entries {
                let result = try apply(entry, to: &broker)
                if case .produced(let rejected) = result { rejections += rejected.count }
                let text = "\(result)"
                seen[String(text.prefix { $0 != "(" }), default: 0] += 1
                seen["open", default: 0] += broker.ongoingTransactions.isEmpty ? 0 : 1
            }
            for topic in broker.topics {
                for partition in topic.partitions {
                    seen["producers", default: 0] += partition.producers.states.count
                    seen["epochs", default: 0] += partition.leaderEpochs.starts.count
                    seen["trimmed", default: 0] += partition.logStartOffset > 0 ? 1 : 0
                    seen["aborted", default: 0] += partition.transactions.aborted.count
                }
            }
        }
        let wanted = [
            "topicCreated", "topicDeleted", "partitionsCreated", "configsSet", "producerAllocated", "produced",
            "recordsDeleted", "limitsSet", "refused", "producers", "epochs", "trimmed", "groupStored",
            "offsetsCommitted", "groupDeleted", "offsetsDeleted", "offsetsExpired",
            "transactionInitialized", "addedToTransaction", "transactionEnded", "transactionsExpired", "open",
            "aborted", "timeConfirmed", "timeDoubted",
        ]
        for kind in wanted { #expect(seen[kind, default: 0] >= 4, "\(kind): \(seen)") }
        #expect(rejections > 0)
    }

    /// What a digest of a digest cannot show: fields that the encoding leaves out on both sides.
    @Test func everyFieldComesBack() throws {
        var leader = Leader(term: 6)
        let topic = try leader.createTopic("t", partitions: 2, configs: [ConfigEntry(name: "retention.ms", value: "7")])
        let producer = try leader.allocateProducer()
        let key = PartitionKey(topic: topic, partition: 1)
        leader.clock = 50_000
        for sequence in Int32(0)..<9 {
            _ = leader.admit(batch("s", timestamp: 40_000, producer: producer, sequence: sequence), key)
            leader.seal()
        }
        try leader.run(.deleteRecords(key, before: 2))
        leader.clock = 20_000
        try leader.run(.setLimits(BrokerLimits(maximumTopics: 9, producerExpirationMilliseconds: 123_456)))
        #expect(leader.broker.clock == 50_000, "the clock never goes back")
        let restored = try Broker(snapshot: joined(leader.broker.encodeSnapshot()))
        #expect(restored.clock == 50_000)
        #expect(restored.appliedIndex == leader.broker.appliedIndex && restored.appliedIndex == 13)
        #expect(restored.appliedTerm == 6)
        #expect(restored.limits == BrokerLimits(maximumTopics: 9, producerExpirationMilliseconds: 123_456))
        #expect(restored.registry.nextId == 1 && restored.registry.entries == leader.broker.registry.entries)
        let found = try #require(restored.topic(named: "t"))
        let original = try #require(leader.broker.topic(named: "t"))
        #expect(found.id == original.id && found.number == topic && found.createdAt == original.createdAt)
        #expect(found.overrides == original.overrides && found.settings == original.settings)
        #expect(restored.partitionCount == 2 && found.partitions.count == 2)
        let partition = found.partitions[1]
        #expect(partition.logStartOffset == 2 && partition.endOffset == 9)
        #expect(partition.leaderEpochs == original.partitions[1].leaderEpochs)
        #expect(partition.leaderEpochs.starts.map(\.epoch) == [6])
        #expect(partition.byteCount == original.partitions[1].byteCount && partition.maxTimestamp() == 40_000)
        #expect(partition.producers.nextSweep == original.partitions[1].producers.nextSweep)
        let state = try #require(partition.producers.state(of: producer.id))
        #expect(state.lastTimestamp == 50_000 && state.nextSequence == 9)
        #expect(state.verdict(epoch: 0, firstSequence: 1, recordCount: 1) == .refused(.duplicateSequence))
        #expect(
            state.verdict(epoch: 0, firstSequence: 6, recordCount: 1)
                == .duplicate(
                    ProducerState.Batch(baseOffset: 6, appendTime: -1, firstSequence: 6, recordCount: 1)))
    }

    /// Bytes that are a snapshot in form, but of a state that no log leads to: refused, not a trap later.
    @Test func aStateThatContradictsItselfIsRefused() throws {
        var leader = Leader(term: 6)
        let topic = try leader.createTopic("t", partitions: 1)
        for _ in 0..<3 { _ = leader.admit(batch("x", timestamp: 1), PartitionKey(topic: topic, partition: 0)) }
        leader.seal()
        _ = try leader.apply(10)
        let good = leader.broker
        #expect(good.directory.topics[0].partitions[0].endOffset == 3)
        #expect(throws: Never.self) { try Broker(snapshot: joined(good.encodeSnapshot())) }
        func refuses(_ change: (inout PartitionState) -> Void) -> Bool {
            var bad = good
            change(&bad.directory.topics[0].partitions[0])
            do {
                _ = try Broker(snapshot: joined(bad.encodeSnapshot()))
                return false
            } catch {
                return true
            }
        }
        #expect(refuses { $0.index = PartitionIndex() })
        #expect(refuses { $0.logStartOffset = $0.endOffset })
        #expect(refuses { $0.leaderEpochs.note(7, from: 2) })
        #expect(refuses { $0.index.restore(.init(index: 99, baseOffset: 2, maxTimestamp: 1, position: 9, length: 9)) })
    }

    @Test func aCopyIsNotTouchedByWhatFollows() throws {
        let log = try RandomLog(seed: 20, steps: 200)
        var broker = Broker()
        for entry in log.entries.prefix(100) { _ = try apply(entry, to: &broker) }
        let copy = broker
        let digest = copy.digest()
        for entry in log.entries.dropFirst(100) { _ = try apply(entry, to: &broker) }
        #expect(copy.digest() == digest)
        #expect(broker.digest() == log.leader.broker.digest())
    }

    @Test func everyTruncationThrows() throws {
        let bytes = joined(try RandomLog(seed: 21, steps: 120).leader.broker.encodeSnapshot())
        for count in 0..<bytes.count {
            #expect(throws: DecodeError.self) { try Broker(snapshot: bytes.slice(0, count)) }
        }
        #expect(throws: DecodeError.self) { try Broker(snapshot: joined([bytes, ByteSlice([0])])) }
    }

    /// Checksums keep such bytes away; should they come nevertheless, no trap and no huge allocation.
    @Test func damagedSnapshotsNeverTrap() throws {
        let bytes = joined(try RandomLog(seed: 22, steps: 120).leader.broker.encodeSnapshot()).array
        var random = SplitMix64(seed: 23)
        var refused = 0
        for _ in 0..<3_000 {
            var damaged = bytes
            for _ in 0...random.below(2) {
                damaged[random.below(damaged.count)] =
                    random.below(2) == 0 ? 0xff : UInt8(truncatingIfNeeded: random.next())
            }
            do {
                let broker = try Broker(snapshot: ByteSlice(damaged))
                #expect(broker.topicCount <= bytes.count)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    /// More than one chunk of items and more than one piece.
    @Test func largeIndexRoundTrips() throws {
        var leader = Leader()
        let topic = try leader.createTopic()
        let key = PartitionKey(topic: topic, partition: 0)
        let limits = Command.setLimits(BrokerLimits()).encode()
        for number in 0..<300_000 {
            let item = ProduceItem(
                key: key, baseOffset: Int64(number), recordCount: 1, position: 61, length: 61,
                maxTimestamp: Int64(number % 1_000))
            let slot = leader.broker.directory.slot(topic) ?? 0
            let refusal = leader.broker.directory.topics[slot].partitions[0].append(
                item, index: UInt64(number + 10), epoch: 1, now: 0, expiration: 1)
            if refusal != nil { throw Unexpected(text: "\(number)") }
        }
        _ = try leader.broker.apply(index: 400_000, term: 1, timestamp: 0, payload: limits)
        let pieces = leader.broker.encodeSnapshot()
        #expect(pieces.count > 1)
        let restored = try Broker(snapshot: joined(pieces))
        #expect(restored.digest() == leader.broker.digest())
        var ranges: [StoredRange] = []
        #expect(restored.locate(key, from: 123_456, maximumBytes: 61, into: &ranges) == .found)
        #expect(ranges.map(\.index) == [123_466])
        #expect(restored.lowestLiveIndex == 10)
    }
}
