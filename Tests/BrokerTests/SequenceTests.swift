import Testing

@testable import Broker

/// Against a twin that remembers every record ever taken.
struct SequenceTests {
    /// All batches of a producer in a partition, never forgotten.
    private struct Twin {
        struct Batch {
            var epoch: Int16
            var first: Int64
            var count: Int64
            var baseOffset: Int64
        }

        var batches: [Batch] = []

        /// Sequences here are not wrapped: position in the epoch's endless row of records. `sequence` is as sent.
        func verdict(epoch: Int16, sequence: Int32, count: Int32) -> SequenceVerdict? {
            guard let last = batches.last else { return nil }
            if epoch < last.epoch { return .refused(.invalidProducerEpoch(current: last.epoch)) }
            if epoch > last.epoch { return sequence == 0 ? .next : .refused(.outOfOrderSequence(expected: 0)) }
            let row = batches.filter { $0.epoch == epoch }
            let next = last.first + last.count
            for known in row.suffix(5) where wrapped(known.first) == sequence && known.count == Int64(count) {
                return .duplicate(
                    ProducerState.Batch(
                        baseOffset: known.baseOffset, appendTime: -1, firstSequence: sequence, recordCount: count))
            }
            if wrapped(next) == sequence { return .next }
            let window = row.suffix(5)
            let oldest = window.map(\.first).min() ?? 0
            // The sequence as sent stands for the place nearest to the next one that has this number.
            let back = (next - Int64(sequence)) & Int64(Int32.max)
            let place = next - back
            let isBehind = back > 0 && back < 1 << 30
            let isStored = row.first.map { place >= $0.first } ?? false
            let isBefore = place + Int64(count) <= oldest
            let isSameRound = place >> 31 == (next - 1) >> 31
            let isOld = isBehind && isStored && isBefore && isSameRound
            return .refused(isOld ? .duplicateSequence : .outOfOrderSequence(expected: wrapped(next)))
        }

        func wrapped(_ sequence: Int64) -> Int32 { Int32(sequence & Int64(Int32.max)) }
    }

    @Test func verdictsAgainstCompleteMemory() {
        var random = SplitMix64(seed: 9)
        var seen: [String: Int] = [:]
        for round in 0..<400 {
            var twin = Twin()
            var state: ProducerState?
            var epoch: Int16 = 0
            // Every fourth producer was first seen late, every fourth is near the wrap.
            var next = round % 4 == 1 ? Int64(random.below(100)) : round % 4 == 2 ? Int64(Int32.max) - 30 : 0
            for step in 0..<60 {
                let count = Int32(1 + random.below(4))
                let sequence = probe(next, twin, &random)
                let probedEpoch = random.below(12) == 0 ? epoch + Int16(random.below(3)) - 1 : epoch
                guard let current = state else {
                    let batch = ProducerState.Batch(
                        baseOffset: 0, appendTime: -1, firstSequence: twin.wrapped(next), recordCount: count)
                    state = ProducerState(id: 1, epoch: epoch, batch: batch, at: 0)
                    twin.batches.append(Twin.Batch(epoch: epoch, first: next, count: Int64(count), baseOffset: 0))
                    next += Int64(count)
                    continue
                }
                let verdict = current.verdict(epoch: probedEpoch, firstSequence: sequence, recordCount: count)
                #expect(verdict == twin.verdict(epoch: probedEpoch, sequence: sequence, count: count))
                seen[name(verdict), default: 0] += 1
                guard case .next = verdict else { continue }
                if probedEpoch > epoch { next = 0 }
                epoch = probedEpoch
                let batch = ProducerState.Batch(
                    baseOffset: Int64(step), appendTime: -1, firstSequence: sequence, recordCount: count)
                state?.append(batch, epoch: epoch, at: 0)
                twin.batches.append(
                    Twin.Batch(epoch: epoch, first: next, count: Int64(count), baseOffset: Int64(step)))
                next += Int64(count)
            }
        }
        for kind in ["next", "duplicate", "invalidProducerEpoch", "outOfOrderSequence", "duplicateSequence"] {
            #expect(seen[kind, default: 0] > 100, "\(kind): \(seen)")
        }
    }

    private func probe(_ next: Int64, _ twin: Twin, _ random: inout SplitMix64) -> Int32 {
        switch random.below(6) {
        case 0: twin.wrapped(max(next + Int64(random.below(60)) - 30, 0))
        case 1: Int32(random.below(40))
        case 2: twin.batches.isEmpty ? 0 : twin.wrapped(twin.batches[random.below(twin.batches.count)].first)
        default: twin.wrapped(next)
        }
    }

