import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// Groups go from one protocol to the other while their members read on (KIP-848).
struct GroupUpgradeTests {
    private func cluster(nodes: Int = 1) throws -> TestCluster {
        let cluster = try TestCluster.ready(
            nodes: nodes, kafka: { $0.groups.initialRebalanceDelayMilliseconds = 0 })
        try cluster.connect().create("t", partitions: 4)
        return cluster
    }

    /// Two members of the classic protocol with two partitions each.
    private func pair(_ cluster: TestCluster, isCooperative: Bool) throws -> [ClassicConsumer] {
        let members = [
            try ClassicConsumer(cluster, isCooperative: isCooperative),
            try ClassicConsumer(cluster, isCooperative: isCooperative),
        ]
        try members[0].join()
        try members[1].sendJoin()
        #expect(try members[0].heartbeat() == .rebalanceInProgress)
        try members[0].sendJoin()
        for member in members { try member.sendSync() }
        for member in members { try member.receiveShare() }
        #expect(members.map(\.partitions) == [[0, 1], [2, 3]])
        return members
    }

    /// Lets all take steps until nobody moves; no partition has two readers at any time.
    private func settle(_ classic: [ClassicConsumer], _ consumers: [ConsumerClient]) throws {
        for _ in 0..<6 {
            for member in consumers {
                try member.beat()
                try expectOneReader(classic, consumers)
            }
            for member in classic {
                try member.beat()
                try expectOneReader(classic, consumers)
            }
        }
        let read = (classic.flatMap(\.partitions) + consumers.flatMap(\.partitions)).sorted()
        #expect(read == [0, 1, 2, 3])
    }

    private func expectOneReader(_ classic: [ClassicConsumer], _ consumers: [ConsumerClient]) throws {
        let read = classic.flatMap(\.partitions) + consumers.flatMap(\.partitions)
        #expect(Set(read).count == read.count, "\(classic.map(\.partitions)), \(consumers.map(\.partitions))")
    }

    @Test(arguments: [false, true]) func membersChangeOneByOne(isCooperative: Bool) throws {
        let cluster = try cluster()
        let old = try pair(cluster, isCooperative: isCooperative)
        let generation = old[0].generation
        let new = try ConsumerClient(cluster, "a")
        #expect(try new.beat().errorCode == .none)
        #expect(new.epoch == generation + 1 && new.partitions.isEmpty, "all are being read")
        #expect(try old[0].commit(5) == .none, "it has not been asked to give up yet")
        try settle(old, [new])
        #expect(new.partitions.count == 1 && old.allSatisfy { $0.generation == new.epoch })
        let described = try new.describe()
        #expect(described.groupState == "Stable" && described.members.map(\.memberType).sorted() == [0, 0, 1])
        #expect(try new.committed().topics[0].partitions[0].committedOffset == 5)
        #expect(try old[0].leave() == .none)
        let next = try ConsumerClient(cluster, "b")
        try settle([old[1]], [new, next])
        #expect(try old[1].leave() == .none)
        try settle([], [new, next])
        #expect([new, next].allSatisfy { $0.partitions.count == 2 })
        #expect(try old[1].heartbeat() == .unknownMemberId)
    }

    @Test(arguments: [false, true]) func theyChangeBackOneByOne(isCooperative: Bool) throws {
        let cluster = try cluster()
        let (first, second) = (try ConsumerClient(cluster, "a"), try ConsumerClient(cluster, "b"))
        try settle([], [first, second])
        let old = try ClassicConsumer(cluster, isCooperative: isCooperative)
        #expect(try old.join() == .none)
        try settle([old], [first, second])
        _ = try first.leave()
        try settle([old], [second])
        let epoch = second.epoch
        _ = try second.leave()
        #expect(try second.describe().errorCode == .groupIdNotFound)
        #expect(old.generation == epoch)
        try old.beat()
        #expect(old.generation == epoch + 1 && old.partitions == [0, 1, 2, 3], "it assigns by itself")
        #expect(try old.commit(3) == .none)
        let listed: ListGroupsResponse = try old.client.call(ListGroupsRequest(statesFilter: [], typesFilter: []))
        #expect(listed.groups.map(\.groupType) == ["classic"])
    }

