import Broker
import Bytes
import KafkaWire
import Node

/// One client connection: requests in, broker commands and queries out, responses back in order. Sans-IO; the
/// connection that carries it is a `KafkaConnection`.
package final class KafkaSession {
    let gateway: KafkaGateway
    /// nil once the connection is gone.
    private var connection: (any KafkaConnection)?
    /// The request comes from another node that took this one for the leader.
    let isForwarded: Bool
    var responses = ResponseQueue()
    /// Entries through here are applied, as far as this session was told.
    var appliedIndex: UInt64 = 0
    /// The newest entry this session has asked to be told about.
    var awaitedIndex: UInt64 = 0
    /// The last topic produced to, so that its name is compared, not looked up, in the usual case.
    var topicCache: (name: ByteSlice, number: UInt32)?
    /// What the client may use, looked up when its id or the quotas change.
    var quotas = SessionQuotas()
    /// The connection is not read from before then, monotonic nanoseconds, because of a quota; 0 when it is.
    var mutedUntil: UInt64 = 0
    /// A Metadata response on this connection has said that there is no leader.
    var wasToldOfNoLeader = false
    private(set) var isClosed = false
    /// Told the connection to close; what it still delivers is not looked at.
    private var isClosing = false
    private var isDirty = false
    private var isPaused = false
    /// Requests that came while leadership was being handed over, or wait for what those before them change.
    private var held: [ByteSlice] = []
    /// What the first of these waits for.
    private var heldFor: StateParts = []
    private var changes = PendingChanges()

    var replica: Replica { gateway.replica }
    var clientHost: String { connection?.clientHost ?? "" }

    init(gateway: KafkaGateway, connection: any KafkaConnection, isForwarded: Bool) {
        self.gateway = gateway
        self.connection = connection
        self.isForwarded = isForwarded
    }

    /// The connection is gone.
    func end() {
        isClosed = true
        connection = nil
    }

    /// One request frame, without its length prefix.
    package func receive(_ frame: ByteSlice) {
        guard !isClosed, !isClosing else { return }
        if !held.isEmpty { return hold(frame) }
        if replica.isHandingOver && !isForwarded {
            gateway.markHeld(self)
            return hold(frame)
        }
        do {
            let request = try KafkaRequest.decode(frame: frame)
            let awaited = request.header.apiKey.reads
            if !changes.parts(responses).isDisjoint(with: awaited) {
                heldFor = awaited
                return hold(frame)
            }
            gateway.metrics.requests += 1
            beginQuotas(request.header)
            let ticket = responses.nextTicket
            handle(request, frame: frame)
            note(request.header.apiKey, ticket)
            endQuotas()
        } catch {
            gateway.metrics.requests += 1
            refuse(error)
        }
        pauseIfFull()
    }

    /// `ticket` is that of the response, unless the request has none.
    private func note(_ key: ApiKey, _ ticket: ResponseQueue.Ticket) {
        if key == .produce || key.changes.isEmpty || responses.isAnswered(ticket) { return }
        changes.add(key.changes, ticket)
    }

    private func hold(_ frame: ByteSlice) {
        held.append(frame)
        isPaused = true
        connection?.setReading(false)
    }

    /// Leadership has arrived somewhere.
    func release() {
        let frames = held
        held = []
        heldFor = []
        for frame in frames { receive(frame) }
        if isPaused { resumeIfDrained() }
    }

    private func releaseAnswered() {
        guard !heldFor.isEmpty, changes.parts(responses).isDisjoint(with: heldFor) else { return }
        release()
    }

    private func handle(_ request: KafkaRequest, frame: ByteSlice) {
        let header = request.header
        gateway.metrics.count(header.apiKey)
        if isForwarded, !Self.forwardable.contains(header.apiKey) {
            return close(reason: "\(header.apiKey) is not a request to be forwarded")
        }
        switch request.body {
        case .produce(let body): produce(header, body, frame: frame)
        case .fetch(let body): fetch(header, body)
        case .listOffsets(let body): listOffsets(header, body)
        case .metadata(let body): metadata(header, body, frame: frame)
        case .findCoordinator(let body): findCoordinator(header, body)
        case .apiVersions: respond(header, ApiVersionsResponse.served)
        case .createTopics(let body): createTopics(header, body, frame: frame)
        case .deleteTopics(let body): deleteTopics(header, body, frame: frame)
        case .deleteRecords(let body): deleteRecords(header, body)
        case .initProducerId(let body): initProducerId(header, body, frame: frame)
        case .offsetForLeaderEpoch(let body): offsetForLeaderEpoch(header, body)
        case .describeConfigs(let body): describeConfigs(header, body)
        case .alterConfigs(let body): alterConfigs(header, body, frame: frame)
        case .describeLogDirs(let body): describeLogDirs(header, body)
        case .createPartitions(let body): createPartitions(header, body, frame: frame)
        case .describeCluster(let body): describeCluster(header, body)
        case .describeTopicPartitions(let body): describeTopicPartitions(header, body)
        case .alterReplicaLogDirs(let body): alterReplicaLogDirs(header, body)
        case .alterPartitionReassignments(let body): alterPartitionReassignments(header, body)
        case .listPartitionReassignments(let body): listPartitionReassignments(header, body)
        case .describeQuorum(let body): describeQuorum(header, body, frame: frame)
        case .listConfigResources(let body): listConfigResources(header, body)
        case .joinGroup(let body): joinGroup(header, body)
        case .syncGroup(let body): syncGroup(header, body)
        case .heartbeat(let body): heartbeat(header, body)
        case .leaveGroup(let body): leaveGroup(header, body)
        case .offsetCommit(let body): offsetCommit(header, body)
        case .offsetFetch(let body): offsetFetch(header, body)
        case .electLeaders(let body): electLeaders(header, body, frame: frame)
        case .incrementalAlterConfigs(let body): incrementalAlterConfigs(header, body, frame: frame)
        case .offsetDelete(let body): offsetDelete(header, body)
        case .describeClientQuotas(let body): describeClientQuotas(header, body)
        case .alterClientQuotas(let body): alterClientQuotas(header, body, frame: frame)
        case .listGroups(let body): listGroups(header, body)
        case .describeGroups(let body): describeGroups(header, body)
        case .deleteGroups(let body): deleteGroups(header, body)
        case .addPartitionsToTxn(let body): addPartitionsToTxn(header, body)
        case .addOffsetsToTxn(let body): addOffsetsToTxn(header, body)
        case .endTxn(let body): endTxn(header, body)
        case .txnOffsetCommit(let body): txnOffsetCommit(header, body)
        case .describeProducers(let body): describeProducers(header, body)
        case .describeTransactions(let body): describeTransactions(header, body)
        case .listTransactions(let body): listTransactions(header, body)
        case .consumerGroupHeartbeat(let body): consumerGroupHeartbeat(header, body)
        case .consumerGroupDescribe(let body): consumerGroupDescribe(header, body)
        }
    }

    /// What another node may pass on to this one: only what the leader must carry out.
    private static let forwardable: Set<ApiKey> = [
        .metadata, .createTopics, .deleteTopics, .initProducerId, .createPartitions, .alterConfigs,
        .incrementalAlterConfigs, .electLeaders, .alterClientQuotas, .describeQuorum,
    ]

    /// A request that cannot be decoded: ApiVersions is answered in version 0 with error 35 (KIP-511); for anything
    /// else the response's layout is unknown, and Kafka, too, closes the connection.
    private func refuse(_ error: KafkaRequestError) {
        gateway.metrics.malformedRequests += 1
        if case .unsupportedVersion(let header) = error, header.apiKey == .apiVersions {
            var writer = ByteWriter()
            ApiVersionsResponse.unsupportedVersion.encodeFrame(
                into: &writer, version: 0, correlationId: header.correlationId)
            return respond(writer.finish())
        }
        close(reason: error.description)
    }

    func close(reason: String) {
        guard !isClosed, !isClosing else { return }
        // Not `flush`: it may go on reading, and nothing more is to be read.
        sendReady()
        isClosing = true
        connection?.close(reason: reason)
    }

    /// Puts a finished response behind those still pending.
    func respond(_ frame: ByteSlice) {
        _ = responses.add(.ready([.memory(frame)]))
        markDirty()
    }

    func respond(_ header: KafkaRequestHeader, _ body: some KafkaResponseBody) {
        respond(Self.encode(header, body))
    }

    /// Holds a place for a response that comes later, by `fill`. `bytes` are kept in memory until then.
    func reserve(holding bytes: Int) -> ResponseQueue.Ticket { responses.add(.waiting(holding: bytes)) }

    func fill(_ ticket: ResponseQueue.Ticket, _ pieces: [StoredBytes]) {
        guard !isClosed else { return }
        responses.fill(ticket, pieces)
        markDirty()
    }

    func fill(_ ticket: ResponseQueue.Ticket, _ header: KafkaRequestHeader, _ body: some KafkaResponseBody) {
        fill(ticket, [.memory(Self.encode(header, body))])
    }

    static func encode(_ header: KafkaRequestHeader, _ body: some KafkaResponseBody) -> ByteSlice {
        var writer = ByteWriter()
        body.encodeFrame(into: &writer, version: header.apiVersion, correlationId: header.correlationId)
        return writer.finish()
    }

    func markDirty() {
        guard !isDirty, !isClosed, !isClosing else { return }
        isDirty = true
        gateway.markDirty(self)
    }

    func flush() {
        isDirty = false
        guard !isClosed, !isClosing else { return }
        sendReady()
        releaseAnswered()
        if isPaused { resumeIfDrained() }
    }

    func sendReady() {
        var output = PieceCollector()
        responses.takeSendable(into: &output, isOpen)
        if !output.isEmpty { connection?.send(output.finish()) }
    }

    /// To be called when the connection has sent everything.
    package func drained() {
        if isPaused { resumeIfDrained() }
    }

    private var isFull: Bool {
        mutedUntil > 0 || responses.count > gateway.settings.maximumPendingResponses
            || responses.heldBytes > gateway.settings.maximumQueuedBytes
            || connection.map { $0.queuedBytes > gateway.settings.maximumQueuedBytes } ?? false
    }

    func pauseIfFull() {
        guard !isPaused, !isClosed else { return }
        if replica.isCongested {
            gateway.markCongested(self)
        } else if !isFull {
            return
        }
        isPaused = true
        connection?.setReading(false)
    }

    private func resumeIfDrained() {
        if isFull || !held.isEmpty { return }
        // Nothing of this session's own may come to its end any more: only the gateway sees when this does.
        if replica.isCongested { return gateway.markCongested(self) }
        resume()
    }

    func resume() {
        guard isPaused, !isClosed, !isClosing else { return }
        if isFull || !held.isEmpty { return }
        isPaused = false
        connection?.setReading(true)
    }
}
