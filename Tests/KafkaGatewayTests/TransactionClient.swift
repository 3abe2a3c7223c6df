import Bytes
import KafkaWire
import Records

/// A transactional producer at one node, request by request.
final class TransactionClient {
    let cluster: TestCluster
    var client: TestClient
    let name: String
    var producer: Int64 = -1
    var epoch: Int16 = -1
    private var sequence: Int32 = 0

    init(_ cluster: TestCluster, name: String = "x") throws {
        self.cluster = cluster
        self.name = name
        client = try cluster.connect()
    }

    @discardableResult func initialize(
        timeoutMs: Int32 = 60_000, isSame: Bool = false, version: Int16? = nil
    ) throws -> KafkaErrorCode {
        let response: InitProducerIdResponse = try client.call(
            InitProducerIdRequest(
                transactionalId: name, transactionTimeoutMs: timeoutMs, producerId: isSame ? producer : -1,
                producerEpoch: isSame ? epoch : -1),
            version: version)
        if response.errorCode == .none {
            (producer, epoch, sequence) = (response.producerId, response.producerEpoch, 0)
        }
        return response.errorCode
    }

    func add(_ topic: String, _ partitions: [Int32], version: Int16? = nil) throws -> [KafkaErrorCode] {
        let response: AddPartitionsToTxnResponse = try client.call(
            AddPartitionsToTxnRequest(
                transactionalId: name, producerId: producer, producerEpoch: epoch,
                topics: [.init(name: topic, partitions: partitions)]),
            version: version)
        return response.topics.flatMap { $0.partitions.map(\.errorCode) }
    }

    func add(group: String, version: Int16? = nil) throws -> KafkaErrorCode {
        let response: AddOffsetsToTxnResponse = try client.call(
            AddOffsetsToTxnRequest(
                transactionalId: name, producerId: producer, producerEpoch: epoch, groupId: group),
            version: version)
        return response.errorCode
    }

    func commit(
        _ group: String, _ topic: String, _ offset: Int64, generation: Int32 = -1, member: String = "",
        version: Int16? = nil
    ) throws -> KafkaErrorCode {
        let response: TxnOffsetCommitResponse = try client.call(
            TxnOffsetCommitRequest(
                transactionalId: name, groupId: group, producerId: producer, producerEpoch: epoch,
                generationId: generation, memberId: member,
                topics: [.init(name: topic, partitions: [.init(partitionIndex: 0, committedOffset: offset)])]),
            version: version)
        return response.topics[0].partitions[0].errorCode
    }

    func batch(_ values: [String]) -> ByteSlice {
        ByteSlice.batch(values, producer: producer, epoch: epoch, sequence: sequence).changing(22) { $0 | 0x10 }
            .resealed()
    }

    func request(_ values: [String], to topic: String) -> ProduceRequest {
        var request = ProduceRequest(transactionalId: name, acks: -1, timeoutMs: 1000)
        request.append(topic: ByteSlice(utf8: topic), partitions: [.init(index: 0, records: batch(values))])
        return request
    }

    func produce(_ values: [String], to topic: String) throws -> KafkaErrorCode {
        let response: ProduceResponse = try client.call(request(values, to: topic))
        let code = response.partitions[0].errorCode
        if code == .none { sequence += Int32(values.count) }
        return code
    }

    var endRequest: EndTxnRequest {
        EndTxnRequest(transactionalId: name, producerId: producer, producerEpoch: epoch, committed: true)
    }

    func end(commits: Bool, version: Int16? = nil) throws -> KafkaErrorCode {
        var request = endRequest
        request.committed = commits
        let response: EndTxnResponse = try client.call(request, version: version)
        return response.errorCode
    }

    var state: String {
        get throws {
            let response: DescribeTransactionsResponse = try client.call(
                DescribeTransactionsRequest(transactionalIds: [name]))
            return response.transactionStates[0].transactionState
        }
    }

    /// End and last stable offset.
    func offsets(_ topic: String) throws -> [Int64] {
        var request = ListOffsetsRequest.one(-1, in: topic)
        let end = try client.call(request, as: ListOffsetsResponse.self).topics[0].partitions[0].offset
        request.isolationLevel = 1
        return [end, try client.call(request, as: ListOffsetsResponse.self).topics[0].partitions[0].offset]
    }
}
