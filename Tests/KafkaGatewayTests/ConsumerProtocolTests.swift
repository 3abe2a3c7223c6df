import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// Groups of the consumer protocol (KIP-848).
struct ConsumerProtocolTests {
    private func cluster(nodes: Int = 1, partitions: Int32 = 4) throws -> TestCluster {
        let cluster = try TestCluster.ready(
            nodes: nodes, kafka: { $0.groups.initialRebalanceDelayMilliseconds = 0 })
        try cluster.connect().create("t", partitions: partitions)
        return cluster
    }

    /// Lets all take steps until nobody moves.
    private func settle(_ members: [ConsumerClient]) throws {
        for _ in 0..<4 {
            for member in members { try member.beat() }
        }
    }

    @Test(arguments: Int16(0)...1) func oneMemberReadsEverything(version: Int16) throws {
        let member = try ConsumerClient(try cluster(), version == 0 ? "" : "a")
        let joined = try member.call(member.full, version: version)
        #expect(joined.errorCode == .none && joined.memberEpoch == 1 && joined.heartbeatIntervalMs == 5_000)
        member.id = try #require(joined.memberId)
        #expect(!member.id.isEmpty)
        member.take(joined)
        #expect(member.partitions == [0, 1, 2, 3])
        let next = try member.call(member.brief, version: version)
        #expect(next.errorCode == .none && next.assignment == nil && next.memberEpoch == 1)
        #expect(try member.describe().groupState == "Stable")
    }

    @Test func aPartitionIsGivenUpBeforeItIsGivenOn() throws {
        let cluster = try cluster()
        let first = try ConsumerClient(cluster, "a")
        let second = try ConsumerClient(cluster, "b")
        try first.beat()
        try second.beat()
        #expect(second.epoch == 2 && second.partitions.isEmpty)
        let told = try first.call(first.brief)
        #expect(told.memberEpoch == 1 && told.assignment?.first?.partitions.count == 2)
        #expect(try second.beat().assignment?.isEmpty == true, "the first may still read them")
        #expect(try first.call(first.brief).assignment == nil, "told once")
        first.take(told)
        #expect(try second.describe().groupState == "Reconciling")
        try first.beat()
        #expect(first.epoch == 2)
        try second.beat()
        #expect(second.partitions.count == 2)
        #expect((first.partitions + second.partitions).sorted() == [0, 1, 2, 3])
        let described = try second.describe()
        #expect(described.groupState == "Stable" && described.groupEpoch == 2 && described.assignorName == "uniform")
        #expect(described.members.map(\.memberId) == ["a", "b"] && described.members.allSatisfy { $0.memberEpoch == 2 })
        #expect(described.members.allSatisfy { $0.assignment == $0.targetAssignment && $0.memberType == 1 })
    }

