import Bytes
import Testing

@testable import Broker

struct GroupTests {
    private func member(_ id: String) -> GroupMember {
        GroupMember(
            id: id, instance: nil, clientID: "c", clientHost: "/h", rebalanceTimeoutMilliseconds: 300_000,
            sessionTimeoutMilliseconds: 45_000, subscription: ByteSlice(utf8: "s-\(id)"),
            assignment: ByteSlice(utf8: "a-\(id)"))
    }

    private func generation(_ number: Int32, _ members: [String]) -> GroupGeneration {
        GroupGeneration(
            group: "g", number: number, protocolType: "consumer", protocolName: members.isEmpty ? nil : "range",
            leader: members.first, members: members.map(member))
    }

    /// A leader with topic 0 of two partitions.
    private func leader() throws -> Leader {
        var leader = Leader()
        try leader.confirmTime()
        try leader.run(.createTopic(name: "t", id: topicID(0), partitionCount: 2, configs: []))
        return leader
    }

    private func commit(_ partition: UInt32, _ offset: Int64, topic: UInt32 = 0) -> CommittedOffset {
        CommittedOffset(
            key: PartitionKey(topic: topic, partition: partition), offset: offset, leaderEpoch: 1, metadata: "note")
    }

    @Test func theNewestGenerationCounts() throws {
        var leader = try leader()
        #expect(try leader.run(.storeGroup(generation(1, ["a"]))) == .groupStored)
        #expect(try leader.run(.storeGroup(generation(2, ["b", "a"]))) == .groupStored)
        #expect(leader.broker.group(named: "g")?.generation == generation(2, ["b", "a"]))
        #expect(leader.broker.group(named: "other") == nil)
    }

    @Test func offsetsAreKeptPerPartitionAndStamped() throws {
        var leader = try leader()
        leader.clock = 5_000
        let result = try leader.run(.commitOffsets(group: "g", offsets: [commit(1, 10), commit(0, 4), commit(1, 12)]))
        #expect(result == .offsetsCommitted(unknown: []))
        let group = try #require(leader.broker.group(named: "g"))
        #expect(group.offsets.map(\.offset) == [4, 12] && group.offsets.allSatisfy { $0.committedAt == 5_000 })
        #expect(group.offset(of: PartitionKey(topic: 0, partition: 1))?.metadata == "note")
        #expect(group.offset(of: PartitionKey(topic: 1, partition: 1)) == nil)
    }

    @Test func offsetsOfPartitionsThatDoNotExistAreNamed() throws {
        var leader = try leader()
        let absent = [commit(2, 1), commit(0, 1, topic: 9)]
        let result = try leader.run(.commitOffsets(group: "g", offsets: absent))
        #expect(result == .offsetsCommitted(unknown: absent.map(\.key)))
        #expect(leader.broker.group(named: "g") == nil, "nothing to keep")
    }

