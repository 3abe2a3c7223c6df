import Bytes
import Testing

@testable import Broker

/// What `retention.ms` and `retention.bytes` let go of, and when.
struct RetentionTests {
    private static let minute: Int64 = 60_000

    /// One entry a minute with a batch of 10 records, from the first minute on.
    private func leader(
        _ configs: [ConfigEntry], entries: Int, timestamp: (Int64) -> Int64 = { $0 }
    ) throws -> (Leader, PartitionKey) {
        var leader = Leader()
        leader.trustClock()
        let key = PartitionKey(topic: try leader.createTopic(configs: configs), partition: 0)
        for number in 1...entries {
            leader.clock = Int64(number) * Self.minute
            _ = leader.admit(batch("b\(number)", count: 10, timestamp: timestamp(leader.clock)), key)
            leader.seal()
            try leader.apply()
        }
        return (leader, key)
    }

    private func start(_ leader: Leader, _ key: PartitionKey, at time: Int64?) -> Int64? {
        let commands = leader.broker.retention(ofTopic: key.topic, at: time)
        guard commands.count <= 1, case .deleteRecords(key, let before) = commands.first else { return nil }
        return before
    }

    private let tenMinutes = [ConfigEntry(name: "retention.ms", value: "600000")]

    @Test func whatIsTooOldGoes() throws {
        var (leader, key) = try leader(tenMinutes, entries: 30)
        #expect(start(leader, key, at: nil) == nil, "nobody knows the time")
        #expect(start(leader, key, at: 11 * Self.minute) == nil)
        #expect(start(leader, key, at: 11 * Self.minute + 1) == 10)
        #expect(start(leader, key, at: 25 * Self.minute) == 140)
        #expect(start(leader, key, at: 60 * Self.minute) == 300)
        for command in leader.broker.retention(ofTopic: key.topic, at: 25 * Self.minute) { try leader.run(command) }
        #expect(leader.broker.partition(key)?.logStartOffset == 140)
        #expect(start(leader, key, at: 25 * Self.minute) == nil)
        #expect(try leader.consume(key).first?.offset == 140)
    }

    /// Nothing comes any more that would tell how late it is.
    @Test func theLastOnesGo() throws {
        var (leader, key) = try leader(tenMinutes, entries: 3)
        for tag in ["x", "y"] {
            leader.clock += 100
            _ = leader.admit(batch(tag, timestamp: leader.clock), key)
            leader.seal()
            try leader.apply()
        }
        #expect(start(leader, key, at: 13 * Self.minute + 199) == 30)
        #expect(start(leader, key, at: 13 * Self.minute + 201) == 32)
    }

    /// A sealed segment's rows go together, when the youngest of them is too old.
    @Test func sealedRowsGoTogether() throws {
        var (leader, key) = try leader(tenMinutes, entries: 30)
        leader.broker.seal(through: 11)
        #expect(start(leader, key, at: 20 * Self.minute) == nil)
        #expect(start(leader, key, at: 20 * Self.minute + 1) == 100)
        leader.broker.seal(through: 31)
        #expect(start(leader, key, at: 39 * Self.minute) == 100)
        #expect(start(leader, key, at: 41 * Self.minute) == 300)
        let copy = try Broker(snapshot: joined(leader.broker.encodeSnapshot()))
        #expect(copy.retention(ofTopic: key.topic, at: 21 * Self.minute).count == 1)
        #expect(copy.digest() == leader.broker.digest())
    }

    /// Neither a record that says it is from long ago nor one that says it is of the future goes early.
    @Test(arguments: [0, -1, 1_000]) func oldTimestampsDoNotCountFromTheBeginning(_ timestamp: Int64) throws {
        let (leader, key) = try leader(tenMinutes, entries: 30) { _ in timestamp }
        #expect(start(leader, key, at: 11 * Self.minute - 1) == nil)
        #expect(start(leader, key, at: 25 * Self.minute) == 150)
    }

    @Test func recordsOfTheFutureStay() throws {
        let (leader, key) = try leader(tenMinutes, entries: 5) { $0 + 1000 * Self.minute }
        #expect(start(leader, key, at: 1000 * Self.minute) == nil)
        #expect(start(leader, key, at: 1012 * Self.minute) == 10)
    }

    @Test func sizesCountWithoutTheTime() throws {
        let size = Int64(batch("b10", count: 10).count)
        let limits = { [ConfigEntry(name: "retention.bytes", value: String($0 as Int64))] }
        var (leader, key) = try leader(limits(5 * size), entries: 30)
        let first = try #require(start(leader, key, at: nil))
        #expect((240...250).contains(first))
        leader.broker.seal(through: 21)
        #expect(start(leader, key, at: nil) == first, "the sealed part is not needed for what is to be kept")
        leader.broker.seal(through: 31)
        #expect(start(leader, key, at: nil) == 200)
        let (empty, other) = try self.leader(limits(0), entries: 3)
        #expect(start(empty, other, at: nil) == 30)
    }

    @Test(arguments: [
        [ConfigEntry(name: "retention.ms", value: "-1")],
        [ConfigEntry(name: "retention.ms", value: "9223372036854775807")],
        [ConfigEntry(name: "cleanup.policy", value: "compact"), ConfigEntry(name: "retention.ms", value: "0")],
        [ConfigEntry(name: "cleanup.policy", value: ""), ConfigEntry(name: "retention.ms", value: "0")],
    ]) func otherTopicsKeepEverything(_ configs: [ConfigEntry]) throws {
        let (leader, key) = try leader(configs, entries: 3)
        #expect(start(leader, key, at: 1 << 53) == nil)
    }

    /// However long the log lives, what is remembered of its times is bounded, and little off.
    @Test func timesThinOut() {
        var times = StorageTimes()
        for number in 1...100_000 { times.note(UInt64(number), at: Int64(number) * 5_000) }
        #expect(times.marks.count < 2_048)
        for number in stride(from: 1_000, through: 100_000, by: 7_777) {
            let found = Int(times.lastIndex(storedBy: Int64(number) * 5_000))
            #expect(found <= number && number - found <= 210)
        }
        #expect(times.lastIndex(storedBy: 0) == 0 && times.lastIndex(storedBy: .max) > 99_800)
    }
}
