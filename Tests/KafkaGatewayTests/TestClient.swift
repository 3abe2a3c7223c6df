import Bytes
import KafkaGateway
import KafkaWire
import Simulator

/// A client with one connection: encodes requests, decodes responses, checks that they come in order.
final class TestClient {
    private let cluster: TestCluster
    private let gateway: KafkaGateway
    let connection: TestConnection
    let session: KafkaSession
    private var nextCorrelation: Int32 = 100
    /// Correlation ids of the requests sent and not yet answered, with their versions.
    private var awaited: [(correlation: Int32, version: Int16)] = []

    init(_ cluster: TestCluster, _ gateway: KafkaGateway, disk: SimulatedDisk) {
        self.cluster = cluster
        self.gateway = gateway
        connection = TestConnection(disk: disk)
        session = gateway.open(connection)
        connection.session = session
    }

    func disconnect() { gateway.close(session) }

    /// Without letting anything else happen.
    func send<Request: KafkaRequestBody>(_ request: Request, version: Int16? = nil, isAnswered: Bool = true) throws {
        let version = version ?? request.newestVersion
        var writer = ByteWriter()
        request.encodeFrame(
            into: &writer, version: version, correlationId: nextCorrelation, clientId: ByteSlice(utf8: "test"))
        if isAnswered { awaited.append((nextCorrelation, version)) }
        nextCorrelation += 1
        connection.deliver(writer.finish().dropFirst(4).detached())
    }

    /// The next response, which must be to the oldest request that is not answered.
    func receive<Response: KafkaResponseBody>(_ type: Response.Type = Response.self) throws -> Response {
        guard let frame = connection.takeFrame() else {
            throw TestFailure("no \(Response.apiKey) response; close reason: \(connection.closeReason ?? "none")")
        }
        let expected = awaited.removeFirst()
        let response = try Response.decode(frame: frame, version: expected.version)
        guard response.correlationId == expected.correlation else {
            throw TestFailure("response to \(response.correlationId) instead of \(expected.correlation)")
        }
        return response.body
    }

    func call<Response: KafkaResponseBody>(
        _ request: some KafkaRequestBody, version: Int16? = nil, as type: Response.Type = Response.self
    ) throws -> Response {
        try send(request, version: version)
        cluster.settle()
        return try receive(type)
    }
}

extension TestClient {
    /// Creates a topic with the cluster's help.
    @discardableResult func create(
        _ name: String, partitions: Int32 = 1, configs: [CreateTopicsRequest.Config] = []
    ) throws -> CreateTopicsResponse.Topic {
        let request = CreateTopicsRequest(topics: [
            .init(name: name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs: configs)
        ])
        let response = try call(request, as: CreateTopicsResponse.self)
        guard response.topics.count == 1, response.topics[0].errorCode == .none else {
            throw TestFailure("creating \(name): \(response)")
        }
        return response.topics[0]
    }

    /// Produces one batch and gives the answer for its partition.
    func produce(
        _ records: ByteSlice?, to topic: String, partition: Int32 = 0, acks: Int16 = -1, version: Int16? = nil
    ) throws -> ProduceResponse.Partition {
        let response: ProduceResponse = try call(
            .one(records, to: topic, partition: partition, acks: acks), version: version)
        guard response.partitions.count == 1 else { throw TestFailure("\(response)") }
        return response.partitions[0]
    }

    func fetch(
        _ topic: String, partition: Int32 = 0, from offset: Int64, version: Int16? = nil
    ) throws -> FetchResponse.Partition {
        let isByID = (version ?? 0) >= 13
        let request = isByID
            ? FetchRequest.one(id: try topicID(topic), partition: partition, from: offset)
            : FetchRequest.one(topic, partition: partition, from: offset)
        let response: FetchResponse = try call(request, version: version)
        guard response.partitions.count == 1 else { throw TestFailure("\(response)") }
        return response.partitions[0]
    }

    func topicID(_ name: String) throws -> KafkaUUID {
        let response: MetadataResponse = try call(MetadataRequest(topics: [.init(name: name)]))
        return response.topics[0].topicId
    }

    func offset(
        of timestamp: Int64, in topic: String, partition: Int32 = 0, version: Int16? = nil
    ) throws -> ListOffsetsResponse.Partition {
        let response: ListOffsetsResponse = try call(
            .one(timestamp, in: topic, partition: partition), version: version)
        guard response.topics.count == 1, response.topics[0].partitions.count == 1 else {
            throw TestFailure("\(response)")
        }
        return response.topics[0].partitions[0]
    }
}
