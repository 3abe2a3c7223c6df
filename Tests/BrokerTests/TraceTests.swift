import Testing

@testable import Broker

/// "Did it commit?" against a twin that remembers every record.
struct TraceTests {
    private struct Twin {
        var stored: [RecordName: Int64] = [:]
        /// Said never to be stored.
        var excluded: Set<RecordName> = []
    }

    private func name(_ producer: ProducerIdentity, _ sequence: Int32, _ key: PartitionKey) -> RecordName {
        RecordName(key: key, producer: producer, sequence: sequence)
    }

    private func trace(_ leader: Leader, _ name: RecordName) -> RecordTrace? {
        leader.broker.trace(name, admission: leader.admission, now: leader.clock)
    }

    @Test func aProducersLife() throws {
        var leader = Leader()
        let key = PartitionKey(topic: try leader.createTopic(), partition: 0)
        let producer = try leader.allocateProducer()
        #expect(trace(leader, name(producer, 0, key)) == .absent(isExcluded: false))
        #expect(trace(leader, name(producer, 0, PartitionKey(topic: 0, partition: 1))) == nil)
        #expect(trace(leader, name(producer, 0, PartitionKey(topic: 9, partition: 0))) == nil)
        for number in 0..<7 {
            _ = leader.admit(batch("a", count: 2, producer: producer, sequence: Int32(number * 2)), key)
            if number == 5 { leader.seal() }
        }
        #expect(trace(leader, name(producer, 0, key)) == .inFlight(index: nil))
        #expect(trace(leader, name(producer, 9, key)) == .inFlight(index: leader.nextIndex - 1))
        #expect(trace(leader, name(producer, 13, key)) == .inFlight(index: nil))
        leader.seal()
        #expect(trace(leader, name(producer, 13, key)) == .inFlight(index: leader.nextIndex - 1))
        try leader.apply()
        for sequence in Int32(4)...13 {
            #expect(trace(leader, name(producer, sequence, key)) == .stored(at: Int64(sequence)))
        }
        #expect(trace(leader, name(producer, 3, key)) == .storedBefore(4))
        #expect(trace(leader, name(producer, 14, key)) == .absent(isExcluded: false))
        #expect(trace(leader, name(producer, 9_000, key)) == .absent(isExcluded: false))
        // Its number comes round again only after half the circle.
        #expect(trace(leader, name(producer, Int32.max, key)) == .forgotten(before: 4, isExcluded: true))
        let next = try leader.allocateProducer(bumping: producer)
        #expect(trace(leader, name(producer, 13, key)) == .stored(at: 13))
        #expect(trace(leader, name(producer, 14, key)) == .absent(isExcluded: true))
        #expect(trace(leader, name(next, 0, key)) == .absent(isExcluded: false))
        _ = leader.admit(batch("b", producer: next, sequence: 0), key)
        #expect(trace(leader, name(producer, 14, key)) == .inFlight(index: nil))
        leader.seal()
        try leader.apply()
        #expect(trace(leader, name(producer, 14, key)) == .forgotten(before: 14, isExcluded: true))
        #expect(trace(leader, name(next, 0, key)) == .stored(at: 14))
    }

    /// A batch accepted before its producer's epoch was raised may be committed after.
    @Test func whatIsInFlightWhenTheEpochIsRaised() throws {
        var leader = Leader()
        let key = PartitionKey(topic: try leader.createTopic(), partition: 0)
        let producer = try leader.allocateProducer()
        _ = leader.propose(.allocateProducer(bumping: producer))
        _ = leader.admit(batch("a", producer: producer, sequence: 0), key)
        leader.seal()
        try leader.apply(1)
        #expect(trace(leader, name(producer, 0, key)) == .inFlight(index: leader.nextIndex - 1))
        #expect(trace(leader, name(producer, 1, key)) == .absent(isExcluded: true))
        try leader.apply()
        #expect(trace(leader, name(producer, 0, key)) == .stored(at: 0))
    }

