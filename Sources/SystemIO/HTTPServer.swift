/// Where the admin server listens and what it puts up with.
package struct HTTPServerSettings: Sendable {
    package var host: String
    package var port: UInt16
    package var maximumConnections = 64
    /// Bytes of a request head, and of a request with its body.
    package var requestLimit = 8 * 1024
    /// A request must be complete so long after its first byte (the first request: after the connection was made).
    package var requestNanoseconds: UInt64 = 5_000_000_000
    /// A kept connection without a request is closed after so long.
    package var idleNanoseconds: UInt64 = 30_000_000_000

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// A small HTTP/1.1 server for the admin port: GET, HEAD and POST, keep-alive, one request at a time per connection.
/// Loop thread only.
package final class HTTPServer {
    private let listener: Listener

    /// `route` is called on the loop for every request and answers through the reply, at once or later.
    package init(
        loop: EventLoop, settings: HTTPServerSettings, route: @escaping (HTTPRequest, HTTPReply) -> Void
    ) throws(SystemError) {
        var connection = ConnectionSettings(receive: .raw)
        connection.receiveBuffer = 4096
        connection.readBudget = settings.requestLimit
        let listenerSettings = ListenerSettings(
            host: settings.host, port: settings.port, maximumConnections: settings.maximumConnections,
            connection: connection)
        listener = try Listener(loop: loop, settings: listenerSettings) { connection in
            HTTPSession(connection, loop, settings, route)
        }
    }

    /// A server whose every answer is ready at once.
    package convenience init(
        loop: EventLoop, settings: HTTPServerSettings, respond: @escaping (HTTPRequest) -> HTTPResponse
    ) throws(SystemError) {
        try self.init(loop: loop, settings: settings, route: { request, reply in reply.send(respond(request)) })
    }

    package var port: UInt16 { listener.port }
    package var connectionCount: Int { listener.connectionCount }

    /// Stops accepting and ends every connection.
    package func close() {
        listener.close()
        listener.closeConnections("shutting down")
    }
}