    /// The one that has gone away may be by its session.
    @Test func whoIsNotHeardOfEndsTheProtocol() throws {
        let cluster = try cluster()
        let new = try ConsumerClient(cluster, "a")
        try new.beat()
        let old = try ClassicConsumer(cluster)
        try old.join()
        try settle([old], [new])
        for _ in 0..<11 {
            cluster.run(milliseconds: 4_000)
            try old.beat()
        }
        #expect(old.partitions.count == 2, "45 s are not over")
        cluster.run(milliseconds: 4_000)
        try old.beat()
        #expect(old.partitions == [0, 1, 2, 3])
    }

    @Test func whoDoesNotJoinAgainInTimeIsRemoved() throws {
        let cluster = try cluster()
        let old = try pair(cluster, isCooperative: false)
        let new = try ConsumerClient(cluster, "a")
        try new.beat()
        #expect(try old[1].heartbeat() == .rebalanceInProgress)
        for _ in 0..<3 {
            cluster.run(milliseconds: 3_300)
            try new.beat()
            try old[0].beat()
            #expect(try old[1].heartbeat() == .rebalanceInProgress)
        }
        cluster.run(milliseconds: 200)
        #expect(try old[1].heartbeat() == .unknownMemberId)
        try settle([old[0]], [new])
    }

    @Test func sessionsAreTheMembersOwn() throws {
        let cluster = try cluster()
        let old = try pair(cluster, isCooperative: false)
        let new = try ConsumerClient(cluster, "a")
        try settle(old, [new])
        cluster.run(milliseconds: 3_000)
        try old[0].beat()
        cluster.run(milliseconds: 3_100)
        #expect(try old[1].heartbeat() == .unknownMemberId)
        try settle([old[0]], [new])
    }

