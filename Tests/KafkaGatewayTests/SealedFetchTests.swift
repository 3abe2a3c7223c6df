import Broker
import Bytes
import KafkaWire
import Node
import Ports
import Testing

/// Fetches and searches of what only the indexes of sealed segments tell.
struct SealedFetchTests {
    private func begin(nodes: Int = 1) throws -> (TestCluster, TestClient) {
        let cluster = try TestCluster.ready(nodes: nodes, node: {
            $0.cacheBytes = 2048
            $0.snapshotIntervalEntries = 40
            $0.rowCacheBytes = 1024
        })
        let client = try cluster.connect()
        try client.create("t", partitions: 2)
        return (cluster, client)
    }

    private func value(_ number: Int) -> String { "value \(number) " + String(repeating: "x", count: 700) }

    private func fill(_ cluster: TestCluster, _ client: TestClient, _ count: Int = 240) throws {
        for number in 0..<count {
            _ = try client.produce(
                .batch([value(number)], timestamp: Int64(1_000 + number)), to: "t", partition: Int32(number % 2))
            if number % 20 == 19 { cluster.run(milliseconds: 20) }
        }
        cluster.run(milliseconds: 100)
    }

    private func replica(_ cluster: TestCluster) throws -> Replica {
        cluster.gateways[try cluster.elect()].node.replica
    }

    @Test func aConsumerFromTheBeginningGetsEverything() throws {
        let (cluster, client) = try begin()
        try fill(cluster, client)
        let size = try replica(cluster).broker.indexSize
        #expect(size.fences > 10 && size.rows < 60)
        for partition in Int32(0)..<2 {
            var offset: Int64 = 0
            var found: [String] = []
            var fetches = 0
            while offset < 120 {
                let fetched = try client.fetch("t", partition: partition, from: offset)
                #expect(fetched.errorCode == .none)
                let records = try fetched.allRecords()
                let last = try #require(records.last, "a fetch gets on")
                found += try fetched.values()
                offset = last.offset + 1
                fetches += 1
            }
            #expect(found == stride(from: Int(partition), to: 240, by: 2).map(value))
            #expect(fetches < 40)
        }
        #expect(try replica(cluster).metrics.indexLookUps > 10)
    }

    /// Several partitions in one request, and more asked for than there is: a fetch that found old data does not wait.
    @Test func oldDataIsNotWaitedFor() throws {
        let (cluster, client) = try begin()
        try fill(cluster, client)
        var request = FetchRequest(maxWaitMs: 60_000, minBytes: 1 << 20, maxBytes: 4 << 20)
        request.append(topic: ByteSlice(utf8: "t"), partitions: [
            .init(index: 0, fetchOffset: 3, maxBytes: 1 << 20), .init(index: 1, fetchOffset: 40, maxBytes: 1 << 20),
        ])
        let response: FetchResponse = try client.call(request)
        #expect(response.partitions.map(\.errorCode) == [.none, .none])
        #expect(try response.partitions[0].values().first == value(6))
        #expect(try response.partitions[1].values().first == value(81))
    }

    @Test func timesAreFoundInSealedSegments() throws {
        let (cluster, client) = try begin()
        try fill(cluster, client)
        let key = PartitionKey(topic: 0, partition: 1)
        for trimmed in [Int64(0), 5, 37, 119] {
            if trimmed > 0 {
                let waiter = IgnoringWaiter()
                _ = try replica(cluster).propose(.deleteRecords(key, before: trimmed), waiter: waiter, ticket: 0)
                cluster.settle()
            }
            for wanted in stride(from: Int64(990), to: 1_250, by: 7) {
                let found = try client.offset(of: wanted, in: "t", partition: 1)
                let expected = (trimmed..<120).first { 1_000 + 2 * $0 + 1 >= wanted }
                #expect(found.errorCode == .none && found.offset == expected ?? -1, "\(wanted) after \(trimmed)")
            }
            let largest = try client.offset(of: -3, in: "t", partition: 1)
            #expect(largest.offset == 119 && largest.timestamp == 1_239)
        }
    }

    /// The largest timestamp was that of a record that is deleted, in a segment that is not.
    @Test func theLargestTimestampIsOneThatIsLeft() throws {
        let (cluster, client) = try begin()
        let timestamps: [Int64] = [5_000, 9_000] + (0..<100).map { 1_000 + $0 * 3 % 200 }
        for timestamp in timestamps {
            _ = try client.produce(.batch([value(1)], timestamp: timestamp), to: "t", partition: 1)
        }
        cluster.run(milliseconds: 200)
        let key = PartitionKey(topic: 0, partition: 1)
        for trimmed in 0..<Int64(5) {
            let waiter = IgnoringWaiter()
            _ = try replica(cluster).propose(.deleteRecords(key, before: trimmed), waiter: waiter, ticket: 0)
            cluster.settle()
            let rest = timestamps[Int(trimmed)...]
            let expected = rest.firstIndex(of: rest.max() ?? 0)
            let found = try client.offset(of: -3, in: "t", partition: 1)
            #expect(found.offset == expected.map { Int64($0) }, "after \(trimmed)")
        }
    }

