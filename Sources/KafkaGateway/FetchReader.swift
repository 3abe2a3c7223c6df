import Broker
import Bytes
import KafkaWire
import Node
import Planted

/// Finds what a fetch may return now, and makes the response of it. What it needs and memory does not hold it tells in
/// `missing`: another reader, given that, gets on.
struct FetchReader {
    /// A partition whose rows are to be loaded.
    struct Missing {
        let key: PartitionKey
        let place: SealedPlace
    }

    private struct Found {
        var error: KafkaErrorCode
        var highWatermark: Int64 = -1
        var lastStable: Int64 = -1
        var logStart: Int64 = -1
        /// For a reader of what is committed.
        var aborted: [PartitionTransactions.Aborted]?
        /// Positions in `ranges`.
        var ranges: Range<Int>
    }

    private let gateway: KafkaGateway
    private var found: [Found] = []
    /// Of all partitions, one after the other.
    private(set) var ranges: [StoredRange] = []
    private(set) var bytes = 0
    private var hasError = false
    /// There is more to be had at once than could be found.
    private var isCut = false
    private(set) var missing: [Missing] = []
    /// Bytes that the missing ones may bring.
    private var expectedBytes = 0
    /// What was loaded; without rows they could not be read.
    private let loaded: [PartitionKey: PartitionRows?]

    init(gateway: KafkaGateway, loaded: [PartitionKey: PartitionRows?] = [:]) {
        self.gateway = gateway
        self.loaded = loaded
    }

    /// Enough to answer now. More than the client lets us send is not waited for.
    func isSatisfied(by request: FetchRequest) -> Bool {
        hasError || isCut || !missing.isEmpty || bytes >= min(Int(request.minBytes), limit(of: request))
    }

    /// Some partition does not have the offset asked for, as far as this node knows.
    var isOutOfRange: Bool {
        #if DEBUG
        if Planted.has(.deposedLeaderJudgesOffsets) { return false }
        #endif
        return hasError && found.contains { $0.error == .offsetOutOfRange }
    }

    /// This node does not lead any more: what it knows of the ends of partitions may be old.
    mutating func disown() {
        for position in found.indices where found[position].error == .offsetOutOfRange {
            found[position].error = .notLeaderOrFollower
        }
    }

    private func limit(of request: FetchRequest) -> Int {
        min(max(Int(request.maxBytes), 1), gateway.settings.maximumFetchBytes)
    }

    /// Looks at every partition in the request's order, until the limits are reached. The first data found is returned
    /// even if it is larger than the limits, so that a consumer always gets on.
    mutating func locate(_ request: FetchRequest) {
        let broker = gateway.broker
        let limit = limit(of: request)
        for topic in request.topics {
            let number = broker.topicNumber(of: topic)
            for partition in request.partitions[topic.partitions] {
                locate(
                    partition, topic: number, broker, limit: limit, isCommitted: request.isReadCommitted,
                    unknown: topic.unknown)
            }
        }
    }

