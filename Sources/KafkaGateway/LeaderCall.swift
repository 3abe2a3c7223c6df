import Bytes
import KafkaWire
import Node

/// A request that only the leader can carry out, on its way there.
final class LeaderCall {
    let session: KafkaSession
    let header: KafkaRequestHeader
    /// As it came, to be passed on.
    let frame: ByteSlice
    let ticket: ResponseQueue.Ticket
    /// When the client expects an answer at the latest; monotonic nanoseconds.
    let deadline: UInt64
    /// When waiting for a leader ends; monotonic nanoseconds.
    let patience: UInt64
    /// It was passed on, and no answer came.
    private(set) var isUnanswered = false
    private let execute: (LeaderCall) -> Void
    private let refusal: (LeaderCall) -> Void

    /// `execute` runs on the leader and answers then or later; `refusal` answers with an error that makes the client
    /// try again.
    init(
        session: KafkaSession, header: KafkaRequestHeader, frame: ByteSlice, ticket: ResponseQueue.Ticket,
        deadline: UInt64, patience: UInt64, execute: @escaping (LeaderCall) -> Void,
        refusal: @escaping (LeaderCall) -> Void
    ) {
        self.session = session
        self.header = header
        self.frame = frame
        self.ticket = ticket
        self.deadline = deadline
        self.patience = patience
        self.execute = execute
        self.refusal = refusal
    }

    func run() { execute(self) }

    func refuse() { refusal(self) }

    func refuseUnanswered() {
        isUnanswered = true
        refusal(self)
    }

    /// Why nobody has carried it out, or why nobody knows whether it was.
    var reason: Refusal { isUnanswered ? .unanswered : .notController }

    func answer(_ body: some KafkaResponseBody) { session.fill(ticket, header, body) }

    /// The leader's response frame; an empty one means that it would have closed the connection.
    func answer(relayed reply: ByteSlice) {
        // Length and correlation id.
        guard reply.count >= 8 else { return session.close(reason: "the leader refused a forwarded \(header.apiKey)") }
        session.fill(ticket, [.memory(reply)])
    }
}
