import Broker
import Bytes
import Node
import Records
import Simulator
import Testing

/// A producer without a protocol: proposes to whoever leads and counts what it is told.
final class Writer: ProposalWaiter {
    private let cluster: SimulatedCluster
    private(set) var acknowledged = 0
    private(set) var unknown = 0
    private var topic: UInt32 = 0
    private var created: UInt32?

    init(_ cluster: SimulatedCluster) throws {
        self.cluster = cluster
        try #require(cluster.run(until: { cluster.leader != nil }))
        try createTopic()
    }

    /// Goes on with the topic of another writer, in a copy of its cluster.
    init(_ cluster: SimulatedCluster, continuing other: Writer) {
        self.cluster = cluster
        topic = other.topic
    }

    private func createTopic() throws {
        created = nil
        let command = Command.createTopic(
            name: "t", id: TopicID(high: 7, low: UInt64(topic) + 1), partitionCount: 1, configs: [])
        try propose(command)
        topic = try #require(created)
    }

    private func propose(_ command: Command) throws {
        let replica = try #require(cluster.leader?.node?.replica)
        guard case .accepted = replica.propose(command, waiter: self, ticket: 1) else {
            Issue.record("the leader refused a proposal")
            return
        }
        cluster.settle()
    }

    func recreateTopic() throws {
        try propose(.deleteTopic(number: topic))
        try createTopic()
    }

    func produce(_ value: String, at member: SimulatedCluster.Member? = nil) throws {
        let node = try #require((member ?? cluster.leader)?.node)
        var builder = RecordBatchBuilder()
        builder.append(key: nil, value: ByteSlice(utf8: value), timestamp: 1_700_000_000_000)
        let outcome = node.replica.admit(builder.finish(), to: PartitionKey(topic: topic, partition: 0))
        guard case .accepted = outcome else {
            Issue.record("refused: \(String(describing: outcome))")
            return
        }
        node.replica.wait(for: node.replica.openEntryIndex, waiter: self, ticket: 0)
        node.endTurn()
    }

    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {
        switch outcome {
        case .applied(.topicCreated(let number)): created = number
        case .applied(.produced(let rejected)): acknowledged += rejected.isEmpty ? 1 : 0
        case .applied: break
        case .unknown: unknown += 1
        }
    }

    func endOffset(at member: SimulatedCluster.Member) -> Int64? {
        member.node?.replica.broker.partition(PartitionKey(topic: topic, partition: 0))?.endOffset
    }

    /// From memory, or else from the index of a segment.
    private func locate(
        _ key: PartitionKey, from offset: Int64, at replica: Replica, _ cluster: SimulatedCluster,
        into ranges: inout [StoredRange]
    ) throws {
        guard case .missing(let place) = replica.locate(key, from: offset, maximumBytes: 1 << 30, into: &ranges) else {
            return
        }
        var loaded: PartitionRows?
        replica.loadRows(key, at: place) { loaded = $0 }
        cluster.settle()
        let rows = try #require(loaded, "rows of offset \(offset), entry \(place.index) and on")
        _ = replica.locate(key, from: offset, maximumBytes: 1 << 30, held: rows, into: &ranges)
    }

    /// Every record's value, in order, from whatever place it is stored in.
    func readAll(at member: SimulatedCluster.Member, _ cluster: SimulatedCluster) throws -> [String] {
        let replica = try #require(member.node?.replica)
        let key = PartitionKey(topic: topic, partition: 0)
        let partition = try #require(replica.broker.partition(key))
        var ranges: [StoredRange] = []
        var next = partition.logStartOffset
        while next < partition.endOffset {
            try locate(key, from: next, at: replica, cluster, into: &ranges)
            next = try #require(ranges.last).nextOffset
        }
        var values: [String] = []
        for range in ranges {
            var bytes: ByteSlice?
            replica.read(range) { bytes = $0 }
            cluster.settle()
            for batch in try RecordBatch.split(try #require(bytes)) {
                for record in try RecordBatch.allRecords(of: batch) { values.append(record.value?.text ?? "") }
            }
        }
        return values
    }
}