    @Test func aDeletedTopicTakesItsOffsetsWithIt() throws {
        var leader = try leader()
        try leader.run(.createTopic(name: "u", id: topicID(1), partitionCount: 1, configs: []))
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1), commit(1, 2), commit(0, 3, topic: 1)]))
        try leader.run(.deleteTopic(number: 0))
        #expect(leader.broker.group(named: "g")?.offsets.map(\.offset) == [3])
    }

    private func step(
        _ epoch: Int32, _ changed: [String], removing removed: [String] = []
    ) -> ConsumerMembershipChange {
        ConsumerMembershipChange(
            group: "g", epoch: epoch, assignor: "uniform",
            changed: changed.map {
                ConsumerMember(
                    id: $0, instance: nil, rack: nil, clientID: "c", clientHost: "/h",
                    rebalanceTimeoutMilliseconds: 1, topics: ["t"], assignor: nil, epoch: epoch)
            }, removed: removed)
    }

    @Test func stepsOfAMembershipAddUp() throws {
        var leader = try leader()
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1)]))
        for step in [step(1, ["b"]), step(2, ["a", "c"]), step(3, ["b"], removing: ["c", "nobody"])] {
            #expect(try leader.run(.changeMembership(step)) == .membershipChanged)
        }
        let group = try #require(leader.broker.group(named: "g"))
        #expect(group.membership?.epoch == 3 && group.membership?.members.map(\.id) == ["a", "b"])
        #expect(group.membership?.members.map(\.epoch) == [2, 3] && group.memberCount == 2)
        #expect(group.offsets.map(\.offset) == [1], "they belong to the group, whatever its protocol")
    }

    @Test func aGroupIsOfOneProtocol() throws {
        var leader = try leader()
        try leader.run(.storeGroup(generation(1, ["a"])))
        try leader.run(.changeMembership(step(2, ["b"])))
        #expect(leader.broker.group(named: "g")?.generation == GroupGeneration(group: "g"))
        try leader.run(.storeGroup(generation(3, ["a"])))
        #expect(leader.broker.group(named: "g")?.membership == nil && leader.broker.group(named: "g")?.memberCount == 1)
    }

    /// A classic group may still be the membership of before, as the log has it, when it changes its protocol again.
    @Test func whatReplacesAllLeavesNobodyBehind() throws {
        var leader = try leader()
        try leader.run(.changeMembership(step(1, ["a", "b"])))
        var membership = ConsumerMembership(epoch: 4)
        membership.put(ofBothProtocols.members[0])
        #expect(membership.isClassic && !ofBothProtocols.isClassic && !ConsumerMembership(epoch: 0).isClassic)
        try leader.run(.changeMembership(ConsumerMembershipChange(group: "g", to: membership)))
        #expect(leader.broker.group(named: "g")?.membership == membership)
    }

    @Test func aMembershipCountsAsMembers() throws {
        var leader = try leader()
        leader.clock = 1_000
        try leader.run(.changeMembership(step(1, ["a"])))
        #expect(try leader.run(.deleteGroup("g")) == .refused(.groupNotEmpty))
        #expect(!leader.broker.hasExpiredOffsets(before: 5_000))
        leader.clock = 2_000
        try leader.run(.changeMembership(step(2, [], removing: ["a"])))
        #expect(leader.broker.group(named: "g")?.emptySince == 2_000)
        #expect(leader.broker.hasExpiredOffsets(before: 5_000))
        #expect(try leader.run(.deleteGroup("g")) == .groupDeleted)
    }

    @Test func onlyGroupsWithoutMembersAreDeleted() throws {
        var leader = try leader()
        #expect(try leader.run(.deleteGroup("g")) == .refused(.unknownGroup))
        try leader.run(.storeGroup(generation(1, ["a"])))
        #expect(try leader.run(.deleteGroup("g")) == .refused(.groupNotEmpty))
        try leader.run(.storeGroup(generation(2, [])))
        #expect(try leader.run(.deleteGroup("g")) == .groupDeleted)
        #expect(leader.broker.group(named: "g") == nil)
    }

    @Test func deletingKeepsTheOthersFindable() throws {
        var leader = try leader()
        for name in ["a", "b", "c"] { try leader.run(.commitOffsets(group: name, offsets: [commit(0, 1)])) }
        try leader.run(.deleteGroup("a"))
        #expect(["b", "c"].allSatisfy { leader.broker.group(named: $0)?.name == $0 })
    }

    @Test func offsetsAreDeletedOneByOne() throws {
        var leader = try leader()
        #expect(try leader.run(.deleteOffsets(group: "g", keys: [])) == .refused(.unknownGroup))
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1), commit(1, 2)]))
        let keys = [PartitionKey(topic: 0, partition: 1), PartitionKey(topic: 7, partition: 7)]
        #expect(try leader.run(.deleteOffsets(group: "g", keys: keys)) == .offsetsDeleted)
        #expect(leader.broker.group(named: "g")?.offsets.map(\.offset) == [1])
    }

    @Test func oldOffsetsOfEmptyGroupsExpire() throws {
        var leader = try leader()
        leader.clock = 10_000
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1)]))
        try leader.run(.storeGroup(generation(1, ["a"])))
        leader.clock = 20_000
        try leader.run(.storeGroup(generation(2, [])))
        try leader.run(.commitOffsets(group: "g", offsets: [commit(1, 2)]))
        #expect(!leader.broker.hasExpiredOffsets(before: 20_000), "empty only since then")
        try leader.run(.expireOffsets(before: 20_000))
        #expect(leader.broker.group(named: "g")?.offsets.count == 2)
        #expect(leader.broker.hasExpiredOffsets(before: 20_001))
        leader.clock = 30_000
        try leader.run(.commitOffsets(group: "g", offsets: [commit(1, 3)]))
        try leader.run(.expireOffsets(before: 20_001))
        #expect(leader.broker.group(named: "g")?.offsets.map(\.offset) == [3])
        try leader.run(.expireOffsets(before: 30_001))
        #expect(leader.broker.group(named: "g") == nil)
    }

    @Test func aGroupWithMembersKeepsAllOffsets() throws {
        var leader = try leader()
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1)]))
        try leader.run(.storeGroup(generation(1, ["a"])))
        #expect(!leader.broker.hasExpiredOffsets(before: .max))
        try leader.run(.expireOffsets(before: .max))
        #expect(leader.broker.group(named: "g")?.offsets.count == 1)
    }

    @Test func aSnapshotThatContradictsItselfIsRefused() throws {
        var leader = try leader()
        try leader.run(.commitOffsets(group: "g", offsets: [commit(0, 1), commit(1, 2)]))
        let snapshot = joined(leader.broker.encodeSnapshot()).array
        // The key of the second offset becomes that of the first.
        let place = try #require(snapshot.indices.last { Array(snapshot[$0...].prefix(8)) == [0, 0, 0, 0, 0, 0, 0, 1] })
        var damaged = snapshot
        damaged[place + 7] = 0
        #expect(throws: DecodeError.self) { try Broker(snapshot: ByteSlice(damaged)) }
    }
}
