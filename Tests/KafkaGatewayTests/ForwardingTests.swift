import Bytes
import KafkaGateway
import KafkaWire
import Node
import Testing

/// Requests that only the leader can carry out, sent to a follower.
struct ForwardingTests {
    private func begin(
        _ kafka: (inout KafkaSettings) -> Void = { _ in }
    ) throws -> (cluster: TestCluster, leader: Int, follower: Int, client: TestClient) {
        let cluster = try TestCluster.ready(nodes: 3, kafka: kafka)
        let leader = try cluster.elect()
        let follower = (leader + 1) % 3
        return (cluster, leader, follower, try cluster.connect(to: follower))
    }

    @Test func aFollowerPassesAdministrationOnToTheLeader() throws {
        let (cluster, leader, follower, client) = try begin()
        let created = try client.create("t", partitions: 2)
        #expect(created.numPartitions == 2)
        #expect(created.replicationFactor == 3)
        let identity: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        #expect(identity.errorCode == .none)
        #expect(identity.producerId >= 0)
        let extended: CreatePartitionsResponse = try client.call(CreatePartitionsRequest(
            topics: [.init(name: "t", count: 5, assignments: nil)], timeoutMs: 1000, validateOnly: false))
        #expect(extended.results.map(\.errorCode) == [.none])
        #expect(cluster.gateways[leader].node.replica.broker.topic(named: "t")?.partitions.count == 5)
        let deleted: DeleteTopicsResponse = try client.call(
            DeleteTopicsRequest(topics: [.init(name: nil, topicId: created.topicId)], timeoutMs: 1000))
        #expect(deleted.responses.map(\.errorCode) == [.none])
        #expect(cluster.gateways[leader].node.replica.broker.topicCount == 0)
        #expect(cluster.gateways[follower].metrics.forwardedRequests == 4)
        // The sessions that carried them out are gone.
        #expect(cluster.gateways[leader].sessionCount == 0)
        #expect(cluster.gateways[follower].sessionCount == 1)
    }

    @Test func metadataCreatesTopicsThroughAFollower() throws {
        let (cluster, leader, follower, client) = try begin { $0.defaultPartitions = 3 }
        let request = MetadataRequest(topics: [.init(name: "auto"), .init(name: "bad name"), .init(name: "auto")])
        let response: MetadataResponse = try client.call(request)
        #expect(response.topics.map(\.name) == ["auto", "bad name"])
        #expect(response.topics.map(\.errorCode) == [.none, .invalidTopicException])
        #expect(response.topics[0].partitions.map(\.leaderId) == Array(repeating: Int32(leader) + 1, count: 3))
        cluster.run(milliseconds: 100)
        // It is known here now: nothing to pass on.
        let again: MetadataResponse = try client.call(request)
        #expect(again.topics.map(\.errorCode) == [.none, .invalidTopicException])
        #expect(cluster.gateways[follower].metrics.forwardedRequests == 1)
    }

