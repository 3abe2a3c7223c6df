import Bytes
import KafkaWire
import Records

@testable import HoldfastClient

/// Three brokers with one memory, that follow a script of faults. Requests and answers go through the real codec.
final class FakeCluster {
    enum Reply {
        case frame(ByteSlice)
        case silence
        case hangUp
    }

    /// What happens to one produce (or admin) request.
    enum Fault {
        case none
        case hangUpBefore
        case hangUpAfter
        case silenceAfter
        case code(KafkaErrorCode)
        /// Refused with NOT_LEADER_OR_FOLLOWER, telling the leader or not.
        case notLeader(hint: Bool)
        /// Stored, but answered with this code, as when the answer waited too long for the quorum.
        case codeAfter(KafkaErrorCode)
    }

    struct StoredBatch {
        let bytes: ByteSlice
        let header: RecordBatchHeader
        let baseOffset: Int64
    }

    struct Partition {
        var batches: [StoredBatch] = []
        var start: Int64 = 0
        var end: Int64 = 0
    }

    struct SeenProduce {
        let node: Int32
        let partition: Int32
        let producer: Int64
        let sequence: Int32
        let count: Int32
        let acks: Int16
    }

    var topics: [String: [Partition]] = [:]
    var leader: Int32 = 1
    var epoch: Int32 = 1
    /// Whom metadata names, when that is not the leader.
    var staleLeader: (node: Int32, epoch: Int32)?
    var down: Set<Int32> = []
    var now: UInt64 = 0
    /// Taken one by one by produce requests.
    var faults: [Fault] = []
    /// The same for creating and deleting topics.
    var adminFaults: [Fault] = []
    var fetchFaults: [KafkaErrorCode] = []
    private(set) var seen: [SeenProduce] = []
    private(set) var producerIds: Int64 = 100
    /// Producer ids that are refused as unknown with the next request.
    var forgotten: Set<Int64> = []
    private(set) var requests: [ApiKey] = []
    /// Of each topic, what was set away from its default.
    private(set) var settings: [String: [String: String]] = [:]

    /// Nanoseconds that the last answer was held back, as a fetch is while there is nothing to read.
    private(set) var heldBack: UInt64 = 0

    static let nodes: [Int32] = [1, 2, 3]
    static func address(_ node: Int32) -> BrokerAddress { BrokerAddress(host: "node\(node)", port: 9092) }
    static var bootstrap: [BrokerAddress] { nodes.map { address($0) } }

    init(topic: String? = "t", partitions: Int = 1) {
        if let topic { topics[topic] = [Partition](repeating: Partition(), count: partitions) }
    }

    func node(at address: BrokerAddress) -> Int32? { Self.nodes.first { Self.address($0) == address } }

    func moveLeader(to node: Int32) {
        leader = node
        epoch += 1
    }

    // MARK: Requests

    func answer(_ frame: ByteSlice, node: Int32) -> Reply {
        let request: KafkaRequest
        do throws(KafkaRequestError) {
            request = try KafkaRequest.decode(frame: frame)
        } catch {
            return .hangUp
        }
        requests.append(request.header.apiKey)
        heldBack = 0
        switch request.body {
        case .apiVersions: return encode(ApiVersionsResponse.served, request)
        case .metadata(let body): return encode(metadata(body), request)
        case .initProducerId:
            producerIds += 1
            return encode(InitProducerIdResponse(errorCode: .none, producerId: producerIds, producerEpoch: 0), request)
        case .produce(let body): return produce(body, request, node)
        case .fetch(let body): return encode(fetch(body, node), request)
        case .listOffsets(let body): return encode(offsets(body, node), request)
        case .createTopics(let body): return create(body, request)
        case .deleteTopics(let body): return delete(body, request)
        case .incrementalAlterConfigs(let body): return alter(body, request)
        default: return .hangUp
        }
    }

    private func encode(_ body: some KafkaResponseBody, _ request: KafkaRequest) -> Reply {
        var writer = ByteWriter()
        body.encodeFrame(
            into: &writer, version: request.header.apiVersion, correlationId: request.header.correlationId)
        return .frame(writer.finish().dropFirst(4))
    }

    private func metadata(_ request: MetadataRequest) -> MetadataResponse {
        let names = request.topics.map { $0.compactMap(\.name) } ?? topics.keys.sorted()
        let (node, told) = staleLeader ?? (leader, epoch)
        return MetadataResponse(
            brokers: Self.nodes.map { .init(nodeId: $0, host: "node\($0)", port: 9092) }, clusterId: "fake",
            controllerId: leader,
            topics: names.map { name in
                guard let partitions = topics[name] else {
                    return .init(errorCode: .unknownTopicOrPartition, name: name, partitions: [])
                }
                return .init(name: name, partitions: partitions.indices.map {
                    .init(
                        partitionIndex: Int32($0), leaderId: node, leaderEpoch: told, replicaNodes: Self.nodes,
                        isrNodes: Self.nodes)
                })
            })
    }

