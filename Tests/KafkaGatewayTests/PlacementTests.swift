import KafkaGateway
import KafkaWire
import Testing

/// Requests about where partitions are, and who keeps them.
struct PlacementTests {
    private func begin() throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(nodes: 3, kafka: { $0.dataDirectory = "/somewhere" })
        let client = try cluster.connect(to: try cluster.elect())
        try client.create("t", partitions: 2)
        return (cluster, client)
    }

    @Test(arguments: VersionTests.versions(.alterPartitionReassignments)) func onlyWhatIsSoAlreadyCanBeAskedFor(
        version: Int16
    ) throws {
        let (_, client) = try begin()
        func code(_ replicas: [Int32]?, of topic: String = "t", _ partition: Int32 = 1) throws -> KafkaErrorCode {
            let response: AlterPartitionReassignmentsResponse = try client.call(
                AlterPartitionReassignmentsRequest(topics: [
                    .init(name: topic, partitions: [.init(partitionIndex: partition, replicas: replicas)])
                ]),
                version: version)
            #expect(response.errorCode == .none && response.allowReplicationFactorChange)
            return response.responses[0].partitions[0].errorCode
        }
        #expect(try code([3, 1, 2]) == .none)
        #expect(try code([1, 2]) == .invalidReplicaAssignment)
        #expect(try code([1, 2, 2]) == .invalidReplicaAssignment)
        #expect(try code([]) == .invalidReplicaAssignment)
        #expect(try code(nil) == .noReassignmentInProgress)
        #expect(try code([1, 2, 3], 2) == .unknownTopicOrPartition)
        #expect(try code([1, 2, 3], -1) == .unknownTopicOrPartition)
        #expect(try code([1, 2, 3], of: "missing") == .unknownTopicOrPartition)
    }

    @Test func noPartitionIsOnItsWay() throws {
        let (_, client) = try begin()
        for topics in [nil, [ListPartitionReassignmentsRequest.Topic(name: "t", partitions: [0])]] {
            let response: ListPartitionReassignmentsResponse = try client.call(
                ListPartitionReassignmentsRequest(topics: topics))
            #expect(response == ListPartitionReassignmentsResponse(topics: []))
        }
    }

    @Test(arguments: VersionTests.versions(.alterReplicaLogDirs)) func aNodeHasOneDirectory(version: Int16) throws {
        let (_, client) = try begin()
        let response: AlterReplicaLogDirsResponse = try client.call(
            AlterReplicaLogDirsRequest(dirs: [
                .init(path: "/somewhere", topics: [.init(name: "t", partitions: [0, 2, -1])]),
                .init(path: "/elsewhere", topics: [.init(name: "t", partitions: [0])]),
            ]),
            version: version)
        #expect(response.topics.map(\.name) == ["t", "t"])
        #expect(response.topics.map { $0.partitions.map(\.errorCode) } == [
            [.none, .unknownTopicOrPartition, .unknownTopicOrPartition], [.logDirNotFound],
        ])
    }

    @Test(arguments: VersionTests.versions(.describeQuorum)) func everyNodeTellsWhatTheLeaderKnowsOfTheGroup(
        version: Int16
    ) throws {
        let (cluster, _) = try begin()
        let leader = try #require(cluster.leader)
        for node in 0..<3 {
            let client = try cluster.connect(to: node)
            try client.send(
                DescribeQuorumRequest(topics: [
                    .init(name: "__cluster_metadata", partitions: [.init(partitionIndex: 0)]),
                    .init(name: "t", partitions: [.init(partitionIndex: 0)]),
                ]),
                version: version)
            cluster.run(milliseconds: 300)
            let response: DescribeQuorumResponse = try client.receive()
            #expect(response.errorCode == .none)
            #expect(response.topics[1].partitions[0].errorCode == .unknownTopicOrPartition)
            let group = response.topics[0].partitions[0]
            #expect(group.errorCode == .none && group.leaderId == Int32(leader) + 1)
            #expect(group.leaderEpoch == Int32(cluster.gateways[leader].node.replica.term))
            #expect(group.currentVoters.map(\.replicaId) == [1, 2, 3] && group.observers.isEmpty)
            #expect(group.highWatermark > 1)
            guard version >= 2 else { continue }
            #expect(response.topics[1].partitions[0].errorMessage != nil && group.errorMessage == nil)
            #expect(response.nodes.map(\.nodeId) == [1, 2, 3] && response.nodes.allSatisfy { $0.listeners.count == 1 })
            #expect(Set(group.currentVoters.map(\.directoryId)).subtracting([.zero]).count == 3, "each has its own")
            #expect(group.currentVoters.allSatisfy { $0.logEndOffset >= group.highWatermark })
        }
    }

    @Test(arguments: VersionTests.versions(.listConfigResources)) func whatHasSettingsIsListed(version: Int16) throws {
        let (_, client) = try begin()
        func listed(_ types: [Int8]) throws -> [String] {
            let response: ListConfigResourcesResponse = try client.call(
                ListConfigResourcesRequest(resourceTypes: types), version: version)
            #expect(response.errorCode == .none)
            return response.configResources.map { "\($0.resourceType) \($0.resourceName)" }
        }
        guard version > 0 else {
            #expect(try listed([]).isEmpty)
            return
        }
        #expect(try listed([]) == ["2 t", "4 1", "4 2", "4 3"])
        #expect(try listed([4, 16]) == ["4 1", "4 2", "4 3"])
        #expect(try listed([2, 32, 8]) == ["2 t"])
        let refused: ListConfigResourcesResponse = try client.call(
            ListConfigResourcesRequest(resourceTypes: [2, 3]), version: version)
        #expect(refused.errorCode == .unsupportedVersion && refused.configResources.isEmpty)
    }
}