    @Test func answersOfTheLeaderKeepTheirPlace() throws {
        let (cluster, _, _, client) = try begin()
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ]))
        try client.send(ApiVersionsRequest())
        cluster.turn()
        #expect(client.connection.frameCount == 0)
        cluster.settle()
        #expect(try client.receive(CreateTopicsResponse.self).topics.map(\.errorCode) == [.none])
        #expect(try client.receive(ApiVersionsResponse.self).errorCode == .none)
    }

    @Test func aLinkThatBreaksUnderWayIsARetriableError() throws {
        let (cluster, leader, follower, client) = try begin()
        try client.send(InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0))
        try client.send(MetadataRequest(topics: [.init(name: "new")]))
        try client.send(DeleteTopicsRequest(topics: [.init(name: "t")], timeoutMs: 1000))
        cluster.turn()
        let members = cluster.cluster.members
        cluster.cluster.network.setLink(members[leader].id, members[follower].id, up: false)
        cluster.turn()
        #expect(try client.receive(InitProducerIdResponse.self).errorCode == .coordinatorLoadInProgress)
        #expect(try client.receive(MetadataResponse.self).topics.map(\.errorCode) == [.leaderNotAvailable])
        #expect(try client.receive(DeleteTopicsResponse.self).responses.map(\.errorCode) == [.requestTimedOut])
    }

    @Test func aLeaderThatDoesNotAnswerInTimeIsARetriableError() throws {
        let (cluster, _, _, client) = try begin()
        try client.send(CreateTopicsRequest(topics: [
            .init(name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [])
        ], timeoutMs: 100))
        cluster.turn()
        cluster.cluster.clock.advance(milliseconds: 590)
        for gateway in cluster.gateways { gateway.node.tick() }
        cluster.turn()
        #expect(client.connection.frameCount == 0)
        cluster.cluster.clock.advance(milliseconds: 20)
        for gateway in cluster.gateways { gateway.node.tick() }
        cluster.turn()
        #expect(try client.receive(CreateTopicsResponse.self).topics.map(\.errorCode) == [.requestTimedOut])
    }

    /// Two nodes that each take the other for the leader must not play ball with a request.
    @Test func aForwardedRequestIsNotForwardedAgain() throws {
        let (cluster, _, follower, _) = try begin()
        var writer = ByteWriter()
        InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: 0).encodeFrame(
            into: &writer, version: 4, correlationId: 9)
        var reply: ByteSlice?
        cluster.gateways[follower].node.onForwardedRequest?(writer.finish().dropFirst(4)) { reply = $0 }
        cluster.settle()
        let frame = try #require(reply).dropFirst(4)
        let response = try InitProducerIdResponse.decode(frame: frame, version: 4)
        #expect(response.correlationId == 9)
        #expect(response.body.errorCode == .coordinatorLoadInProgress)
        #expect(cluster.gateways[follower].metrics.forwardedRequests == 0)
        #expect(cluster.gateways[follower].sessionCount == 1)
    }

    @Test func onlyWhatNeedsTheLeaderIsCarriedOutForAnotherNode() throws {
        let (cluster, leader, _, client) = try begin()
        try client.create("t")
        func reply<Request: KafkaRequestBody>(to request: Request) -> ByteSlice? {
            var writer = ByteWriter()
            request.encodeFrame(into: &writer, version: SupportedApis[Request.apiKey].maximum, correlationId: 9)
            var reply: ByteSlice?
            cluster.gateways[leader].node.onForwardedRequest?(writer.finish().dropFirst(4)) { reply = $0 }
            cluster.settle()
            return reply
        }
        #expect(reply(to: FetchRequest.one("t", from: 0))?.isEmpty == true)
        #expect(reply(to: ProduceRequest.one(.batch(["a"]), to: "t"))?.isEmpty == true)
        #expect(reply(to: ProduceRequest.one(.batch(["a"]), to: "t", acks: 0))?.isEmpty == true)
        #expect(reply(to: ListOffsetsRequest.one(-1, in: "t"))?.isEmpty == true)
        #expect(reply(to: ApiVersionsRequest())?.isEmpty == true)
        #expect(reply(to: MetadataRequest(topics: nil))?.isEmpty == false)
        cluster.gateways[leader].node.onForwardedRequest?(ByteSlice([1, 2, 3])) { #expect($0.isEmpty) }
        cluster.settle()
        #expect(cluster.gateways[leader].sessionCount == 0)
        #expect(try cluster.connect().offset(of: -1, in: "t").offset == 0)
    }

    @Test func aTopicCreatedElsewhereIsAtWorstUnknownForAMoment() throws {
        let (cluster, leader, follower, client) = try begin { $0.autoCreateTopics = false }
        let other = try cluster.connect(to: leader)
        let created = try other.create("t")
        let request = MetadataRequest(topics: [.init(name: "t"), .init(topicId: created.topicId, name: nil)])
        let stale: MetadataResponse = try client.call(request)
        for topic in stale.topics where topic.errorCode.isError { #expect(topic.errorCode.isRetriable) }
        cluster.run(milliseconds: 100)
        let fresh: MetadataResponse = try client.call(request)
        #expect(fresh.topics.map(\.errorCode) == [.none, .none])
        #expect(fresh.topics.map(\.name) == ["t", "t"])
        #expect(cluster.gateways[follower].metrics.forwardedRequests == 0)
    }
}
