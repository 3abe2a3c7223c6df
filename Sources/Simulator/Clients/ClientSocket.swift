import Bytes
import KafkaGateway
import Node

/// A client's connection to the process on a machine: both ends of it.
final class ClientSocket: KafkaConnection {
    let number: Int
    let machine: Int
    let incarnation: Int
    unowned let client: KafkaClient
    private unowned let simulation: Simulation

    // The broker's end.
    private(set) var session: KafkaSession?
    private var backlog: [ByteSlice] = []
    private var isReading = true
    private(set) var isRefused = false

    /// Something that was sent over it is lost.
    var isSevered = false

    // The client's end.
    private var assembler = FrameAssembler(maximumFrame: 16 << 20, bufferSize: 2048)
    private var calls: [PendingCall] = []
    private(set) var isClosed = false
    var lastRequestArrival: UInt64 = 0
    var lastResponseArrival: UInt64 = 0

    struct PendingCall {
        let correlation: Int32
        /// Gets the response frame without its length, or nil if none will come.
        let answer: (ByteSlice?) -> Void
    }

    init(number: Int, machine: Machine, client: KafkaClient, simulation: Simulation) {
        self.number = number
        self.machine = machine.number
        incarnation = machine.incarnation
        self.client = client
        self.simulation = simulation
    }

    var queuedBytes: Int { 0 }
    var clientHost: String { "client" }

    // MARK: The broker's end

    func send(_ pieces: [StoredBytes]) {
        var writer = ByteWriter()
        for piece in pieces {
            switch piece {
            case .memory(let slice): writer.bytes(slice)
            case .file(let file, let offset, let length):
                do {
                    writer.bytes(try simulation.machines[machine].disk.read(file, offset: offset, count: length))
                } catch {
                    return close(reason: "\(error)")
                }
            }
        }
        simulation.carryResponse(writer.finish(), over: self)
    }

    func setReading(_ enabled: Bool) {
        isReading = enabled
        while isReading, let session, !backlog.isEmpty { session.receive(backlog.removeFirst()) }
    }

    func close(reason: String) {
        simulation.note("node \(machine + 1)", "closes", "connection \(number): \(reason)")
        simulation.brokerClosed(self)
    }

    func arrived(_ request: ByteSlice, at gateway: KafkaGateway) {
        let session = self.session ?? gateway.open(self)
        self.session = session
        if isReading, backlog.isEmpty { session.receive(request) } else { backlog.append(request) }
    }

    /// The broker has seen the client go, or has closed itself.
    func endSession(_ gateway: KafkaGateway?) {
        isRefused = true
        if let session { gateway?.close(session) }
        session = nil
        backlog = []
    }

    // MARK: The client's end

    func expect(_ correlation: Int32, _ answer: @escaping (ByteSlice?) -> Void) {
        calls.append(PendingCall(correlation: correlation, answer: answer))
    }

    func isWaiting(for correlation: Int32) -> Bool { calls.contains { $0.correlation == correlation } }

    func receive(_ bytes: ByteSlice) throws {
        assembler.append(bytes)
        while !isClosed, let frame = try assembler.next() {
            guard !calls.isEmpty, frame.count >= 4 else { throw ClientFault("a response nobody asked for") }
            let call = calls.removeFirst()
            guard frame.int32(at: 0) == call.correlation else {
                throw ClientFault(
                    "node \(machine + 1) answered request \(frame.int32(at: 0)) of connection \(number) "
                        + "before request \(call.correlation)")
            }
            call.answer(frame)
        }
    }

    /// No more answers will come.
    func closeClientEnd() {
        guard !isClosed else { return }
        isClosed = true
        let unanswered = calls
        calls = []
        for call in unanswered { call.answer(nil) }
    }
}

/// What a broker must never make a client see.
struct ClientFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