    // MARK: Producing

    private func produce(_ request: ProduceRequest, _ frame: KafkaRequest, _ node: Int32) -> Reply {
        let topic = request.topics[0].nameText
        let part = request.partitions[0]
        guard let records = part.records, let header = Self.header(records) else {
            return produced(topic, .init(index: part.index, errorCode: .corruptMessage, baseOffset: -1), frame)
        }
        seen.append(SeenProduce(
            node: node, partition: part.index, producer: header.producerId, sequence: header.baseSequence,
            count: header.recordCount, acks: request.acks))
        let fault = faults.isEmpty ? Fault.none : faults.removeFirst()
        switch fault {
        case .hangUpBefore: return .hangUp
        case .code(let code):
            return produced(topic, .init(index: part.index, errorCode: code, baseOffset: -1), frame)
        case .notLeader(let hint): return notLeader(topic, part.index, frame, hint: hint)
        case .none, .hangUpAfter, .silenceAfter, .codeAfter: break
        }
        if node != leader { return notLeader(topic, part.index, frame, hint: false) }
        let result = store(records, header, topic, part.index)
        switch fault {
        case .hangUpAfter: return .hangUp
        case .silenceAfter: return .silence
        case .codeAfter(let code):
            return produced(topic, .init(index: part.index, errorCode: code, baseOffset: -1), frame)
        default: return request.acks == 0 ? .silence : produced(topic, result, frame)
        }
    }

    private static func header(_ records: ByteSlice) -> RecordBatchHeader? {
        do throws(RecordError) {
            return try RecordBatch.validate(records)
        } catch {
            return nil
        }
    }

    private func notLeader(_ topic: String, _ index: Int32, _ frame: KafkaRequest, hint: Bool) -> Reply {
        let known = hint ? KafkaLeader(leaderId: leader, leaderEpoch: epoch) : nil
        return produced(
            topic,
            .init(index: index, errorCode: .notLeaderOrFollower, baseOffset: -1, currentLeader: known), frame)
    }

    private func produced(_ topic: String, _ result: ProduceResponse.Partition, _ request: KafkaRequest) -> Reply {
        var response = ProduceResponse()
        response.append(topic: ByteSlice(utf8: topic), partitions: [result])
        return encode(response, request)
    }

    /// Kafka's rules for sequence numbers, the plain way: over all batches ever stored.
    private func store(
        _ records: ByteSlice, _ header: RecordBatchHeader, _ topic: String, _ index: Int32
    ) -> ProduceResponse.Partition {
        guard var partition = topics[topic]?[Int(index)] else {
            return .init(index: index, errorCode: .unknownTopicOrPartition, baseOffset: -1)
        }
        if header.hasProducer {
            if forgotten.remove(header.producerId) != nil {
                return .init(index: index, errorCode: .unknownProducerId, baseOffset: -1)
            }
            let own = partition.batches.filter { $0.header.producerId == header.producerId }
            if let known = own.suffix(5).first(where: { $0.header.baseSequence == header.baseSequence }) {
                return .init(index: index, baseOffset: known.baseOffset)
            }
            let expected = own.last.map { $0.header.baseSequence + $0.header.recordCount } ?? 0
            if header.baseSequence != expected {
                return .init(index: index, errorCode: .outOfOrderSequenceNumber, baseOffset: -1)
            }
        }
        let base = partition.end
        let copy = ByteSlice(records.withUnsafeBytes { Array($0) })
        RecordBatch.assign(baseOffset: base, leaderEpoch: epoch, in: copy)
        partition.batches.append(StoredBatch(bytes: copy, header: header, baseOffset: base))
        partition.end += Int64(header.recordCount)
        topics[topic]?[Int(index)] = partition
        return .init(index: index, baseOffset: base)
    }

    /// The values stored, as text, in order.
    func values(_ topic: String = "t", _ partition: Int = 0) throws -> [String] {
        try (topics[topic]?[partition].batches ?? []).flatMap { batch in
            try RecordBatch.allRecords(of: batch.bytes).map { $0.value?.text ?? "null" }
        }
    }

    // MARK: Reading

