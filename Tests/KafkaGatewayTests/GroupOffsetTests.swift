import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// Committed offsets, and what administrators ask of groups.
struct GroupOffsetTests {
    private func member(nodes: Int = 1) throws -> GroupClient {
        let cluster = try TestCluster.ready(nodes: nodes, kafka: { $0.groups.initialRebalanceDelayMilliseconds = 0 })
        let member = try GroupClient(cluster)
        try member.client.create("t", partitions: 3)
        try member.client.create("u")
        return member
    }

    private func offsets(_ group: OffsetFetchResponse.Group) -> [String: [Int64]] {
        Dictionary(uniqueKeysWithValues: group.topics.map { ($0.name, $0.partitions.map(\.committedOffset)) })
    }

    @Test func whatIsCommittedIsFetched() throws {
        let member = try member()
        try member.comeUp()
        #expect(try member.commit([0: 5, 2: 7], metadata: "note") == [.none, .none])
        let fetched = try member.committed(topic: "t", partitions: [0, 1, 2])
        #expect(fetched.errorCode == .none && offsets(fetched) == ["t": [5, -1, 7]])
        #expect(fetched.topics[0].partitions[0].metadata == "note")
        #expect(fetched.topics[0].partitions[0].committedLeaderEpoch == 1)
        for version in Int16(1)...8 {
            #expect(offsets(try member.committed(topic: "t", partitions: [2], version: version)) == ["t": [7]])
        }
        #expect(offsets(try member.committed()) == ["t": [5, 7]])
    }

    /// A client that assigns by itself commits without being a member.
    @Test func offsetsWithoutMembership() throws {
        let member = try member()
        #expect(try member.commit([1: 4]) == [.none])
        #expect(offsets(try member.committed()) == ["t": [4]])
        let other = try GroupClient(member.cluster)
        try other.comeUp()
        #expect(try member.commit([1: 5]) == [.unknownMemberId], "not while the group has members")
    }

    @Test func commitsOfFormerMembersAreRefused() throws {
        let member = try member()
        member.id = "x"
        member.generation = 3
        #expect(try member.commit([0: 1]) == [.illegalGeneration], "no such group")
        member.id = ""
        member.generation = -1
        try member.comeUp()
        member.generation += 1
        #expect(try member.commit([0: 1]) == [.illegalGeneration])
        member.generation -= 1
        let id = member.id
        member.id = "x"
        #expect(try member.commit([0: 1]) == [.unknownMemberId])
        member.id = id
        #expect(offsets(try member.committed()) == [:])
    }

    /// While members wait for their assignment, nobody may commit: the partition may be another's already.
    @Test func noCommitBetweenTwoOwners() throws {
        let member = try member()
        _ = try member.join()
        #expect(try member.commit([0: 1]) == [.rebalanceInProgress])
        _ = try member.sync([member.id: "all"])
        #expect(try member.commit([0: 1]) == [.none])
    }

    @Test func eachPartitionIsAnsweredForItself() throws {
        let member = try member()
        #expect(try member.commit([0: 1, 3: 1]) == [.none, .unknownTopicOrPartition])
        #expect(try member.commit([0: 1], topic: "none") == [.unknownTopicOrPartition])
        let long = String(repeating: "x", count: 4_097)
        #expect(try member.commit([0: 2], metadata: long) == [.offsetMetadataTooLarge])
        #expect(offsets(try member.committed()) == ["t": [1]])
    }

    /// What does not fit into an entry, or into a frame to the followers, is refused before it is anywhere.
    @Test func aCommandThatIsTooLargeIsRefused() throws {
        let cluster = try TestCluster.ready(nodes: 3, node: { $0.maximumProposalBytes = 2_000 })
        let simple = try GroupClient(cluster)
        try simple.client.create("t")
        #expect(try simple.commit([0: 1], metadata: String(repeating: "x", count: 3_000)) == [.messageTooLarge])
        let batch = ByteSlice.batch([String(repeating: "y", count: 3_000)])
        #expect(try simple.client.produce(batch, to: "t").errorCode == .messageTooLarge)
        #expect(try simple.commit([0: 1]) == [.none])
    }

