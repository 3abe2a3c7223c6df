import Bytes
import KafkaWire

/// One connection to one broker, its API versions agreed. Requests gather until `flush`; answers come in their order.
final class BrokerConnection {
    /// A request that has not been answered.
    struct Pending {
        let correlationId: Int32
        let key: ApiKey
        let version: Int16
        let sentAt: UInt64
    }

    let address: BrokerAddress
    private let network: any ClientNetwork
    private let settings: ClientSettings
    private let stream: any ClientStream
    private let clientID: ByteSlice
    /// By API number, what the broker and this client both speak.
    private var versions: [Int16: Int16] = [:]
    private var output = ByteWriter(capacity: 0)
    private var nextCorrelationId: Int32 = 0
    private var pending = Fifo<Pending>()

    /// Connects and asks for the broker's versions (KIP-511). Blocking.
    init(_ network: any ClientNetwork, _ address: BrokerAddress, _ settings: ClientSettings) throws(ExchangeFailure) {
        self.address = address
        self.network = network
        self.settings = settings
        clientID = ByteSlice(utf8: settings.clientID)
        do {
            stream = try network.connect(to: address, timeoutMilliseconds: settings.connectTimeoutMilliseconds)
        } catch {
            throw .lost(error)
        }
        // Version 0 is the one that every broker answers.
        versions[ApiKey.apiVersions.rawValue] = 0
        let answer = try exchange(
            ApiVersionsRequest(), ApiVersionsResponse.self, timeoutMilliseconds: settings.connectTimeoutMilliseconds)
        if answer.errorCode.isError {
            throw .failed(.unsupported("\(address) does not tell its versions: \(answer.errorCode)"))
        }
        for theirs in answer.apiKeys {
            guard let key = ApiKey(rawValue: theirs.apiKey), key != .apiVersions else { continue }
            let ours = SupportedApis[key]
            let best = min(ours.maximum, theirs.maxVersion)
            if best >= max(ours.minimumServed, theirs.minVersion) { versions[theirs.apiKey] = best }
        }
    }

    var inFlight: Int { pending.count }
    /// When the oldest unanswered request was sent.
    var oldestSentAt: UInt64? { pending.first?.sentAt }
    var outputBytes: Int { output.count }
    var hasOutput: Bool { output.count > 0 }

    /// Adds a request to what `flush` will send.
    func enqueue<Request: KafkaRequestBody>(
        _ request: Request, expectsAnswer: Bool = true
    ) throws(ExchangeFailure) {
        let version = min(try version(of: Request.apiKey), request.newestVersion)
        nextCorrelationId &+= 1
        request.encodeFrame(
            into: &output, version: version, correlationId: nextCorrelationId, clientId: clientID)
        guard expectsAnswer else { return }
        pending.append(Pending(
            correlationId: nextCorrelationId, key: Request.apiKey, version: version,
            sentAt: network.monotonicNanoseconds))
    }

    func flush() throws(ExchangeFailure) {
        guard output.count > 0 else { return }
        let bytes = output.finish()
        do {
            try stream.send(bytes, timeoutMilliseconds: settings.requestTimeoutMilliseconds)
        } catch {
            throw .lost(error)
        }
    }

    /// The answer to the oldest request, or nil when it has not come in time.
    func receive<Response: KafkaResponseBody>(
        _ type: Response.Type, timeoutMilliseconds: Int
    ) throws(ExchangeFailure) -> Response? {
        let frame: ByteSlice
        do {
            guard let next = try stream.receiveFrame(
                maximum: settings.maximumResponseBytes, timeoutMilliseconds: timeoutMilliseconds)
            else { return nil }
            frame = next
        } catch {
            throw .lost(error)
        }
        guard let expected = pending.popFirst() else { throw .lost(ConnectionLost("\(address) answers unasked")) }
        precondition(expected.key == Response.apiKey, "waiting for \(Response.apiKey), not \(expected.key)")
        do {
            let (correlationId, body) = try Response.decode(frame: frame, version: expected.version)
            guard correlationId == expected.correlationId else {
                throw ExchangeFailure.lost(ConnectionLost("\(address) answers out of order"))
            }
            return body
        } catch let failure as ExchangeFailure {
            throw failure
        } catch {
            throw .failed(.malformed("\(expected.key) from \(address): \(error)"))
        }
    }

    /// One question, one answer; nothing else may be in flight.
    func exchange<Request: KafkaRequestBody, Response: KafkaResponseBody>(
        _ request: Request, _ type: Response.Type, timeoutMilliseconds: Int
    ) throws(ExchangeFailure) -> Response {
        try enqueue(request)
        try flush()
        if let answer = try receive(type, timeoutMilliseconds: timeoutMilliseconds) { return answer }
        throw .lost(ConnectionLost("\(address) has not answered \(Request.apiKey) within \(timeoutMilliseconds) ms"))
    }

    private func version(of key: ApiKey) throws(ExchangeFailure) -> Int16 {
        guard let version = versions[key.rawValue] else {
            throw .failed(.unsupported("\(address) and this client have no version of \(key) in common"))
        }
        return version
    }
}

/// Why one exchange did not succeed.
enum ExchangeFailure: Error {
    /// It may or may not have been done; another attempt can succeed.
    case lost(ConnectionLost)
    /// Not done; another attempt can succeed.
    case retriable(String)
    /// No such topic, or not yet one.
    case unknownTopic(String)
    case failed(HoldfastError)
}
