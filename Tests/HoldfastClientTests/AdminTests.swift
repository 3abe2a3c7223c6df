import KafkaWire
import Testing

@testable import HoldfastClient

struct AdminTests {
    private func admin(_ cluster: FakeCluster) throws -> HoldfastAdmin {
        try HoldfastAdmin(
            bootstrap: FakeCluster.bootstrap, settings: ClientSettings(), network: FakeNetwork(cluster))
    }

    private func code(of body: () throws -> Void) throws -> Int16? {
        do {
            try body()
            return nil
        } catch HoldfastError.refused(let code, _, _) {
            return code
        }
    }

    @Test func topicsAreCreatedListedDescribedAndDeleted() throws {
        let cluster = FakeCluster(topic: nil)
        let admin = try admin(cluster)
        try admin.createTopic("b", partitions: 3)
        try admin.createTopic("a")
        #expect(try admin.listTopics().map(\.name) == ["a", "b"])
        let described = try admin.describeTopic("b")
        #expect(described.partitions.count == 3 && described.partitions.allSatisfy { $0.leader == 1 })
        #expect(try admin.offsets(of: "b").map(\.count) == [0, 0, 0])
        #expect(try code { try admin.createTopic("b") } == KafkaErrorCode.topicAlreadyExists.rawValue)
        try admin.deleteTopic("b")
        #expect(try admin.listTopics().map(\.name) == ["a"])
        #expect(try code { _ = try admin.describeTopic("b") } == KafkaErrorCode.unknownTopicOrPartition.rawValue)
        #expect(try code { try admin.deleteTopic("b") } == KafkaErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func anAnswerThatIsLostDoesNotTurnSuccessIntoFailure() throws {
        let cluster = FakeCluster(topic: nil)
        let admin = try admin(cluster)
        cluster.adminFaults = [.hangUpAfter]
        try admin.createTopic("a")
        cluster.adminFaults = [.hangUpBefore]
        try admin.createTopic("b")
        cluster.adminFaults = [.code(.notController)]
        try admin.createTopic("c")
        #expect(cluster.topics.keys.sorted() == ["a", "b", "c"])
        cluster.adminFaults = [.hangUpAfter]
        try admin.deleteTopic("a")
        #expect(cluster.topics.keys.sorted() == ["b", "c"])
    }

    @Test func settingsAreChanged() throws {
        let cluster = FakeCluster()
        let admin = try admin(cluster)
        try admin.setTopicConfigs("t", [("retention.ms", "5"), ("segment.ms", "7")])
        #expect(cluster.settings["t"] == ["retention.ms": "5", "segment.ms": "7"])
        for fault in [FakeCluster.Fault.hangUpBefore, .hangUpAfter, .code(.notController), .code(.requestTimedOut)] {
            cluster.adminFaults = [fault]
            try admin.setTopicConfigs("t", [("retention.ms", "6"), ("segment.ms", nil)])
            #expect(cluster.settings["t"] == ["retention.ms": "6"])
            try admin.setTopicConfigs("t", [("segment.ms", "7")])
        }
        cluster.adminFaults = [.code(.invalidConfig)]
        #expect(try code { try admin.setTopicConfigs("t", [("x", "1")]) } == KafkaErrorCode.invalidConfig.rawValue)
        let missing = try code { try admin.setTopicConfigs("missing", [("retention.ms", "1")]) }
        #expect(missing == KafkaErrorCode.unknownTopicOrPartition.rawValue)
    }

    @Test func nobodyThere() throws {
        let cluster = FakeCluster()
        cluster.down = [1, 2, 3]
        let admin = try admin(cluster)
        #expect {
            _ = try admin.listTopics()
        } throws: { error in
            if case HoldfastError.timedOut(_, let reason) = error { reason.contains("refused") } else { false }
        }
    }

    @Test func anotherBrokerIsAskedWhenOneIsDown() throws {
        for node in FakeCluster.nodes {
            let cluster = FakeCluster()
            cluster.down = [node]
            if node == 1 { cluster.moveLeader(to: 2) }
            #expect(try admin(cluster).listTopics().map(\.name) == ["t"])
        }
    }
}
