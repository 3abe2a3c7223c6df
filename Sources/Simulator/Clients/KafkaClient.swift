import Bytes
import KafkaWire

/// What every client of a simulation does: keeps connections, finds the leader, gives up on requests that take too
/// long. It speaks the protocol as a real client does and knows nothing of the nodes.
class KafkaClient {
    let name: String
    private(set) unowned var simulation: Simulation
    var random: SimulationRandom
    /// The machine that leads, as the last metadata said.
    private(set) var leader: Int?
    private var sockets: [ClientSocket?]
    private var nextCorrelation: Int32 = 1
    private var isAskingForLeader = false
    private var leaderWaiters: [() -> Void] = []
    /// Longest time an answer may take; microseconds.
    let timeout: UInt64

    init(name: String, simulation: Simulation, random: SimulationRandom) {
        self.name = name
        self.simulation = simulation
        self.random = random
        sockets = Array(repeating: nil, count: simulation.machines.count)
        var random = random
        timeout = random.between(300_000...1_500_000)
    }

    /// Sends `request` to a machine; `then` gets the response, or nil if none will come: then it may or may not have
    /// been carried out.
    func call<Response: KafkaResponseBody>(
        _ request: some KafkaRequestBody, to machine: Int, extraTime: UInt64 = 0, as type: Response.Type,
        then: @escaping (Response?) -> Void
    ) {
        let version = request.newestVersion
        let socket = openSocket(to: machine)
        let correlation = nextCorrelation
        socket.expect(correlation) { [unowned self] frame in
            guard let frame else { return then(nil) }
            do {
                then(try Response.decode(frame: frame, version: version).body)
            } catch {
                self.simulation.fail("client \(self.name) cannot read a \(Response.apiKey) response: \(error)")
            }
        }
        transmit(request, version: version, over: socket)
        simulation.after(timeout + extraTime) { [unowned self] in
            if !socket.isClosed, socket.isWaiting(for: correlation) { self.simulation.clientCloses(socket) }
        }
    }

    /// Sends a request that is not answered.
    func tell(_ request: some KafkaRequestBody, to machine: Int, version: Int16) {
        transmit(request, version: version, over: openSocket(to: machine))
    }

    private func transmit<Request: KafkaRequestBody>(_ request: Request, version: Int16, over socket: ClientSocket) {
        var writer = ByteWriter()
        simulation.note(
            name, "sends",
            "\(Request.apiKey) \(nextCorrelation) to node \(socket.machine + 1), connection \(socket.number)")
        request.encodeFrame(into: &writer, version: version, correlationId: nextCorrelation, clientId: .empty)
        nextCorrelation += 1
        simulation.carryRequest(writer.finish().dropFirst(4), over: socket)
    }

    private func openSocket(to machine: Int) -> ClientSocket {
        if let socket = sockets[machine], !socket.isClosed { return socket }
        let socket = simulation.open(self, to: machine)
        sockets[machine] = socket
        return socket
    }

    func closeAll() {
        for machine in sockets.indices {
            if let socket = sockets[machine] { simulation.clientCloses(socket) }
            sockets[machine] = nil
        }
    }

    // MARK: Finding the leader

    func forgetLeader() { leader = nil }

    /// Calls back when there is a leader to talk to, after asking one node after another.
    func findLeader(_ then: @escaping () -> Void) {
        if leader != nil { return then() }
        leaderWaiters.append(then)
        askForLeader()
    }

    /// Asks the leader, again and again until the answer is one that lasts, as long as `isWanted`.
    func askLeader<Response: KafkaResponseBody>(
        _ request: some KafkaRequestBody, as type: Response.Type, while isWanted: @escaping () -> Bool = { true },
        code: @escaping (Response) -> KafkaErrorCode, then: @escaping (Response, KafkaErrorCode) -> Void
    ) {
        guard isWanted() else { return }
        let again = { [unowned self] in
            self.simulation.after(self.random.between(10_000...80_000)) { [unowned self] in
                self.askLeader(request, as: type, while: isWanted, code: code, then: then)
            }
        }
        findLeader { [unowned self] in
            guard let leader = self.leader else { return again() }
            self.call(request, to: leader, as: type) { [unowned self] response in
                let answer = response.map(code) ?? .networkException
                if let response, !answer.isRetriable { return then(response, answer) }
                if answer != .concurrentTransactions { self.forgetLeader() }
                again()
            }
        }
    }

    /// Has a topic of its own created, by any machine, again and again until it is there.
    func createTopic(
        _ name: String, partitions: Int, configs: [(name: String, value: String)] = [], then: @escaping () -> Void
    ) {
        let topic = CreateTopicsRequest.Topic(
            name: name, numPartitions: Int32(partitions), replicationFactor: -1, assignments: [],
            configs: configs.map { .init(name: $0.name, value: $0.value) })
        call(
            CreateTopicsRequest(topics: [topic], timeoutMs: Int32(timeout / 1000)),
            to: random.below(sockets.count), extraTime: 1_000_000, as: CreateTopicsResponse.self
        ) { [unowned self] response in
            switch response?.topics.first?.errorCode {
            case .some(.none), .some(.topicAlreadyExists): then()
            case let code? where !code.isRetriable: self.simulation.fail("no topic \(name): \(code.name)")
            default:
                self.simulation.after(self.random.between(20_000...100_000)) { [unowned self] in
                    self.createTopic(name, partitions: partitions, configs: configs, then: then)
                }
            }
        }
    }

    private func askForLeader() {
        guard !isAskingForLeader else { return }
        isAskingForLeader = true
        let machine = random.below(sockets.count)
        call(MetadataRequest(topics: []), to: machine, as: MetadataResponse.self) { [unowned self] response in
            self.isAskingForLeader = false
            guard let response, response.controllerId > 0, Int(response.controllerId) <= self.sockets.count else {
                return self.simulation.after(self.random.between(20_000...100_000)) { [unowned self] in
                    self.askForLeader()
                }
            }
            self.leader = Int(response.controllerId) - 1
            let waiters = self.leaderWaiters
            self.leaderWaiters = []
            for waiter in waiters { waiter() }
        }
    }
}