    @Test func offsetsSurviveTheirLeader() throws {
        let member = try member(nodes: 3)
        try member.comeUp()
        #expect(try member.commit([0: 9]) == [.none])
        member.cluster.isolate(try member.cluster.elect())
        try member.client.send(OffsetFetchRequest(groups: [.init(groupId: "g", topics: nil)]))
        member.cluster.run(milliseconds: 3_000)
        let stale: OffsetFetchResponse = try member.client.receive()
        #expect(stale.groups[0].errorCode == .notCoordinator, "it could not make sure that it still leads")
        #expect(offsets(try GroupClient(member.cluster).committed()) == ["t": [9]])
    }

    @Test func groupsAreListedAndDescribed() throws {
        let member = try member()
        try member.comeUp()
        let simple = try GroupClient(member.cluster, group: "simple")
        _ = try simple.commit([0: 1])
        let client = member.client
        func list(_ states: [String], types: [String] = []) throws -> [String] {
            try client.call(
                ListGroupsRequest(statesFilter: states, typesFilter: types), as: ListGroupsResponse.self
            ).groups.map { "\($0.groupId) \($0.protocolType) \($0.groupState) \($0.groupType)" }
        }
        #expect(try list([]) == ["g consumer Stable classic", "simple  Empty classic"])
        #expect(try list(["stable"]) == ["g consumer Stable classic"])
        #expect(try list([], types: ["consumer"]) == [])
        let described = try client.call(
            DescribeGroupsRequest(groups: ["g", "simple", "none", ""]), as: DescribeGroupsResponse.self)
        #expect(described.groups.map(\.groupState) == ["Stable", "Empty", "Dead", ""])
        #expect(described.groups[3].errorCode == .invalidGroupId)
        let own = try #require(described.groups[0].members.first)
        #expect(own.memberId == member.id && own.clientId == "test" && own.clientHost == "/10.0.0.9")
        #expect(own.memberAssignment == ByteSlice(utf8: "everything") && described.groups[0].protocolData == "range")
    }

    @Test func onlyEmptyGroupsAreDeleted() throws {
        let member = try member()
        try member.comeUp()
        _ = try member.commit([0: 1])
        func delete(_ names: [String]) throws -> [KafkaErrorCode] {
            try member.client.call(DeleteGroupsRequest(groupsNames: names), as: DeleteGroupsResponse.self)
                .results.map(\.errorCode)
        }
        #expect(try delete(["g", "none", ""]) == [.nonEmptyGroup, .groupIdNotFound, .invalidGroupId])
        _ = try member.leave()
        #expect(try delete(["g"]) == [.none])
        #expect(offsets(try member.committed()) == [:])
        let listed = try member.client.call(ListGroupsRequest(), as: ListGroupsResponse.self)
        #expect(listed.groups.isEmpty)
    }

    @Test func offsetsOfSubscribedTopicsStay() throws {
        let member = try member()
        try member.comeUp()
        _ = try member.commit([0: 1])
        _ = try member.commit([0: 2], topic: "u")
        let request = OffsetDeleteRequest(
            groupId: "g", topics: [.init(name: "t", partitions: [0]), .init(name: "u", partitions: [0, 1])])
        let deleted = try member.client.call(request, as: OffsetDeleteResponse.self)
        #expect(
            deleted.topics.map { $0.partitions.map(\.errorCode) } == [
                [.groupSubscribedToTopic], [.none, .unknownTopicOrPartition],
            ])
        #expect(offsets(try member.committed()) == ["t": [1]])
    }

    @Test func unusedOffsetsExpire() throws {
        let cluster = try TestCluster.ready(kafka: {
            $0.groups.offsetRetentionMilliseconds = 60_000
            $0.groups.retentionCheckMilliseconds = 10_000
        })
        let simple = try GroupClient(cluster)
        try simple.client.create("t")
        _ = try simple.commit([0: 1])
        cluster.run(milliseconds: 50_000)
        #expect(offsets(try simple.committed()) == ["t": [1]])
        cluster.run(milliseconds: 30_000)
        #expect(offsets(try simple.committed()) == [:])
    }
}