    /// The records go while the index is being read, and the segment soon after.
    @Test(arguments: [0, 1, 2, 3, 5, 8]) func aDeletionInTheMiddleIsAnsweredForWhatItIs(_ steps: Int) throws {
        let (cluster, client) = try begin()
        try fill(cluster, client)
        let replica = try replica(cluster)
        let first = replica.log.firstIndex
        for _ in 0..<steps { cluster.cluster.step() }
        try client.send(.one("t", partition: 1, from: 10))
        let waiter = IgnoringWaiter()
        for partition in UInt32(0)..<2 {
            _ = replica.propose(
                .deleteRecords(PartitionKey(topic: 0, partition: partition), before: 110), waiter: waiter, ticket: 0)
        }
        for _ in 0..<steps { cluster.cluster.step() }
        cluster.settle()
        let answer = try client.receive(FetchResponse.self).partitions[0]
        switch answer.errorCode {
        case .none: #expect(try answer.values().first == value(21))
        // What was found is gone when it is to be verified: the next fetch tells.
        case .offsetOutOfRange, .kafkaStorageError: break
        default: Issue.record("\(answer.errorCode)")
        }
        let other = try cluster.connect()
        for number in 0..<45 { _ = try other.produce(.batch([value(number)]), to: "t", partition: 0) }
        cluster.run(milliseconds: 100)
        #expect(replica.log.firstIndex > first, "segments are gone")
        #expect(try client.fetch("t", partition: 1, from: 10).errorCode == .offsetOutOfRange)
        #expect(try client.fetch("t", partition: 1, from: 110).values().first == value(221))
    }

    /// Damage that appears while the node runs, and that nothing else is looking for: it is not sent to anybody, but
    /// found by the first who asks, and repaired.
    @Test(arguments: [100, 200, 400]) func damagedBytesAreNotServed(_ position: Int) throws {
        let cluster = try TestCluster.ready(nodes: 3, node: {
            $0.cacheBytes = 2048
            $0.scrubMilliseconds = 1 << 30
        })
        let client = try cluster.connect()
        try client.create("t", partitions: 2)
        try fill(cluster, client, 120)
        let replica = try replica(cluster)
        let disk = cluster.cluster.members[try cluster.elect()].disk
        let damaged: UInt64 = 9
        let location = try #require(replica.log.location(of: damaged))
        // Also in the header, and in records that are not asked for.
        disk.damage("group-0/00000000000000000001.log") {
            $0[Int(location.headerOffset) + position - 100] ^= 1
        }
        var offset: Int64 = 0
        var found: [String] = []
        var refusals = 0
        while offset < 60 {
            let fetched = try client.fetch("t", partition: 0, from: offset)
            if fetched.errorCode == .kafkaStorageError {
                #expect(fetched.bytes.isEmpty)
                refusals += 1
                try #require(refusals < 100)
                cluster.run(milliseconds: 10)
                continue
            }
            found += try fetched.values()
            offset = try #require(try fetched.allRecords().last).offset + 1
        }
        #expect(found == stride(from: 0, to: 120, by: 2).map(value))
        #expect(refusals > 0 && replica.metrics.damagedEntries == 1 && replica.metrics.repairedEntries == 1)
    }

    /// Neither the index nor what it is made from can be read: an error that clients retry, and later the data.
    @Test func anIndexThatCannotBeReadIsARetriableError() throws {
        let (cluster, client) = try begin()
        try fill(cluster, client)
        let disk = cluster.cluster.members[0].disk
        let name = try #require(try disk.list("group-0").map(\.name).first { $0.hasSuffix(".rows") })
        disk.damage("group-0/" + name) { $0[4] ^= 1 }
        disk.faults = [.init(operation: "read"), .init(operation: "read")]
        #expect(try client.fetch("t", partition: 1, from: 0).errorCode == .kafkaStorageError)
        cluster.run(milliseconds: 11_000)
        #expect(try client.fetch("t", partition: 1, from: 0).values().first == value(1))
    }
}

private final class IgnoringWaiter: ProposalWaiter {
    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {}
}
