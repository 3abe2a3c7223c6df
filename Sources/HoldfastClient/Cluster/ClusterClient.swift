import Bytes
import KafkaWire

/// Knows the brokers and the leaders, and asks single questions, again where that can help. Blocking; one thread.
final class ClusterClient {
    /// Whom to ask.
    enum Target {
        case any
        case controller
        case leader(topic: String, partition: Int32)
    }

    let network: any ClientNetwork
    let settings: ClientSettings
    var metadata = ClusterMetadata()
    private let bootstrap: [BrokerAddress]
    private var connections: [BrokerAddress: BrokerConnection] = [:]
    /// Position among the known addresses of the one that answers questions to `any`.
    private var preferred: Int

    init(
        bootstrap: [BrokerAddress], settings: ClientSettings, network: any ClientNetwork
    ) throws(HoldfastError) {
        guard !bootstrap.isEmpty else { throw .invalidArgument("no bootstrap address is given") }
        self.bootstrap = bootstrap
        self.settings = settings
        self.network = network
        preferred = Int(network.random() % UInt64(bootstrap.count))
    }

    /// The moment after which an operation that starts now has failed.
    var operationDeadline: UInt64 {
        network.monotonicNanoseconds &+ UInt64(max(settings.operationTimeoutMilliseconds, 0)) * 1_000_000
    }

    // MARK: Metadata

    /// Asks for the leaders of `topics` (nil: all). With `rotating`, asks another broker than last time: the last one
    /// may be cut off from the others. The controller (`.controller`) knows of every topic that was ever reported
    /// created or deleted; another broker may learn of it a moment later.
    func refresh(
        topics: [String]?, createsTopics: Bool = false, rotating: Bool = false, from target: Target = .any
    ) throws(ExchangeFailure) {
        if rotating { preferred &+= 1 }
        if case .controller = target, rotating || metadata.controller == nil { try refresh(topics: []) }
        let request = MetadataRequest(
            topics: topics.map { $0.map { MetadataRequest.Topic(name: $0) } }, allowAutoTopicCreation: createsTopics)
        let answer = try ask(request, MetadataResponse.self, target)
        if answer.errorCode.isError { throw .retriable("metadata: \(answer.errorCode)") }
        metadata.update(answer)
        for topic in answer.topics where topic.errorCode.isError {
            if topic.errorCode == .unknownTopicOrPartition { throw .unknownTopic(topic.name ?? "?") }
            throw Self.failure(topic.errorCode, "topic '\(topic.name ?? "?")'")
        }
    }

    /// Attempts after which a topic that no broker knows is taken not to exist, rather than to be too new.
    static let unknownTopicAttempts = 8

    /// Asks for one topic. After `patience` attempts the answer that it is unknown is believed.
    func refreshKnown(
        _ topic: String, createsTopics: Bool = false, attempt: Int, patience: Int, from target: Target = .any
    ) throws(ExchangeFailure) {
        do {
            try refresh(topics: [topic], createsTopics: createsTopics, rotating: attempt > 0, from: target)
        } catch {
            guard case .unknownTopic(let name) = error, attempt + 1 >= patience else { throw error }
            let code = KafkaErrorCode.unknownTopicOrPartition
            throw .failed(.refused(code: code.rawValue, name: code.name, detail: "there is no topic '\(name)'"))
        }
    }

    /// Topic `name` as soon as it is known; `createsTopics` lets the broker create it if it is so configured.
    func topic(_ name: String, createsTopics: Bool) throws(HoldfastError) -> ClusterMetadata.Topic {
        if let known = metadata.topics[name] { return known }
        return try retrying("looking up topic '\(name)'") { attempt throws(ExchangeFailure) in
            try self.refreshKnown(
                name, createsTopics: createsTopics, attempt: attempt, patience: Self.unknownTopicAttempts)
            guard let known = self.metadata.topics[name] else {
                throw .retriable("the brokers do not know topic '\(name)'")
            }
            return known
        }
    }