    @Test func staleMembersAreRefused() throws {
        let cluster = try cluster()
        let old = try pair(cluster, isCooperative: false)
        let new = try ConsumerClient(cluster, "a")
        try settle(old, [new])
        let generation = old[0].generation
        for version in [Int16(8), 9] { #expect(try old[0].commit(7, version: version) == .none) }
        old[0].generation -= 1
        #expect(try old[0].commit(8) == .illegalGeneration)
        #expect(try old[0].heartbeat() == .illegalGeneration)
        old[0].generation = generation
        old[0].topics = ["t", "u"]
        try old[0].join()
        #expect(old[0].generation == generation + 1)
        #expect(try old[1].heartbeat() == .rebalanceInProgress, "somebody subscribes to something else")
        #expect(try old[1].commit(9) == .none, "it still reads what it did")
        var strange = old[1].request
        strange.protocols = [.init(name: "other", metadata: strange.protocols[0].metadata)]
        let refused: JoinGroupResponse = try old[1].client.call(strange)
        #expect(refused.errorCode == .inconsistentGroupProtocol)
        strange = old[1].request
        strange.protocols = [.init(name: "range", metadata: ByteSlice(utf8: "x"))]
        let malformed: JoinGroupResponse = try old[1].client.call(strange)
        #expect(malformed.errorCode == .inconsistentGroupProtocol)
    }

    /// While the group is between two generations, some have joined and others have not.
    @Test func whoeverWaitsJoinsTheOtherGroup() throws {
        let cluster = try cluster()
        let old = try pair(cluster, isCooperative: true)
        let third = try ClassicConsumer(cluster, isCooperative: true)
        try third.sendJoin()
        #expect(try old[0].heartbeat() == .rebalanceInProgress)
        try old[0].sendJoin()
        let new = try ConsumerClient(cluster, "a")
        #expect(try new.beat().errorCode == .none)
        #expect(new.partitions.isEmpty, "the first two still read all there is")
        for member in [third, old[0]] { #expect(try member.sendSync() == .none) }
        for member in [third, old[0]] { #expect(try member.receiveShare() == .none) }
        #expect(third.partitions.isEmpty && old[0].partitions.count == 1, "it is to give up the other one")
        try expectOneReader(old + [third], [new])
        try settle(old + [third], [new])
        #expect(([third] + old).allSatisfy { $0.partitions.count == 1 } && new.partitions.count == 1)
    }

    @Test func aStaticMemberChangesItsProtocol() throws {
        let cluster = try cluster()
        let old = try ClassicConsumer(cluster, instance: "i")
        let other = try ClassicConsumer(cluster)
        try old.join()
        try other.sendJoin()
        try old.sendJoin()
        for member in [old, other] { try member.sendSync() }
        for member in [old, other] { try member.receiveShare() }
        let share = old.partitions
        let new = try ConsumerClient(cluster, "a", instance: "i")
        #expect(try new.beat().errorCode == .none)
        #expect(new.partitions == share, "it has the place of the one before")
        #expect(try old.heartbeat() == .fencedInstanceId)
        #expect(try other.heartbeat() == .none || other.heartbeat() == .rebalanceInProgress)
        let again = try ClassicConsumer(cluster, instance: "i")
        #expect(try again.join() == .unreleasedInstanceId)
        _ = try new.leave(-2)
        #expect(try again.join() == .rebalanceInProgress, "both are of the classic protocol: they agree by themselves")
        #expect(try again.describe() == .groupIdNotFound)
        #expect(try other.heartbeat() == .rebalanceInProgress)
        for member in [again, other] { try member.sendJoin() }
        for member in [again, other] { try member.sendSync() }
        for member in [again, other] { try member.receiveShare() }
        #expect((again.partitions + other.partitions).sorted() == [0, 1, 2, 3])
    }

    /// Of what the members have agreed on, and of what they were given, the next coordinator knows.
    @Test func aNewCoordinatorGoesOn() throws {
        let cluster = try cluster(nodes: 3)
        let old = try pair(cluster, isCooperative: false)
        let new = try ConsumerClient(cluster, "a")
        try settle(old, [new])
        let (epoch, shares) = (new.epoch, old.map(\.partitions))
        let first = try cluster.elect()
        cluster.isolate(first)
        cluster.run(milliseconds: 3_000)
        for member in old { try member.reconnect() }
        try new.reconnect()
        try settle(old, [new])
        #expect(new.epoch == epoch && old.map(\.partitions) == shares && old.allSatisfy { $0.generation == epoch })
        _ = try new.leave()
        cluster.isolate(first, false)
        cluster.run(milliseconds: 1_000)
        cluster.isolate(try cluster.elect())
        cluster.run(milliseconds: 3_000)
        for member in old { try member.reconnect() }
        #expect(try old.map { try $0.heartbeat() } == [.rebalanceInProgress, .rebalanceInProgress])
        for member in old { try member.sendJoin() }
        for member in old { try member.sendSync() }
        for member in old { try member.receiveShare() }
        #expect(old.flatMap(\.partitions).sorted() == [0, 1, 2, 3] && old[0].generation == epoch + 1)
    }

    /// Members of both protocols come, go and miss answers in any order.
    @Test(arguments: [UInt64](1...12)) func noPartitionHasTwoReaders(seed: UInt64) throws {
        let cluster = try cluster()
        var random = Dice(state: seed)
        let anchor = try ConsumerClient(cluster, "anchor")
        try anchor.beat()
        var classic: [ClassicConsumer] = []
        var consumers: [ConsumerClient] = []
        for serial in 0..<120 {
            switch random.below(12) {
            case 0 where classic.count < 3:
                classic.append(try ClassicConsumer(cluster, isCooperative: random.below(2) == 0))
                try classic[classic.count - 1].join()
            case 1 where consumers.count < 3:
                consumers.append(try ConsumerClient(cluster, "m\(serial)"))
                try consumers[consumers.count - 1].beat()
            case 2 where !classic.isEmpty: _ = try classic.remove(at: random.below(classic.count)).leave()
            case 3 where !consumers.isEmpty: _ = try consumers.remove(at: random.below(consumers.count)).leave()
            case 4..<8 where !classic.isEmpty: try classic[random.below(classic.count)].beat()
            // The answer is lost.
            case 8 where !consumers.isEmpty:
                let member = consumers[random.below(consumers.count)]
                _ = try member.call(member.full)
            case 9: try anchor.beat()
            default: if !consumers.isEmpty { try consumers[random.below(consumers.count)].beat() }
            }
            try expectOneReader(classic, consumers + [anchor])
        }
        try settle(classic, consumers + [anchor])
    }
}
