import Broker
import Bytes
import KafkaWire
import Node
import Records

/// Answers one ListOffsets request, reading the log where only the records tell the offset. One read at a time: a
/// request may name any number of partitions.
final class OffsetLookup {
    private let gateway: KafkaGateway
    private let version: Int16
    private let request: ListOffsetsRequest
    private let completion: (ListOffsetsResponse) -> Void
    private var answered: [ListOffsetsResponse.Topic] = []
    private var partitions: [ListOffsetsResponse.Partition] = []
    private var topic = 0
    /// Partitions the request has named so far.
    private var seen: Set<PartitionKey> = []
    private var isRunning = false
    private var isReading = false

    private enum Step {
        case answer(ListOffsetsResponse.Partition)
        /// For a record not older than this, or, if nil, the latest.
        case search(PartitionKey, reaching: Int64?)
    }

    init(
        gateway: KafkaGateway, version: Int16, request: ListOffsetsRequest,
        completion: @escaping (ListOffsetsResponse) -> Void
    ) {
        self.gateway = gateway
        self.version = version
        self.request = request
        self.completion = completion
    }

    static func failing(_ request: ListOffsetsRequest, _ code: KafkaErrorCode) -> ListOffsetsResponse {
        ListOffsetsResponse(topics: request.topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map {
                .init(partitionIndex: $0.partitionIndex, errorCode: code)
            })
        })
    }

    /// Answers partition after partition until one needs a read, which comes back here when it is done. A read from
    /// memory is done at once: going on from inside it would nest as deep as the request has partitions.
    func run() {
        guard !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        while !isReading, topic < request.topics.count {
            let current = request.topics[topic]
            if partitions.count < current.partitions.count {
                answer(current.partitions[partitions.count], of: current.name)
            } else {
                answered.append(.init(name: current.name, partitions: partitions))
                partitions = []
                topic += 1
            }
        }
        if !isReading { completion(ListOffsetsResponse(topics: answered)) }
    }

    private func answer(_ asked: ListOffsetsRequest.Partition, of topic: String) {
        switch step(asked, of: topic) {
        case .answer(let answer): partitions.append(answer)
        case .search(let key, let timestamp): search(key, reaching: timestamp)
        }
    }

    private func step(_ asked: ListOffsetsRequest.Partition, of topic: String) -> Step {
        let index = asked.partitionIndex
        let number = gateway.broker.topicNumber(named: topic)
        // As Kafka does; and nobody has the same 128 KiB read a million times.
        if let number, !seen.insert(PartitionKey(topic: number, partition: UInt32(bitPattern: index))).inserted {
            return .answer(.init(partitionIndex: index, errorCode: .invalidRequest))
        }
        let state: PartitionState
        let key = PartitionKey(topic: number ?? 0, partition: UInt32(bitPattern: index))
        switch gateway.find(index, of: number, leaderEpoch: asked.currentLeaderEpoch) {
        case .failed(let code): return .answer(.init(partitionIndex: index, errorCode: code))
        case .found(let found): state = found
        }
        switch asked.timestamp {
        case -3 where version < 7, -4 where version < 8:
            return .answer(.init(partitionIndex: index, errorCode: .unsupportedVersion))
        case -1:
            return .answer(
                .init(partitionIndex: index, offset: end(of: state), leaderEpoch: gateway.leaderEpoch))
        // -4 is the earliest offset on the broker's own disk; there is no other place here.
        case -2, -4:
            let start = state.logStartOffset
            return .answer(.init(partitionIndex: index, offset: start, leaderEpoch: epoch(at: start, state)))
        case (-3)...: return .search(key, reaching: asked.timestamp == -3 ? nil : asked.timestamp)
        default: return .answer(.init(partitionIndex: index, errorCode: .unsupportedVersion))
        }
    }

    private func search(_ key: PartitionKey, reaching timestamp: Int64?) {
        isReading = true
        let onFound = { [self] (outcome: SearchOutcome) in
            switch outcome {
            case .found(let range): read(range, of: key, reaching: timestamp ?? range.maxTimestamp)
            case .none: finish(.init(partitionIndex: Int32(key.partition)))
            case .unreadable: finish(.init(partitionIndex: Int32(key.partition), errorCode: .kafkaStorageError))
            }
        }
        if let timestamp {
            gateway.replica.search(key, reaching: timestamp, onFound)
        } else {
            gateway.replica.searchMaximumTimestamp(key, onFound)
        }
    }

    private func read(_ range: StoredRange, of key: PartitionKey, reaching timestamp: Int64) {
        gateway.replica.read(range) { [self] bytes in
            var answer = ListOffsetsResponse.Partition(
                partitionIndex: Int32(key.partition), errorCode: .kafkaStorageError)
            if let bytes, let state = gateway.broker.partition(key) {
                let found = RecordSearch.first(reaching: timestamp, in: bytes)
                let offset = max(found?.offset ?? range.baseOffset, state.logStartOffset)
                answer = .init(partitionIndex: Int32(key.partition))
                if offset < end(of: state) {
                    answer = .init(
                        partitionIndex: Int32(key.partition), timestamp: found?.timestamp ?? range.maxTimestamp,
                        offset: offset, leaderEpoch: epoch(at: offset, state))
                }
            }
            finish(answer)
        }
    }

    private func finish(_ answer: ListOffsetsResponse.Partition) {
        isReading = false
        partitions.append(answer)
        run()
    }

    /// How far the asking consumer may read.
    private func end(of state: PartitionState) -> Int64 {
        request.isolationLevel == 1 ? state.lastStableOffset : state.endOffset
    }

    /// The epoch in which `offset` was written, or the current one at the end of the log.
    private func epoch(at offset: Int64, _ state: PartitionState) -> Int32 {
        state.leaderEpochs.starts.last { $0.offset <= offset }?.epoch ?? gateway.leaderEpoch
    }
}