    /// What a code means for whoever asked.
    static func failure(_ code: KafkaErrorCode, _ what: String, _ message: String? = nil) -> ExchangeFailure {
        let detail = message.map { "\(what): \($0)" } ?? what
        if code == .unknownTopicOrPartition || code.isRetriable { return .retriable("\(detail): \(code)") }
        return .failed(.refused(code: code.rawValue, name: code.name, detail: detail))
    }

    // MARK: Questions

    /// Asks once.
    func ask<Request: KafkaRequestBody, Response: KafkaResponseBody>(
        _ request: Request, _ type: Response.Type, _ target: Target
    ) throws(ExchangeFailure) -> Response {
        let connection = try connection(for: target)
        do {
            return try connection.exchange(
                request, type, timeoutMilliseconds: settings.requestTimeoutMilliseconds)
        } catch {
            // Whatever went wrong, what comes next on this connection could be a late answer.
            connections[connection.address] = nil
            throw error
        }
    }

    /// Repeats `attempt` (given how often it was made before) until it succeeds, fails for good, or time is up.
    func retrying<Result>(
        _ operation: String, _ attempt: (Int) throws(ExchangeFailure) -> Result
    ) throws(HoldfastError) -> Result {
        let deadline = operationDeadline
        var attempts = 0
        while true {
            var reason: String
            do throws(ExchangeFailure) {
                return try attempt(attempts)
            } catch {
                switch error {
                case .failed(let failure): throw failure
                case .lost(let lost): reason = lost.reason
                case .retriable(let why): reason = why
                case .unknownTopic(let name): reason = "no broker knows topic '\(name)'"
                }
            }
            let pause = backoff(after: attempts)
            if network.monotonicNanoseconds &+ pause >= deadline {
                throw .timedOut(operation: operation, reason: reason)
            }
            network.pause(nanoseconds: pause)
            attempts += 1
        }
    }

    /// Nanoseconds to wait after that many failures, with up to a quarter of chance so that clients that failed
    /// together do not come back together.
    func backoff(after attempts: Int) -> UInt64 {
        let limit = UInt64(max(settings.maximumBackoffMilliseconds, 1))
        let first = UInt64(max(settings.backoffMilliseconds, 1))
        let pause = min(first << UInt64(min(max(attempts, 0), 16)), limit) * 1_000_000
        return pause + network.random() % (pause / 4 + 1)
    }

    // MARK: Connections

    /// A new connection to a broker, for a producer or consumer to keep.
    func connect(to node: Int32) throws(ExchangeFailure) -> BrokerConnection {
        guard let address = metadata.brokers[node] else { throw .retriable("no address is known for broker \(node)") }
        return try BrokerConnection(network, address, settings)
    }

    private func connection(for target: Target) throws(ExchangeFailure) -> BrokerConnection {
        switch target {
        case .any: return try anyConnection()
        case .controller:
            guard let controller = metadata.controller, let address = metadata.brokers[controller] else {
                throw .retriable("no controller is known")
            }
            return try connection(to: address)
        case .leader(let topic, let partition):
            guard let leader = metadata.leader(of: topic, partition), let address = metadata.brokers[leader] else {
                throw .retriable("no leader is known for \(topic)-\(partition)")
            }
            return try connection(to: address)
        }
    }

    private func connection(to address: BrokerAddress) throws(ExchangeFailure) -> BrokerConnection {
        if let open = connections[address] { return open }
        let made = try BrokerConnection(network, address, settings)
        connections[address] = made
        return made
    }

    /// To the preferred broker, or the next one that can be reached.
    private func anyConnection() throws(ExchangeFailure) -> BrokerConnection {
        let known = metadata.brokers.keys.sorted().compactMap { metadata.brokers[$0] }
        let candidates = known + bootstrap.filter { !known.contains($0) }
        var last = ExchangeFailure.retriable("no broker is known")
        for step in 0..<candidates.count {
            let position = (preferred &+ step) % candidates.count
            do throws(ExchangeFailure) {
                let connection = try connection(to: candidates[position])
                preferred = position
                return connection
            } catch {
                last = error
            }
        }
        throw last
    }
}
