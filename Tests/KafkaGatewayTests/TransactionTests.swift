import Bytes
import KafkaGateway
import KafkaWire
import Testing

/// Transactions at the door: every version, time, and changes of the leader.
struct TransactionTests {
    private func begin(nodes: Int = 1) throws -> TransactionClient {
        let cluster = try TestCluster.ready(nodes: nodes)
        let one = try TransactionClient(cluster)
        try one.client.create("t", partitions: 2)
        return one
    }

    @Test(arguments: Int16(0)...4) func everyVersion(version: Int16) throws {
        let one = try begin()
        #expect(try one.initialize(version: version) == .none)
        #expect(try one.add("t", [0, 1], version: min(version, 3)) == [.none, .none])
        #expect(try one.produce(["a"], to: "t") == .none)
        #expect(try one.add(group: "g", version: version) == .none)
        #expect(try one.commit("g", "t", 7, version: version) == .none)
        #expect(try one.end(commits: true, version: version) == .none)
        #expect(try one.end(commits: true, version: version) == .none)
        #expect(try one.end(commits: false, version: version) == .invalidTxnState)
        one.epoch += 1
        #expect(try one.end(commits: true, version: version) == (version < 2 ? .invalidProducerEpoch : .producerFenced))
        let listed: ListTransactionsResponse = try one.client.call(
            ListTransactionsRequest(stateFilters: ["CompleteCommit", "Odd"], producerIdFilters: []),
            version: min(version, 2))
        #expect(listed.transactionStates.map(\.transactionalId) == ["x"] && listed.unknownStateFilters == ["Odd"])
        let producers: DescribeProducersResponse = try one.client.call(
            DescribeProducersRequest(topics: [.init(name: "t", partitions: [0, 1, 2])]))
        #expect(producers.topics[0].partitions.map(\.activeProducers.count) == [1, 0, 0])
        #expect(producers.topics[0].partitions.map(\.errorCode) == [.none, .none, .unknownTopicOrPartition])
    }

    @Test func readersOfWhatIsCommittedWait() throws {
        let one = try begin()
        try one.initialize()
        _ = try one.add("t", [0])
        _ = try one.produce(["a", "b"], to: "t")
        #expect(try one.offsets("t") == [2, 0])
        var request = FetchRequest.one("t", from: 0)
        request.isolationLevel = 1
        let before: FetchResponse = try one.client.call(request, version: 11)
        #expect(before.partitions[0].bytes.isEmpty && before.partitions[0].lastStableOffset == 0)
        let reader = try one.cluster.connect()
        var waiting = FetchRequest.one("t", from: 0, maxWaitMs: 5_000)
        waiting.isolationLevel = 1
        try reader.send(waiting, version: 11)
        one.cluster.settle()
        #expect(try one.end(commits: false) == .none)
        let woken: FetchResponse = try reader.receive()
        #expect(woken.partitions[0].abortedTransactions == [.init(producerId: one.producer, firstOffset: 0)])
        #expect(woken.partitions[0].lastStableOffset == 3)
    }

    /// Under the name of another, or one that nobody has.
    @Test func aBatchIsWrittenUnderItsProducersName() throws {
        let one = try begin()
        let other = try TransactionClient(one.cluster, name: "y")
        for client in [one, other] {
            try client.initialize()
            #expect(try client.add("t", [0]) == [.none])
        }
        for name in ["y", "nobody"] {
            var request = one.request(["a"], to: "t")
            request.transactionalId = name
            let answer: ProduceResponse = try one.client.call(request)
            #expect(answer.partitions.map(\.errorCode) == [.invalidProducerIdMapping])
        }
        #expect(try one.produce(["a"], to: "t") == .none)
        #expect(try other.produce(["b"], to: "t") == .none)
        #expect(try one.offsets("t") == [2, 0])
    }

    @Test func endsAreCounted() throws {
        let one = try begin()
        for (commits, timeout) in [(true, Int32(60_000)), (false, 60_000), (false, 1_000)] {
            try one.initialize(timeoutMs: timeout)
            _ = try one.add("t", [0])
            if timeout < 60_000 { one.cluster.run(milliseconds: 1_500) }
            _ = try one.end(commits: commits)
        }
        let metrics = one.cluster.gateways[0].metrics
        #expect(metrics.committedTransactions == 1 && metrics.abortedTransactions == 2)
        #expect(metrics.timedOutTransactions == 1)
    }

    @Test func aTransactionThatTakesTooLongIsAborted() throws {
        let one = try begin()
        try one.initialize(timeoutMs: 2_000)
        _ = try one.add("t", [0])
        _ = try one.produce(["a"], to: "t")
        one.cluster.run(milliseconds: 1_500)
        #expect(try one.state == "Ongoing")
        one.cluster.run(milliseconds: 1_000)
        #expect(try one.state == "CompleteAbort")
        #expect(try one.offsets("t") == [2, 2])
        #expect(try one.end(commits: true) == .producerFenced)
        #expect(try one.produce(["b"], to: "t") == .invalidProducerEpoch)
        #expect(try one.initialize(isSame: true) == .producerFenced)
        #expect(try one.initialize() == .none)
    }