    private mutating func locate(
        _ partition: FetchRequest.Partition, topic: UInt32?, _ broker: Broker, limit: Int, isCommitted: Bool,
        unknown: KafkaErrorCode
    ) {
        let first = ranges.count
        var result = Found(error: .none, ranges: first..<first)
        defer {
            hasError = hasError || result.error.isError
            found.append(result)
        }
        guard gateway.replica.admission != nil else { return result.error = .notLeaderOrFollower }
        guard let topic else { return result.error = unknown }
        guard partition.index >= 0 else { return result.error = .unknownTopicOrPartition }
        let key = PartitionKey(topic: topic, partition: UInt32(partition.index))
        guard let state = broker.partition(key) else { return result.error = .unknownTopicOrPartition }
        result.error = gateway.check(leaderEpoch: partition.currentLeaderEpoch)
        if result.error.isError { return }
        result.highWatermark = state.endOffset
        result.lastStable = state.lastStableOffset
        result.logStart = state.logStartOffset
        if isCommitted { result.aborted = [] }
        let remaining = min(Int(partition.maxBytes), limit - bytes - expectedBytes)
        guard remaining > 0 || bytes + expectedBytes == 0 else { return checkOffset(partition, state, &result) }
        let outcome = gateway.replica.locate(
            key, from: partition.fetchOffset, before: isCommitted ? state.lastStableOffset : .max,
            maximumBytes: max(remaining, 0), held: loaded[key] ?? nil, into: &ranges)
        switch outcome {
        case .found(let isCut): self.isCut = self.isCut || isCut
        case .atEnd: break
        case .missing(let place) where loaded[key] == nil:
            missing.append(Missing(key: key, place: place))
            expectedBytes += max(remaining, 1)
        // Retriable. A partition that was loaded has them, or they cannot be read now.
        case .missing: result.error = .kafkaStorageError
        case .outOfRange: result.error = .offsetOutOfRange
        case .unknownPartition: result.error = unknown
        }
        result.ranges = first..<ranges.count
        for range in ranges[first...] { bytes += range.length }
        if isCommitted, ranges.count > first {
            result.aborted = state.transactions.aborted(
                from: ranges[first].baseOffset, before: ranges[ranges.count - 1].nextOffset)
        }
    }

    private func checkOffset(_ partition: FetchRequest.Partition, _ state: PartitionState, _ result: inout Found) {
        if partition.fetchOffset < state.logStartOffset || partition.fetchOffset > state.endOffset {
            result.error = .offsetOutOfRange
        }
    }

    /// `read`: where the bytes of `ranges` are.
    func response(
        to header: KafkaRequestHeader, _ request: FetchRequest, _ read: StoredRead, throttleTimeMs: Int32
    ) -> [StoredBytes] {
        var response = FetchResponse(throttleTimeMs: throttleTimeMs)
        var pieces: [[StoredBytes]] = []
        var ordinal = 0
        for topic in request.topics {
            var partitions: [FetchResponse.Partition] = []
            for partition in request.partitions[topic.partitions] {
                var result = found[ordinal]
                ordinal += 1
                let stored = read.pieces(of: result.ranges)
                // Retriable: the entry is being repaired, or was deleted just now.
                if stored == nil { result.error = .kafkaStorageError }
                pieces.append(stored ?? [])
                partitions.append(describe(partition, result, length: pieces[ordinal - 1].reduce(0) { $0 + $1.length }))
            }
            response.append(topic: topic.name, id: topic.id, partitions: partitions)
        }
        if let leader = response.partitions.lazy.compactMap(\.currentLeader).first {
            response.nodeEndpoints = gateway.sortedEndpoints.filter { $0.node.kafkaID == leader.leaderId }.map {
                .init(nodeId: leader.leaderId, host: $0.endpoint.host, port: $0.endpoint.port)
            }
        }
        gateway.metrics.fetchedBytes += UInt64(bytes)
        var output: [StoredBytes] = []
        for segment in response.segments(version: header.apiVersion, correlationId: header.correlationId) {
            switch segment {
            case .bytes(let slice): output.append(.memory(slice))
            case .records(let partition, _): output.append(contentsOf: pieces[partition])
            }
        }
        return output
    }

    private func describe(
        _ partition: FetchRequest.Partition, _ result: Found, length: Int
    ) -> FetchResponse.Partition {
        .init(
            index: partition.index, errorCode: result.error, highWatermark: result.highWatermark,
            lastStableOffset: result.lastStable, logStartOffset: result.logStart,
            currentLeader: result.error == .notLeaderOrFollower ? gateway.currentLeader : nil,
            abortedTransactions: result.aborted?.map { .init(producerId: $0.producer, firstOffset: $0.firstOffset) },
            records: length == 0 ? .empty : .external(count: length))
    }
}

extension FetchRequest {
    /// `isolation.level=read_committed`
    var isReadCommitted: Bool { isolationLevel == 1 }
}