    @Test func whoIsForgottenMayBeginAnew() throws {
        var leader = Leader()
        let key = PartitionKey(topic: try leader.createTopic(), partition: 0)
        let producer = try leader.allocateProducer()
        let next = try leader.allocateProducer(bumping: producer)
        _ = leader.admit(batch("a", producer: next, sequence: 0), key)
        leader.seal()
        try leader.apply()
        #expect(trace(leader, name(producer, 0, key)) == .forgotten(before: 0, isExcluded: true))
        leader.clock += leader.broker.limits.producerExpirationMilliseconds
        #expect(trace(leader, name(producer, 0, key)) == .forgotten(before: 0, isExcluded: false))
        #expect(trace(leader, name(next, 0, key)) == .stored(at: 0))
        let stranger = name(ProducerIdentity(id: 77, epoch: 0), 5, key)
        #expect(trace(leader, stranger) == .forgotten(before: 1, isExcluded: false))
        guard case .accepted = leader.admit(batch("b", producer: producer, sequence: 3), key) else {
            throw Unexpected(text: "not taken")
        }
    }

    @Test func againstCompleteMemory() throws {
        var kinds: [String: Int] = [:]
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            var leader = Leader()
            let key = PartitionKey(topic: try leader.createTopic(), partition: 0)
            var producers = [try leader.allocateProducer(), try leader.allocateProducer()]
            var next: [Int32] = [0, 0]
            var twin = Twin()
            // Accepted and not yet applied, with their offsets.
            var pending: [RecordName: Int64] = [:]
            for _ in 0..<150 {
                let chosen = random.below(2)
                switch random.below(12) {
                case 0:
                    leader.seal()
                    _ = leader.propose(.allocateProducer(bumping: producers[chosen]))
                    producers[chosen].epoch += 1
                    next[chosen] = 0
                case 1:
                    leader.seal()
                    try leader.apply()
                    for (name, offset) in pending { twin.stored[name] = offset }
                    pending = [:]
                case 2 where random.below(3) == 0:
                    leader.changeTerm()
                    pending = [:]
                    for number in 0..<2 {
                        let entry = leader.broker.registry.entry(of: producers[number].id)
                        let state = leader.broker.partition(key)?.producers.state(of: producers[number].id)
                        producers[number].epoch = max(entry?.epoch ?? 0, state?.epoch ?? 0)
                        next[number] = state?.epoch == producers[number].epoch ? state?.nextSequence ?? 0 : 0
                    }
                case 3: leader.seal()
                default:
                    let count = 1 + random.below(3)
                    let late = random.below(6) == 0 && producers[chosen].epoch > 0
                    let sender = ProducerIdentity(
                        id: producers[chosen].id, epoch: producers[chosen].epoch - (late ? 1 : 0))
                    let sequence = late ? Int32(random.below(12)) : next[chosen]
                    guard case .accepted(let base, _, _) = leader.admit(
                        batch("r", count: count, producer: sender, sequence: sequence), key)
                    else { continue }
                    if !late { next[chosen] += Int32(count) }
                    for number in 0..<count {
                        let taken = name(sender, sequence + Int32(number), key)
                        #expect(!twin.excluded.contains(taken), "\(taken) was never to be taken")
                        pending[taken] = base + Int64(number)
                    }
                }
                let asked = ProducerIdentity(id: producers[chosen].id, epoch: Int16(random.below(4)))
                let question = name(asked, Int32(random.below(20)), key)
                let answer = try #require(trace(leader, question))
                kinds[String("\(answer)".prefix(8)), default: 0] += 1
                try check(answer, question, &twin, pending)
            }
        }
        #expect(kinds.count == 5, "\(kinds)")
    }

    private func check(
        _ answer: RecordTrace, _ name: RecordName, _ twin: inout Twin, _ pending: [RecordName: Int64]
    ) throws {
        let offset = twin.stored[name]
        switch answer {
        case .stored(let found): #expect(found == offset)
        case .storedBefore(let end): #expect(try #require(offset) < end)
        // A newer epoch in flight hides what came before it.
        case .inFlight:
            if offset != nil { #expect(pending.keys.contains { $0.producer.epoch > name.producer.epoch }) }
        case .absent(let isExcluded):
            #expect(offset == nil && pending[name] == nil)
            if isExcluded { twin.excluded.insert(name) }
        case .forgotten(let end, let isExcluded):
            #expect(pending[name] == nil)
            if let offset { #expect(offset < end) }
            if isExcluded && offset == nil { twin.excluded.insert(name) }
        }
    }
}
