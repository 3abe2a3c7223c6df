/// The right to answer one request, once. May be kept and used later, on the loop. If it is let go unused, the client
/// gets status 500; if the client has gone, the answer is dropped.
package final class HTTPReply {
    private weak var session: HTTPSession?
    private var isUsed = false

    init(_ session: HTTPSession) { self.session = session }

    deinit {
        if !isUsed { session?.answer(.text("no answer\n", status: 500)) }
    }

    package func send(_ response: HTTPResponse) {
        precondition(!isUsed, "a request was answered twice, the second time with status \(response.status)")
        isUsed = true
        session?.answer(response)
    }
}
