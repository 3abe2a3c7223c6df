import Broker
import Bytes
import KafkaWire

/// One member of a classic group, between its requests.
final class ClassicMember {
    private(set) var id: String
    let instance: String?
    private(set) var clientID: String
    private(set) var clientHost: String
    private(set) var rebalanceMilliseconds: Int32
    private(set) var sessionMilliseconds: Int32
    /// What it speaks, the best first.
    private(set) var protocols: [JoinGroupRequest.GroupProtocol]
    var assignment: ByteSlice
    /// When its session runs out; monotonic nanoseconds.
    private(set) var deadline: UInt64 = 0
    /// A JoinGroup that waits for the generation to begin.
    private(set) var join: ((JoinGroupResponse) -> Void)?
    /// A SyncGroup that waits for the assignment.
    private(set) var sync: ((SyncGroupResponse) -> Void)?
    /// It has asked for the assignment of this generation.
    private(set) var hasSynced = false

    init(_ request: JoinGroupRequest, id: String, client: GroupClient, now: UInt64) {
        self.id = id
        instance = request.groupInstanceId
        clientID = client.id
        clientHost = client.host
        rebalanceMilliseconds = 0
        sessionMilliseconds = 0
        protocols = []
        assignment = .empty
        update(request, now: now)
    }

    convenience init(stored: GroupMember, protocolName: String, now: UInt64) {
        self.init(stored: stored, protocols: [.init(name: protocolName, metadata: stored.subscription)], now: now)
    }

    init(stored: GroupMember, protocols: [JoinGroupRequest.GroupProtocol], now: UInt64) {
        id = stored.id
        instance = stored.instance
        clientID = stored.clientID
        clientHost = stored.clientHost
        rebalanceMilliseconds = stored.rebalanceTimeoutMilliseconds
        sessionMilliseconds = stored.sessionTimeoutMilliseconds
        self.protocols = protocols
        assignment = stored.assignment
        hasSynced = true
        touch(now)
    }

    var rebalanceNanoseconds: UInt64 { UInt64(max(rebalanceMilliseconds, 0)) * 1_000_000 }

    /// The member was heard of.
    func touch(_ now: UInt64) { deadline = now + UInt64(max(sessionMilliseconds, 0)) * 1_000_000 }

    /// Whoever waits for the coordinator cannot be late.
    func isOverdue(_ now: UInt64) -> Bool { deadline <= now && join == nil && sync == nil }

    func update(_ request: JoinGroupRequest, now: UInt64) {
        sessionMilliseconds = request.sessionTimeoutMs
        rebalanceMilliseconds = request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
        byteCount = Self.byteCount(of: request, GroupClient(id: clientID, host: clientHost))
        // The frame must not be kept for as long as the member lives.
        protocols = request.protocols.map { .init(name: $0.name, metadata: $0.metadata.detached()) }
        touch(now)
    }

    /// A static member has come back as another process.
    func replace(id: String, client: GroupClient) {
        answerAll(.fencedInstanceId)
        self.id = id
        clientID = client.id
        clientHost = client.host
    }

    func matches(_ others: [JoinGroupRequest.GroupProtocol]) -> Bool { protocols == others }

    func metadata(of protocolName: String?) -> ByteSlice {
        protocols.first { $0.name == protocolName }?.metadata ?? .empty
    }

    func speaks(_ protocolName: String) -> Bool { protocols.contains { $0.name == protocolName } }

    /// A request that comes before an earlier one is answered takes its place: the client has given up on that.
    func awaitJoin(_ answer: @escaping (JoinGroupResponse) -> Void) {
        answerJoin(JoinGroupResponse.failed(.rebalanceInProgress, memberId: id))
        join = answer
    }

    func awaitSync(_ answer: @escaping (SyncGroupResponse) -> Void) {
        answerSync(.failed(.rebalanceInProgress))
        sync = answer
        hasSynced = true
    }

    func answerJoin(_ response: JoinGroupResponse) { takeJoin()?(response) }

    /// Who waits for the generation is answered elsewhere.
    func takeJoin() -> ((JoinGroupResponse) -> Void)? {
        defer { join = nil }
        return join
    }

    func answerSync(_ response: SyncGroupResponse) {
        let answer = sync
        sync = nil
        answer?(response)
    }

    func answerAll(_ code: KafkaErrorCode) {
        answerJoin(.failed(code, memberId: id))
        answerSync(.failed(code))
    }

    /// A new generation begins. A static member that is away gets no longer to live by it.
    func beginGeneration(now: UInt64) {
        hasSynced = false
        assignment = .empty
        if join != nil { touch(now) }
    }

    /// What it has said of itself.
    private(set) var byteCount = 0

    /// The client's id is in the member's, too, and the instance may be.
    static func byteCount(of request: JoinGroupRequest, _ client: GroupClient) -> Int {
        let names = 2 * client.id.utf8.count + 2 * (request.groupInstanceId?.utf8.count ?? 0)
        return request.protocols.reduce(names) { $0 + $1.name.utf8.count + $1.metadata.count }
    }

    func stored(subscribedBy protocolName: String?, assignment: ByteSlice) -> GroupMember {
        GroupMember(
            id: id, instance: instance, clientID: clientID, clientHost: clientHost,
            rebalanceTimeoutMilliseconds: rebalanceMilliseconds, sessionTimeoutMilliseconds: sessionMilliseconds,
            subscription: metadata(of: protocolName), assignment: assignment)
    }
}

/// Who asks.
struct GroupClient {
    let id: String
    let host: String
}

extension JoinGroupResponse {
    static func failed(_ code: KafkaErrorCode, memberId: String) -> JoinGroupResponse {
        JoinGroupResponse(errorCode: code, protocolName: nil, leader: "", memberId: memberId, members: [])
    }
}

extension SyncGroupResponse {
    static func failed(_ code: KafkaErrorCode) -> SyncGroupResponse {
        SyncGroupResponse(errorCode: code, assignment: .empty)
    }
}
