import Testing

@testable import Broker

/// Against the epoch of every single offset.
struct LeaderEpochTests {
    @Test func endOfEpochAgainstEveryOffset() {
        var random = SplitMix64(seed: 8)
        for _ in 0..<500 {
            var epochs = LeaderEpochs()
            var epochOfOffset: [Int32] = []
            var epoch: Int32 = Int32(random.below(3))
            for _ in 0..<random.below(20) {
                epoch += random.below(3) == 0 ? Int32(1 + random.below(3)) : 0
                epochs.note(epoch, from: Int64(epochOfOffset.count))
                epochOfOffset.append(epoch)
            }
            let end = Int64(epochOfOffset.count)
            let current = epoch + Int32(random.below(3))
            for requested in Int32(-2)...(current + 2) {
                let answer = epochs.end(of: requested, current: current, end: end)
                #expect(
                    answer == naive(epochOfOffset, requested, current: current),
                    "\(epochOfOffset) \(requested) of \(current)")
            }
        }
    }

    /// OffsetForLeaderEpoch as Kafka documents it: the largest epoch up to the one asked, and the first offset after
    /// it; the leader's own epoch is known even without records.
    private func naive(_ epochOfOffset: [Int32], _ requested: Int32, current: Int32) -> EpochEnd? {
        if requested < 0 || requested > current { return nil }
        if requested == current { return EpochEnd(epoch: requested, offset: Int64(epochOfOffset.count)) }
        let firstAbove = epochOfOffset.firstIndex { $0 > requested } ?? epochOfOffset.count
        let floor = epochOfOffset[..<firstAbove].last ?? requested
        return EpochEnd(epoch: floor, offset: Int64(firstAbove))
    }

    @Test func trimKeepsTheEpochOfTheLogStart() {
        var epochs = LeaderEpochs()
        for (epoch, offset) in [(1, 0), (3, 10), (4, 20)] { epochs.note(Int32(epoch), from: Int64(offset)) }
        epochs.trim(before: 15)
        #expect(epochs.starts.map(\.epoch) == [3, 4])
        #expect(epochs.starts.map(\.offset) == [15, 20])
        #expect(epochs.end(of: 1, current: 4, end: 30) == EpochEnd(epoch: 1, offset: 15))
        epochs.trim(before: 30)
        #expect(epochs.starts.map(\.epoch) == [4])
        #expect(epochs.starts.map(\.offset) == [30])
    }
}