    @Test func whoDoesNotGiveUpInTimeIsRemoved() throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try first.beat()
        try second.beat()
        _ = try first.call(first.brief)
        cluster.run(milliseconds: 9_900)
        _ = try first.call(first.brief)
        #expect(try second.beat().assignment?.isEmpty == true)
        cluster.run(milliseconds: 200)
        #expect(try first.call(first.brief).errorCode == .unknownMemberId)
        try second.beat()
        #expect(second.partitions == [0, 1, 2, 3])
    }

    @Test func whoIsNotHeardOfIsRemoved() throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try settle([first, second])
        cluster.run(milliseconds: 30_000)
        try first.beat()
        cluster.run(milliseconds: 15_100)
        try settle([first])
        #expect(first.partitions == [0, 1, 2, 3])
        #expect(try second.beat().errorCode == .unknownMemberId)
    }

    @Test func whoLeavesIsReplacedAtOnce() throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try settle([first, second])
        let left = try second.leave()
        #expect(left.errorCode == .none && left.memberEpoch == -1)
        try first.beat()
        #expect(first.partitions == [0, 1, 2, 3])
        #expect(try second.leave().errorCode == .unknownMemberId)
        _ = try first.leave()
        #expect(try first.describe().groupState == "Empty")
    }

    @Test func epochsFence() throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try settle([first, second])
        let epoch = first.epoch
        for (asked, code) in [(epoch + 1, KafkaErrorCode.fencedMemberEpoch), (epoch - 1, .none)] {
            first.epoch = asked
            #expect(try first.call(first.full).errorCode == code, "epoch \(asked) of \(epoch)")
            if asked < epoch { #expect(try first.call(first.brief).errorCode == .fencedMemberEpoch) }
        }
        first.epoch = epoch
        let stranger = try ConsumerClient(cluster, "c")
        stranger.epoch = 1
        #expect(try stranger.call(stranger.full).errorCode == .unknownMemberId)
        first.epoch = 0
        let owned = first.owned
        first.owned = [:]
        #expect(try first.beat().memberEpoch == epoch && first.owned == owned, "it begins anew with what it had")
    }

    @Test func requestsThatSayTooLittleOrTooMuch() throws {
        let member = try ConsumerClient(try cluster(), "a")
        var cases: [(ConsumerGroupHeartbeatRequest, KafkaErrorCode)] = [(member.brief, .invalidRequest)]
        func add(_ code: KafkaErrorCode, _ change: (inout ConsumerGroupHeartbeatRequest) -> Void) {
            var request = member.full
            change(&request)
            cases.append((request, code))
        }
        add(.invalidGroupId) { $0.groupId = "" }
        add(.invalidRequest) { $0.memberId = "" }
        add(.invalidRequest) { $0.memberEpoch = -3 }
        add(.invalidRequest) { $0.memberEpoch = -2 }
        add(.invalidRequest) { $0.instanceId = "" }
        add(.invalidRequest) { $0.rebalanceTimeoutMs = -1 }
        add(.invalidRequest) { $0.subscribedTopicNames = nil }
        add(.invalidRequest) { $0.topicPartitions = [.init(topicId: .zero, partitions: [0])] }
        add(.invalidRegularExpression) { $0.subscribedTopicRegex = "t(" }
        add(.invalidRegularExpression) { $0.subscribedTopicRegex = String(repeating: "t", count: 1_025) }
        add(.unsupportedAssignor) { $0.serverAssignor = "sticky" }
        add(.groupIdNotFound) { $0.memberEpoch = 1 }
        add(.groupIdNotFound) { $0.memberEpoch = -1 }
        for (request, code) in cases { #expect(try member.call(request).errorCode == code, "\(request)") }
        #expect(try member.describe().errorCode == .groupIdNotFound)
    }

    @Test func aStaticMemberComesBackToWhatItHad() throws {
        let cluster = try cluster()
        let first = try ConsumerClient(cluster, "a", instance: "i")
        let second = try ConsumerClient(cluster, "b")
        try settle([first, second])
        let (epoch, owned) = (first.epoch, first.owned)
        let usurper = try ConsumerClient(cluster, "c", instance: "i")
        #expect(try usurper.beat().errorCode == .unreleasedInstanceId)
        #expect(try first.leave(-2).memberEpoch == -2)
        #expect(try second.beat().assignment?.first?.partitions.count == 2, "nothing moves")
        let back = try usurper.beat()
        #expect(back.errorCode == .none && usurper.epoch == epoch && usurper.owned == owned)
        first.epoch = epoch
        #expect(try first.call(first.full).errorCode == .fencedInstanceId)
        #expect(try second.beat().memberEpoch == epoch)
        _ = try usurper.leave(-2)
        cluster.run(milliseconds: 30_000)
        try second.beat()
        cluster.run(milliseconds: 15_100)
        try settle([second])
        #expect(second.partitions == [0, 1, 2, 3], "its session has ended")
    }

    @Test func aStaticMemberThatIsAwayOwesNothing() throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a", instance: "i"), try ConsumerClient(cluster, "b"))
        try first.beat()
        try second.beat()
        #expect(try first.call(first.brief).assignment?.first?.partitions.count == 2)
        _ = try first.leave(-2)
        try second.beat()
        #expect(second.partitions.count == 2, "what it was to give up is free")
        cluster.run(milliseconds: 11_000)
        let back = try ConsumerClient(cluster, "c", instance: "i")
        try back.beat()
        #expect(back.epoch == 2 && (back.partitions + second.partitions).sorted() == [0, 1, 2, 3])
    }

    @Test func topicsComeGrowAndGo() throws {
        let cluster = try cluster()
        let member = try ConsumerClient(cluster, "a")
        member.topics = ["t", "u"]
        try member.beat()
        #expect(member.epoch == 1 && member.partitions == [0, 1, 2, 3])
        let admin = try cluster.connect()
        let id = try admin.create("u", partitions: 2).topicId
        try member.beat()
        #expect(member.epoch == 2 && member.owned[id] == [0, 1])
        let _: CreatePartitionsResponse = try admin.call(
            CreatePartitionsRequest(
                topics: [.init(name: "u", count: 3, assignments: nil)], timeoutMs: 1_000, validateOnly: false))
        try member.beat()
        #expect(member.epoch == 3 && member.owned[id] == [0, 1, 2])
        let _: DeleteTopicsResponse = try admin.call(DeleteTopicsRequest(topics: [.init(name: "u")], timeoutMs: 1_000))
        try settle([member])
        #expect(member.epoch == 4 && member.owned.count == 1 && member.partitions == [0, 1, 2, 3])
        try admin.create("other")
        #expect(try member.beat().memberEpoch == 4, "nobody reads it")
    }

    @Test func aPatternFollowsTopicsThatComeAndGo() throws {
        let cluster = try cluster(nodes: 3)
        let admin = try cluster.connect()
        let (member, other) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        member.topics = nil
        member.pattern = "^orders-.+|t"
        try member.beat()
        #expect(member.epoch == 1 && member.partitions == [0, 1, 2, 3])
        let id = try admin.create("orders-eu", partitions: 2).topicId
        try admin.create("my-orders-eu", partitions: 2)
        try member.beat()
        #expect(member.epoch == 2 && member.owned[id] == [0, 1] && member.owned.count == 2)
        #expect(try member.describe().members.map(\.subscribedTopicRegex) == ["^orders-.+|t"])
        other.topics = ["orders-eu", "t"]
        try settle([member, other])
        #expect(((member.owned[id] ?? []) + (other.owned[id] ?? [])).sorted() == [0, 1] && other.partitions.count == 3)
        let _: DeleteTopicsResponse = try admin.call(
            DeleteTopicsRequest(topics: [.init(name: "orders-eu")], timeoutMs: 1_000))
        try settle([member, other])
        #expect(member.owned.count == 1 && other.owned.count == 1)
        let again = try admin.create("orders-eu", partitions: 2).topicId
        try settle([member, other])
        #expect(again != id && member.partitions.count == 3 && other.partitions.count == 3)
        member.topics = ["t"]
        member.pattern = ""
        try settle([member, other])
        #expect(member.owned[again] == nil && other.owned[again] == [0, 1])
    }

    @Test func aNewLeaderGoesOnWithThePattern() throws {
        let cluster = try cluster(nodes: 3)
        let member = try ConsumerClient(cluster, "a")
        member.topics = nil
        member.pattern = "t|u.*"
        try member.beat()
        let (epoch, owned) = (member.epoch, member.owned)
        cluster.isolate(try cluster.elect())
        cluster.run(milliseconds: 3_000)
        try member.reconnect()
        try member.beat()
        #expect(member.epoch == epoch && member.owned == owned)
        let id = try cluster.connect().create("u1", partitions: 2).topicId
        #expect(try member.call(member.brief).assignment?.contains { $0.topicId == id } == true)
    }

    @Test func aPatternThatTakesTooLongIsRefused() throws {
        let cluster = try cluster()
        try cluster.connect().create(String(repeating: "a", count: 200))
        let member = try ConsumerClient(cluster, "a")
        member.topics = nil
        member.pattern = "(a|aa)+[bc]"
        let refused = try member.beat()
        #expect(refused.errorCode == .invalidRegularExpression)
        #expect(refused.errorMessage?.contains("limit") == true)
        member.pattern = "a+"
        #expect(try member.beat().memberEpoch == 1)
        member.pattern = "(a|aa)+[bc]"
        #expect(try member.beat().errorCode == .invalidRegularExpression && member.partitions.count == 1)
    }

    @Test func offsetsNeedTheEpoch() throws {
        let cluster = try cluster()
        let member = try ConsumerClient(cluster, "a")
        try member.beat()
        #expect(try member.commit(5) == .none)
        #expect(try member.commit(6, version: 8) == .unsupportedVersion)
        #expect(try member.committed().topics[0].partitions[0].committedOffset == 5)
        member.epoch = 2
        #expect(try member.commit(6) == .staleMemberEpoch)
        #expect(try member.committed().errorCode == .staleMemberEpoch)
        member.id = "b"
        #expect(try member.commit(6) == .unknownMemberId)
        #expect(try member.committed().errorCode == .unknownMemberId)
        (member.id, member.epoch) = ("a", 1)
        _ = try member.leave()
        (member.id, member.epoch) = ("", -1)
        #expect(try member.commit(7) == .none, "an administrator's, of an empty group")
    }

    /// Epochs, ids, targets and what is half done are the next leader's, too.
    @Test func aChangeOfLeaderMovesNobody() throws {
        let cluster = try cluster(nodes: 3)
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try first.beat()
        try second.beat()
        let told = try first.call(first.brief)
        let old = try cluster.elect()
        cluster.isolate(old)
        cluster.run(milliseconds: 3_000)
        #expect(try first.call(first.brief).errorCode == .notCoordinator)
        for member in [first, second] { try member.reconnect() }
        #expect(try second.beat().assignment?.isEmpty == true, "the first still has not given anything up")
        first.take(told)
        try settle([first, second])
        #expect(first.epoch == 2 && second.epoch == 2)
        #expect((first.partitions + second.partitions).sorted() == [0, 1, 2, 3])
        // The whole session counts from the change on.
        cluster.isolate(old, false)
        cluster.run(milliseconds: 30_000)
        #expect(try first.beat().memberEpoch == 2)
    }

    /// What a deposed leader decides is told to nobody: its successor does not have it.
    @Test func aStepThatIsNotCommittedIsNotTold() throws {
        let cluster = try cluster(nodes: 3)
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try first.beat()
        cluster.isolate(try cluster.elect())
        try second.client.send(second.full)
        try first.client.send(first.brief)
        cluster.settle()
        #expect(second.client.connection.isSilent && first.client.connection.isSilent)
        cluster.run(milliseconds: 3_000)
        for member in [first, second] {
            #expect(try member.client.receive(ConsumerGroupHeartbeatResponse.self).errorCode == .notCoordinator)
            try member.reconnect()
        }
        #expect(try first.beat().memberEpoch == 1)
        #expect(try first.describe().members.map(\.memberId) == ["a"])
    }
}
