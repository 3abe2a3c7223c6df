import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// One name, two protocols.
struct GroupProtocolTests {
    private func cluster() throws -> TestCluster {
        let cluster = try TestCluster.ready(kafka: { $0.groups.initialRebalanceDelayMilliseconds = 0 })
        try cluster.connect().create("t", partitions: 4)
        return cluster
    }

    @Test func anEmptyGroupChangesItsProtocol() throws {
        let cluster = try cluster()
        let (old, new) = (try GroupClient(cluster), try ConsumerClient(cluster, "a"))
        try old.comeUp()
        _ = try old.commit([0: 7])
        let refused = try new.call(new.full)
        #expect(refused.errorCode == .groupIdNotFound, "its member is assigned what is in no format of consumers")
        #expect(refused.errorMessage?.contains("does not write what consumers do") == true)
        #expect(try new.describe().errorCode == .groupIdNotFound)
        #expect(try old.leave() == .none)
        #expect(try new.beat().errorCode == .none)
        #expect(new.epoch > 2 && new.partitions == [0, 1, 2, 3], "the epoch goes on from the generation")
        #expect(try new.committed().topics[0].partitions[0].committedOffset == 7)
        #expect(try old.heartbeat() == .unknownMemberId)
        old.id = ""
        let epoch = new.epoch
        _ = try new.leave()
        let joined = try old.join()
        #expect(joined.errorCode == .none && joined.generationId > epoch)
        _ = try old.sync([old.id: "x"])
        #expect(try old.committed(topic: "t", partitions: [0]).topics[0].partitions[0].committedOffset == 7)
        #expect(try new.beat().errorCode == .groupIdNotFound)
    }

    @Test func administratorsSeeBoth() throws {
        let cluster = try cluster()
        let (classic, consumer) = (try GroupClient(cluster, group: "c"), try ConsumerClient(cluster, "a"))
        try classic.comeUp()
        try consumer.beat()
        let admin = try cluster.connect()
        for (types, names) in [([], ["c", "g"]), (["Classic"], ["c"]), (["consumer"], ["g"])] {
            let listed: ListGroupsResponse = try admin.call(ListGroupsRequest(statesFilter: [], typesFilter: types))
            #expect(listed.groups.map(\.groupId) == names)
            #expect(listed.groups.allSatisfy { $0.protocolType == "consumer" && $0.groupState == "Stable" })
        }
        let described: DescribeGroupsResponse = try admin.call(DescribeGroupsRequest(groups: ["g"]))
        #expect(described.groups[0].groupState == "Dead" && described.groups[0].errorCode == .none)
        let refused: DeleteGroupsResponse = try admin.call(DeleteGroupsRequest(groupsNames: ["g"]))
        #expect(refused.results[0].errorCode == .nonEmptyGroup)
        let read: OffsetDeleteResponse = try admin.call(
            OffsetDeleteRequest(groupId: "g", topics: [.init(name: "t", partitions: [0])]))
        #expect(read.topics[0].partitions[0].errorCode == .groupSubscribedToTopic)
        _ = try consumer.leave()
        let deleted: DeleteGroupsResponse = try admin.call(DeleteGroupsRequest(groupsNames: ["g"]))
        #expect(deleted.results[0].errorCode == .none)
        #expect(try consumer.describe().errorCode == .groupIdNotFound)
    }

    /// Members come, go and miss answers in any order: no partition has two readers, and in the end all are read.
    @Test(arguments: [UInt64](1...12)) func noPartitionHasTwoReaders(seed: UInt64) throws {
        let cluster = try cluster()
        var random = Dice(state: seed)
        var members: [ConsumerClient] = []
        var serial = 0
        for _ in 0..<150 {
            switch random.below(10) {
            case 0 where members.count < 5:
                serial += 1
                members.append(try ConsumerClient(cluster, "m\(serial)"))
                members[members.count - 1].assignor = random.below(2) == 0 ? "range" : "uniform"
                try members[members.count - 1].beat()
            case 1 where members.count > 1: _ = try members.remove(at: random.below(members.count)).leave()
            // The answer is lost.
            case 2 where !members.isEmpty:
                let member = members[random.below(members.count)]
                _ = try member.call(member.full)
            default:
                guard !members.isEmpty else { continue }
                let member = members[random.below(members.count)]
                let answer = try member.beat()
                if answer.errorCode.isError { (member.epoch, member.owned) = (0, [:]) }
            }
            let read = members.flatMap(\.partitions)
            #expect(Set(read).count == read.count, "\(members.map(\.partitions))")
        }
        for _ in 0..<6 {
            for member in members {
                if try member.beat().errorCode.isError { (member.epoch, member.owned) = (0, [:]) }
            }
        }
        if !members.isEmpty { #expect(members.flatMap(\.partitions).sorted() == [0, 1, 2, 3]) }
    }
}