    private func fetch(_ request: FetchRequest, _ node: Int32) -> FetchResponse {
        var response = FetchResponse()
        defer {
            let isEmpty = response.partitions.allSatisfy { $0.errorCode == .none && $0.records == .empty }
            if isEmpty { heldBack = UInt64(request.maxWaitMs) * 1_000_000 }
        }
        let fault = fetchFaults.isEmpty ? KafkaErrorCode.none : fetchFaults.removeFirst()
        for topic in request.topics {
            response.append(topic: topic.name, partitions: request.partitions[topic.partitions].map { wanted in
                guard let partition = topics[topic.nameText]?[Int(wanted.index)] else {
                    return failed(wanted.index, .unknownTopicOrPartition)
                }
                if fault.isError { return failed(wanted.index, fault) }
                if node != leader { return failed(wanted.index, .notLeaderOrFollower) }
                if wanted.fetchOffset < partition.start || wanted.fetchOffset > partition.end {
                    return failed(wanted.index, .offsetOutOfRange)
                }
                let found = partition.batches.filter {
                    $0.baseOffset + Int64($0.header.recordCount) > wanted.fetchOffset
                }
                var bytes = found.flatMap { batch in batch.bytes.withUnsafeBytes { Array($0) } }
                // Brokers may cut the last batch, never the first.
                let limit = max(Int(wanted.maxBytes), found.first?.bytes.count ?? 0)
                if bytes.count > limit { bytes.removeLast(bytes.count - limit) }
                return .init(
                    index: wanted.index, highWatermark: partition.end, lastStableOffset: partition.end,
                    logStartOffset: partition.start, records: .inline(ByteSlice(bytes)))
            })
        }
        return response
    }

    private func failed(_ index: Int32, _ code: KafkaErrorCode) -> FetchResponse.Partition {
        .init(index: index, errorCode: code, highWatermark: -1, lastStableOffset: -1, records: .empty)
    }

    private func offsets(_ request: ListOffsetsRequest, _ node: Int32) -> ListOffsetsResponse {
        ListOffsetsResponse(topics: request.topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map { wanted in
                guard let partition = topics[topic.name]?[Int(wanted.partitionIndex)] else {
                    return .init(partitionIndex: wanted.partitionIndex, errorCode: .unknownTopicOrPartition)
                }
                if node != leader {
                    return .init(partitionIndex: wanted.partitionIndex, errorCode: .notLeaderOrFollower)
                }
                let offset: Int64
                switch wanted.timestamp {
                case -1: offset = partition.end
                case -2: offset = partition.start
                default:
                    offset = partition.batches.first { $0.header.maxTimestamp >= wanted.timestamp }?.baseOffset ?? -1
                }
                return .init(partitionIndex: wanted.partitionIndex, offset: offset)
            })
        })
    }

    // MARK: Topics

    private func create(_ request: CreateTopicsRequest, _ frame: KafkaRequest) -> Reply {
        let fault = adminFaults.isEmpty ? Fault.none : adminFaults.removeFirst()
        if case .hangUpBefore = fault { return .hangUp }
        if case .code(let code) = fault {
            let failed = request.topics.map {
                CreateTopicsResponse.Topic(name: $0.name, errorCode: code, errorMessage: nil)
            }
            return encode(CreateTopicsResponse(topics: failed), frame)
        }
        let results = request.topics.map { topic -> CreateTopicsResponse.Topic in
            guard topics[topic.name] == nil else {
                return .init(name: topic.name, errorCode: .topicAlreadyExists, errorMessage: "it exists")
            }
            topics[topic.name] = [Partition](repeating: Partition(), count: Int(max(topic.numPartitions, 1)))
            return .init(name: topic.name, errorMessage: nil)
        }
        if case .hangUpAfter = fault { return .hangUp }
        return encode(CreateTopicsResponse(topics: results), frame)
    }

    private func alter(_ request: IncrementalAlterConfigsRequest, _ frame: KafkaRequest) -> Reply {
        let fault = adminFaults.isEmpty ? Fault.none : adminFaults.removeFirst()
        if case .hangUpBefore = fault { return .hangUp }
        let results = request.resources.map { resource -> IncrementalAlterConfigsResponse.Resource in
            let name = resource.resourceName
            var code: KafkaErrorCode = topics[name] == nil ? .unknownTopicOrPartition : .none
            if case .code(let refusal) = fault { code = refusal }
            for config in resource.configs where !code.isError {
                settings[name, default: [:]][config.name] = config.operation == 0 ? config.value : nil
            }
            return .init(errorCode: code, resourceType: resource.resourceType, resourceName: name)
        }
        if case .hangUpAfter = fault { return .hangUp }
        return encode(IncrementalAlterConfigsResponse(responses: results), frame)
    }

    private func delete(_ request: DeleteTopicsRequest, _ frame: KafkaRequest) -> Reply {
        let fault = adminFaults.isEmpty ? Fault.none : adminFaults.removeFirst()
        let results = request.topics.map { topic -> DeleteTopicsResponse.Topic in
            let isKnown = topics.removeValue(forKey: topic.name ?? "") != nil
            return .init(name: topic.name, errorCode: isKnown ? .none : .unknownTopicOrPartition)
        }
        if case .hangUpAfter = fault { return .hangUp }
        return encode(DeleteTopicsResponse(responses: results), frame)
    }
}