    private func name(_ verdict: SequenceVerdict) -> String {
        switch verdict {
        case .next: "next"
        case .duplicate: "duplicate"
        case .refused(.invalidProducerEpoch): "invalidProducerEpoch"
        case .refused(.outOfOrderSequence): "outOfOrderSequence"
        case .refused(.duplicateSequence): "duplicateSequence"
        case .refused(let other): "\(other)"
        }
    }

    @Test func sequencesWrapToZero() {
        #expect(Sequence.advance(.max, by: 1) == 0)
        #expect(Sequence.advance(.max, by: 0) == .max)
        #expect(Sequence.advance(.max - 2, by: 5) == 2)
        #expect(Sequence.advance(.max, by: .max) == Int32.max - 1)
        let batch = ProducerState.Batch(baseOffset: 0, appendTime: -1, firstSequence: .max - 1, recordCount: 4)
        let state = ProducerState(id: 1, epoch: 0, batch: batch, at: 0)
        #expect(state.lastSequence == 1 && state.nextSequence == 2)
        #expect(state.verdict(epoch: 0, firstSequence: 2, recordCount: 1) == .next)
        // Ahead of what is stored, though below the window's first number: claiming a duplicate would lose it.
        #expect(
            state.verdict(epoch: 0, firstSequence: 100, recordCount: 1)
                == .refused(.outOfOrderSequence(expected: 2)))
    }

    /// All numbers from 0 to the end are stored, the window ends just before the wrap: a small number is a gap ahead.
    @Test func gapAfterTheWrapIsNotADuplicate() {
        for left: Int32 in [0, 3] {
            let start = ProducerState.Batch(
                baseOffset: 0, appendTime: -1, firstSequence: 0, recordCount: .max - 9 - left)
            var state = ProducerState(id: 1, epoch: 0, batch: start, at: 0)
            for _ in 0..<5 {
                let next = ProducerState.Batch(
                    baseOffset: 0, appendTime: -1, firstSequence: state.nextSequence, recordCount: 2)
                state.append(next, epoch: 0, at: 0)
            }
            let expected = left == 0 ? 0 : Int32.max - left + 1
            #expect(state.nextSequence == expected)
            #expect(
                state.verdict(epoch: 0, firstSequence: 10, recordCount: 1)
                    == .refused(.outOfOrderSequence(expected: expected)))
            #expect(
                state.verdict(epoch: 0, firstSequence: .max - 100, recordCount: 1) == .refused(.duplicateSequence))
        }
    }

    @Test func sweepForgetsOnlyTheIdle() {
        var table = ProducerTable()
        for id in 0..<100 {
            let batch = ProducerState.Batch(baseOffset: 0, appendTime: -1, firstSequence: 0, recordCount: 1)
            table.sweep(now: Int64(id) * 10, expiration: 320)
            table.put(ProducerState(id: Int64(99 - id), epoch: 0, batch: batch, at: Int64(id) * 10))
        }
        #expect(table.states.map(\.id) == table.states.map(\.id).sorted())
        #expect(table.states.allSatisfy { $0.lastTimestamp + 320 > 960 })
        #expect((32...36).contains(table.states.count))
    }

    @Test func registryGivesAndBumps() {
        var registry = ProducerRegistry()
        func give(_ bumping: ProducerIdentity?, _ now: Int64) -> ProducerIdentity {
            registry.allocate(bumping: bumping, now: now, expiration: 100)
        }
        #expect(give(nil, 0) == ProducerIdentity(id: 0, epoch: 0))
        #expect(give(nil, 50) == ProducerIdentity(id: 1, epoch: 0))
        #expect(give(ProducerIdentity(id: 0, epoch: 0), 60) == ProducerIdentity(id: 0, epoch: 1))
        // Clients bump by themselves, too, so a later epoch than ours is believed; an earlier one is a zombie's.
        #expect(give(ProducerIdentity(id: 0, epoch: 7), 60) == ProducerIdentity(id: 0, epoch: 8))
        #expect(give(ProducerIdentity(id: 0, epoch: 1), 60) == ProducerIdentity(id: 2, epoch: 0))
        #expect(give(ProducerIdentity(id: 1, epoch: .max - 1), 60) == ProducerIdentity(id: 3, epoch: 0))
        #expect(give(ProducerIdentity(id: 9, epoch: 0), 60) == ProducerIdentity(id: 4, epoch: 0))
        #expect(give(ProducerIdentity(id: -5, epoch: 0), 60) == ProducerIdentity(id: 5, epoch: 0))
        // All before 200 are forgotten.
        #expect(give(ProducerIdentity(id: 1, epoch: 0), 200) == ProducerIdentity(id: 6, epoch: 0))
        #expect(registry.entries.count == 1 && registry.nextId == 7)
        #expect(registry.entry(of: 5) == nil && registry.entry(of: 7) == nil && registry.entry(of: 6) != nil)
    }
}
