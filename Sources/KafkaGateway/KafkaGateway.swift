import Broker
import Bytes
import KafkaWire
import Node
import Ports

/// The Kafka front door of a node: what its sessions share. Owned by the event loop.
package final class KafkaGateway {
    package let node: Node
    package let settings: KafkaSettings
    var replica: Replica { node.replica }
    var broker: Broker { node.replica.broker }

    private var sessions: [ObjectIdentifier: KafkaSession] = [:]
    /// Sessions with something to send at the end of the turn.
    private var dirty: [KafkaSession] = []
    private var congested: [KafkaSession] = []
    private var fetches: [FetchWait] = []

    package internal(set) var metrics = KafkaMetrics()

    package init(node: Node, settings: KafkaSettings) {
        self.node = node
        self.settings = settings
        node.onForwardedRequest = { [unowned self] request, answer in self.answerForwarded(request, answer) }
    }

    package func open(_ connection: any KafkaConnection) -> KafkaSession {
        let session = KafkaSession(gateway: self, connection: connection)
        sessions[ObjectIdentifier(session)] = session
        return session
    }

    package func close(_ session: KafkaSession) {
        session.isClosed = true
        sessions.removeValue(forKey: ObjectIdentifier(session))
        fetches.removeAll { $0.session === session }
    }

    package var sessionCount: Int { sessions.count }

    /// To be called when entries were applied: waiting consumers may find data, and congestion may be over.
    package func onApplied() {
        completeFetches { $0.isSatisfied(by: self) }
        if !congested.isEmpty, !replica.isCongested {
            let resumed = congested
            congested = []
            for session in resumed { session.resume() }
        }
    }

    /// To be called when the role or the leader changed: waiting consumers are told to look for the new leader.
    package func onRoleChange() {
        completeFetches { _ in true }
    }

    /// To be called some ten times a second: deadlines of long polls and of produce requests.
    package func tick() {
        let now = node.clock.monotonicNanoseconds
        completeFetches { $0.deadline <= now }
        for session in sessions.values { session.expire(now: now) }
    }

    /// Sends what the turn has made ready; call after the node's own `endTurn`.
    package func endTurn() {
        while !dirty.isEmpty {
            let batch = dirty
            dirty = []
            for session in batch { session.flush() }
        }
    }

    func markDirty(_ session: KafkaSession) { dirty.append(session) }

    func markCongested(_ session: KafkaSession) { congested.append(session) }

    func add(_ fetch: FetchWait) { fetches.append(fetch) }

    private func completeFetches(_ isDue: (FetchWait) -> Bool) {
        guard !fetches.isEmpty else { return }
        let due = fetches.filter(isDue)
        if due.isEmpty { return }
        fetches.removeAll { fetch in due.contains { $0 === fetch } }
        for fetch in due { fetch.session.complete(fetch) }
    }

    private func answerForwarded(_ request: ByteSlice, _ answer: @escaping (ByteSlice) -> Void) {
        let connection = ForwardedConnection(answer)
        let session = open(connection)
        connection.onAnswered = { [unowned self, unowned session] in self.close(session) }
        session.receive(request)
    }
}

/// Numbers of the Kafka gateway.
package struct KafkaSettings: Sendable {
    package var autoCreateTopics = true
    package var defaultPartitions = 1
    /// Where clients find each node.
    package var endpoints: [NodeID: KafkaEndpoint] = [:]
    /// Responses a connection may have pending before its requests are read no further.
    package var maximumPendingResponses = 16 * 1024
    /// Bytes queued towards a client before its requests are read no further.
    package var maximumQueuedBytes = 32 << 20
    /// Largest fetch response, whatever the client allows.
    package var maximumFetchBytes = 56 << 20

    package init() {}
}

package struct KafkaEndpoint: Hashable, Sendable {
    package let host: String
    package let port: Int32

    package init(host: String, port: Int32) {
        self.host = host
        self.port = port
    }
}

package struct KafkaMetrics: Sendable {
    package var requests: UInt64 = 0
    package var malformedRequests: UInt64 = 0
    package var producedBytes: UInt64 = 0
    package var producedBatches: UInt64 = 0
    package var produceErrors: UInt64 = 0
    package var fetchedBytes: UInt64 = 0
    package var upgradedAcks: UInt64 = 0
    package var forwardedRequests: UInt64 = 0
}
