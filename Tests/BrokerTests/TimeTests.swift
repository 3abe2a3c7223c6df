import Testing

@testable import Broker

/// What a leader stamped whose clock was behind does not look older than it is.
struct TimeTests {
    private static let hour: Int64 = 3_600_000

    /// Offset 1 of partition 0 was committed when the leader's clock was right, offset 2 of partition 1 later, by one
    /// whose clock is an hour behind the right one, which is the next leader's.
    private func leader() throws -> Leader {
        var leader = Leader()
        leader.clock = 2 * Self.hour
        try leader.createTopic(partitions: 2)
        try leader.confirmTime()
        try leader.run(commit(0, 1))
        leader.clock += 1
        try leader.run(.setLimits(leader.broker.limits))
        leader.changeTerm()
        try leader.run(commit(1, 2))
        leader.changeTerm()
        leader.clock = 3 * Self.hour
        return leader
    }

    private func commit(_ partition: UInt32, _ offset: Int64) -> Command {
        .commitOffsets(
            group: "g",
            offsets: [
                CommittedOffset(
                    key: PartitionKey(topic: 0, partition: partition), offset: offset, leaderEpoch: -1, metadata: "")
            ])
    }

    private func times(_ leader: Leader) -> [Int64]? { leader.broker.group(named: "g")?.offsets.map(\.committedAt) }

    @Test func unconfirmedStampsDoNotExpire() throws {
        var leader = try leader()
        try leader.run(.expireOffsets(before: 3 * Self.hour))
        #expect(times(leader) == [2 * Self.hour + 1], "the first is as old as it looks, the second may not be")
        #expect(!leader.broker.hasExpiredOffsets(before: 3 * Self.hour))
    }

    @Test func theyCountFromTheNextConfirmation() throws {
        var leader = try leader()
        try leader.confirmTime()
        #expect(times(leader) == [2 * Self.hour, 3 * Self.hour])
        try leader.run(.expireOffsets(before: 3 * Self.hour))
        #expect(times(leader) == [3 * Self.hour])
        leader.clock += 1
        try leader.run(.confirmTime(4 * Self.hour))
        #expect(times(leader) == [3 * Self.hour], "nobody doubted since")
    }

    @Test func aClockThatFallsBehindIsDoubtedFromWhereItWasRight() throws {
        var leader = try leader()
        try leader.confirmTime()
        leader.clock += 10
        try leader.run(commit(0, 3))
        try leader.run(.doubtTime(since: leader.clock - 5))
        try leader.run(.doubtTime(since: leader.clock))
        #expect(leader.broker.doubtedSince == leader.clock - 5)
        try leader.run(.confirmTime(4 * Self.hour))
        #expect(times(leader) == [4 * Self.hour, 3 * Self.hour])
    }

    /// Records that were copied here with old timestamps have nothing but the time they were stored.
    @Test func recordsWithOldTimestampsStay() throws {
        var leader = Leader()
        leader.clock = Self.hour
        let key = PartitionKey(
            topic: try leader.createTopic(configs: [ConfigEntry(name: "retention.ms", value: "600000")]), partition: 0)
        for number in 0..<3 {
            _ = leader.admit(batch("b\(number)", timestamp: 1), key)
            leader.seal()
            try leader.apply()
            leader.clock += 10_000
        }
        leader.changeTerm()
        leader.clock = 2 * Self.hour
        #expect(leader.broker.retention(ofTopic: key.topic, at: leader.clock).isEmpty)
        try leader.confirmTime()
        #expect(leader.broker.retention(ofTopic: key.topic, at: leader.clock + 599_999).isEmpty)
        #expect(leader.broker.retention(ofTopic: key.topic, at: leader.clock + 600_000).count == 1)
    }
}