    /// The new one has not seen how long it has been open: it gives it all its time.
    @Test func aNewLeaderGoesOn() throws {
        let one = try begin(nodes: 3)
        try one.initialize(timeoutMs: 3_000)
        _ = try one.add("t", [0])
        _ = try one.produce(["a"], to: "t")
        let old = try #require(one.cluster.leader)
        one.cluster.run(milliseconds: 2_000)
        one.cluster.isolate(old)
        let behind = try one.cluster.connect(to: old)
        one.cluster.run(milliseconds: 1_500)
        one.cluster.isolate(old, false)
        one.cluster.run(milliseconds: 500)
        one.client = try one.cluster.connect()
        #expect(try one.state == "Ongoing")
        #expect(try behind.call(one.endRequest, as: EndTxnResponse.self).errorCode == .notCoordinator)
        #expect(try one.produce(["b"], to: "t") == .none)
        #expect(try one.end(commits: true) == .none)
        #expect(try one.offsets("t") == [3, 3])
    }

    /// A deposed leader that does not know it yet refuses nothing for good.
    @Test func aDeposedLeaderDoesNotJudge() throws {
        let one = try begin(nodes: 3)
        try one.initialize()
        let old = try #require(one.cluster.leader)
        one.cluster.isolate(old)
        let behind = try one.cluster.connect(to: old)
        try behind.send(one.request(["late"], to: "t"))
        try behind.send(one.endRequest)
        one.cluster.settle()
        one.cluster.run(milliseconds: 3_000)
        let produced: ProduceResponse = try behind.receive()
        #expect(produced.partitions.map(\.errorCode) == [.notLeaderOrFollower])
        #expect(try behind.receive(EndTxnResponse.self).errorCode == .notCoordinator)
    }

    @Test(arguments: [("", ["x-1", "x-2", "y"]), ("x-.*", ["x-1", "x-2"]), ("x", []), (".*2|y", ["x-2", "y"])])
    func onesWhoseNamesMatchAreListed(pattern: String, names: [String]) throws {
        let cluster = try begin().cluster
        for name in ["y", "x-2", "x-1"] { try TransactionClient(cluster, name: name).initialize() }
        let response: ListTransactionsResponse = try cluster.connect().call(
            ListTransactionsRequest(stateFilters: [], producerIdFilters: [], transactionalIdPattern: pattern))
        #expect(response.errorCode == .none && response.transactionStates.map(\.transactionalId) == names)
    }

    @Test(arguments: ["(", "(a|aa)+[bc]"]) func aPatternThatCannotBeComparedIsRefused(pattern: String) throws {
        let one = try TransactionClient(begin().cluster, name: String(repeating: "a", count: 200))
        try one.initialize()
        let response: ListTransactionsResponse = try one.client.call(
            ListTransactionsRequest(stateFilters: [], producerIdFilters: [], transactionalIdPattern: pattern))
        #expect(response.errorCode == .invalidRegularExpression && response.transactionStates.isEmpty)
    }

    @Test func twoEndsAtOnceAreOne() throws {
        let one = try begin()
        try one.initialize()
        _ = try one.add("t", [0])
        let other = try one.cluster.connect()
        try one.client.send(one.endRequest)
        try other.send(one.endRequest)
        try one.client.send(one.endRequest)
        try one.client.send(one.request(["late"], to: "t"))
        one.cluster.settle()
        #expect(try other.receive(EndTxnResponse.self).errorCode == .concurrentTransactions)
        #expect(try one.client.receive(EndTxnResponse.self).errorCode == .none)
        #expect(try one.client.receive(EndTxnResponse.self).errorCode == .none, "asked again, not at once")
        #expect(try one.client.receive(ProduceResponse.self).partitions[0].errorCode == .invalidTxnState)
        #expect(try one.offsets("t") == [1, 1])
    }

    /// KIP-447: who asks for what is stable is not told what a transaction is about to replace.
    @Test func offsetsThatMayChangeAreNotTold() throws {
        let one = try begin()
        try one.initialize()
        #expect(try one.add(group: "g") == .none)
        #expect(try one.commit("g", "t", 7) == .none)
        func fetch(_ isStable: Bool) throws -> OffsetFetchResponse.Partition {
            let group = OffsetFetchRequest.Group(
                groupId: "g", topics: [.init(name: "t", partitions: [0])])
            let response: OffsetFetchResponse = try one.client.call(
                OffsetFetchRequest(groups: [group], requireStable: isStable))
            return response.groups[0].topics[0].partitions[0]
        }
        #expect(try fetch(true).errorCode == .unstableOffsetCommit)
        #expect(try fetch(false).errorCode == .none && fetch(false).committedOffset == -1)
        #expect(try one.end(commits: true) == .none)
        #expect(try fetch(true).committedOffset == 7)
        #expect(try one.commit("g", "t", 8) == .invalidTxnState)
        #expect(try one.add(group: "g") == .none)
        #expect(try one.commit("g", "t", 8, generation: 5, member: "m") == .unknownMemberId)
    }
}
