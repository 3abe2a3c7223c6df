import Bytes

/// One connection of the admin server: a request at a time, further ones wait in the buffer. Loop thread only.
final class HTTPSession: ConnectionHandler {
    private let connection: Connection
    private let settings: HTTPServerSettings
    private let loop: EventLoop
    private let route: (HTTPRequest, HTTPReply) -> Void
    /// Received and not yet parsed.
    private var buffer: [UInt8] = []
    private var request: HTTPRequest?
    private var isParsing = false
    private var deadline: TimerID?

    init(
        _ connection: Connection, _ loop: EventLoop, _ settings: HTTPServerSettings,
        _ route: @escaping (HTTPRequest, HTTPReply) -> Void
    ) {
        self.connection = connection
        self.loop = loop
        self.settings = settings
        self.route = route
        awaitRequest(within: settings.requestNanoseconds)
    }

    private func awaitRequest(within nanoseconds: UInt64) {
        cancelDeadline()
        deadline = loop.schedule(afterNanoseconds: nanoseconds) { [weak self] in
            self?.deadline = nil
            self?.connection.close(.closedLocally("no request in time"))
        }
    }

    private func cancelDeadline() {
        if let deadline { loop.cancel(deadline) }
        deadline = nil
    }

    func connection(_ connection: Connection, received bytes: ByteSlice) {
        if buffer.isEmpty && request == nil { awaitRequest(within: settings.requestNanoseconds) }
        bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
        parse()
    }

    func connectionClosed(_ connection: Connection, reason: CloseReason) {
        cancelDeadline()
        request = nil
        buffer = []
    }

    func connectionDrained(_ connection: Connection) {}

    /// Serves complete requests until one is not answered at once.
    private func parse() {
        // An answer given inside the route comes back here by `answer`; the loop below goes on by itself then.
        guard !isParsing else { return }
        isParsing = true
        defer { isParsing = false }
        while connection.isOpen, request == nil, let end = headEnd() {
            let head = buffer[..<end]
            do throws(HTTPProblem) {
                var parsed = try HTTPRequest(head: head)
                let bodyStart = end + 4
                guard parsed.bodyLength <= settings.requestLimit - bodyStart else {
                    throw HTTPProblem(status: 413, reason: "request longer than \(settings.requestLimit) bytes")
                }
                let next = bodyStart + parsed.bodyLength
                if buffer.count < next { break }
                parsed.body = ByteSlice(Array(buffer[bodyStart..<next]))
                buffer.removeFirst(next)
                cancelDeadline()
                request = parsed
                connection.pauseReading()
                route(parsed, HTTPReply(self))
            } catch {
                return refuse(error)
            }
        }
        if connection.isOpen, request == nil, buffer.count > settings.requestLimit {
            refuse(HTTPProblem(status: 431, reason: "request longer than \(settings.requestLimit) bytes"))
        }
    }

    /// Where the first empty line starts, looked for within the limit only.
    private func headEnd() -> Int? {
        let limit = min(buffer.count, settings.requestLimit)
        guard limit >= 4 else { return nil }
        for start in 0...(limit - 4) where buffer[start] == 0x0d {
            if buffer[start + 1] == 0x0a && buffer[start + 2] == 0x0d && buffer[start + 3] == 0x0a { return start }
        }
        return nil
    }

    func answer(_ response: HTTPResponse) {
        guard let answered = request, connection.isOpen else { return }
        request = nil
        connection.send(response.head(keepsAlive: answered.keepsAlive))
        if answered.method != "HEAD" { connection.send(response.body) }
        guard answered.keepsAlive else {
            awaitRequest(within: settings.idleNanoseconds)
            return connection.closeAfterFlush()
        }
        awaitRequest(within: buffer.isEmpty ? settings.idleNanoseconds : settings.requestNanoseconds)
        connection.resumeReading()
        parse()
    }

    private func refuse(_ problem: HTTPProblem) {
        awaitRequest(within: settings.requestNanoseconds)
        let response = HTTPResponse.text(problem.reason + "\n", status: problem.status)
        connection.send(response.head(keepsAlive: false))
        connection.send(response.body)
        connection.closeAfterFlush()
    }
}
