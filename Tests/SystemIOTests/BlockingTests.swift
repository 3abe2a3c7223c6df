import Bytes
import CSystem
import Glibc
import Synchronization
import Testing

@testable import SystemIO

@Suite struct BlockingTests {
    /// A loop on a thread of its own, until `stop`.
    private final class BackgroundLoop: Sendable {
        private let thread: WorkerThread
        private let stopping: Mailbox<Bool>

        /// `setUp` runs on the new thread, before its loop, and returns what is to be done there at the end.
        init(_ setUp: @escaping @Sendable (EventLoop) throws -> () -> Void) throws {
            let (made, gate) = (Shared(), Gate())
            thread = try WorkerThread("test-loop") {
                do {
                    let loop = try EventLoop()
                    let mailbox = loop.makeMailbox(of: Bool.self) { _ in loop.stop() }
                    let cleanUp = try setUp(loop)
                    made.mailbox.withLock { $0 = mailbox }
                    gate.open()
                    loop.run()
                    cleanUp()
                } catch {
                    preconditionFailure("test loop: \(error)")
                }
            }
            gate.pass()
            guard let mailbox = made.mailbox.withLock({ $0 }) else { preconditionFailure("no mailbox") }
            stopping = mailbox
        }

        private final class Shared: Sendable {
            let mailbox = Mutex<Mailbox<Bool>?>(nil)
        }

        func stop() {
            stopping.post(true)
            thread.join()
        }
    }

    private final class Port: Sendable {
        let value = Mutex<UInt16>(0)
        var number: UInt16 { value.withLock { $0 } }
    }


    private func echo(_ port: Port) throws -> BackgroundLoop {
        try BackgroundLoop { loop in
            let settings = ConnectionSettings(receive: .frames(maximum: 4 << 20))
            let server = try TestServer(loop: loop, settings) { connection, frame in
                if frame.count == 1 { return }
                if frame.count == 2 { return connection.close() }
                connection.send([PeerLinks.prefix(frame.count), frame])
            }
            port.value.withLock { $0 = server.port }
            return { server.close() }
        }
    }

    @Test func exchangesFrames() throws {
        let port = Port()
        let background = try echo(port)
        let connection = try BlockingConnection(host: "localhost", port: port.number)
        for size in [3, 100, 3 << 20] {
            let body = ByteSlice(randomBytes(size, seed: UInt64(size)))
            try connection.send([PeerLinks.prefix(body.count), body])
            #expect(try connection.receiveFrame(maximum: 4 << 20) == body)
        }
        background.stop()
    }

    @Test func silenceAndHangUpsAreErrors() throws {
        let port = Port()
        let background = try echo(port)
        let connection = try BlockingConnection(host: "127.0.0.1", port: port.number, timeoutMilliseconds: 50)
        try connection.send([PeerLinks.prefix(1), ByteSlice([1])])
        let late = #expect(throws: BlockingError.self) { try connection.receiveFrame(maximum: 100) }
        #expect(late == .timedOut(operation: "receiving", target: connection.target, milliseconds: 50))
        connection.timeoutMilliseconds = 10_000
        try connection.send([PeerLinks.prefix(2), ByteSlice([1, 2])])
        let closed = #expect(throws: BlockingError.self) { try connection.receiveFrame(maximum: 100) }
        #expect(closed == .closedByPeer(target: connection.target))
        let other = try BlockingConnection(host: "127.0.0.1", port: port.number)
        try other.send([PeerLinks.prefix(200), ByteSlice([UInt8](repeating: 1, count: 200))])
        let large = #expect(throws: BlockingError.self) { try other.receiveFrame(maximum: 100) }
        #expect(large == .badFrame(.badLength(200, limit: 100)))
        background.stop()
        let refused = #expect(throws: BlockingError.self) {
            try BlockingConnection(host: "127.0.0.1", port: port.number)
        }
        #expect(refused?.description.contains("127.0.0.1:\(port.number)") == true)
        #expect(refused?.description.contains("Connection refused") == true)
    }

    @Test func getsPagesOverHTTP() throws {
        let port = Port()
        let page = String(repeating: "holdfast ", count: 50_000)
        let background = try BackgroundLoop { loop in
            let settings = HTTPServerSettings(host: "127.0.0.1", port: 0)
            let server = try HTTPServer(loop: loop, settings: settings) { (request: HTTPRequest) -> HTTPResponse in
                if request.method == "POST" { return .json(request.body.text, status: 202) }
                return request.path == "/metrics" ? .text(page) : .notFound
            }
            port.value.withLock { $0 = server.port }
            return { server.close() }
        }
        let found = try BlockingHTTP.get(host: "127.0.0.1", port: port.number, path: "/metrics")
        #expect(found.status == 200)
        #expect(found.body.text == page)
        #expect(try BlockingHTTP.get(host: "127.0.0.1", port: port.number, path: "/x").status == 404)
        let posted = try BlockingHTTP.post(host: "127.0.0.1", port: port.number, path: "/x", json: #"{"node":4}"#)
        #expect(posted.status == 202 && posted.body.text == #"{"node":4}"#)
        let long = #expect(throws: BlockingError.self) {
            try BlockingHTTP.get(host: "127.0.0.1", port: port.number, path: "/metrics", maximum: 1000)
        }
        #expect(long == .badResponse("response longer than 1000 bytes"))
        background.stop()
    }

    @Test func whatIsNotHTTPIsNamed() throws {
        let port = Port()
        let background = try BackgroundLoop { loop in
            let server = try TestServer(loop: loop, ConnectionSettings(receive: .raw)) { connection, _ in
                connection.send(ByteSlice(utf8: "+OK redis\r\n\r\n"))
                connection.closeAfterFlush()
            }
            port.value.withLock { $0 = server.port }
            return { server.close() }
        }
        let error = #expect(throws: BlockingError.self) {
            try BlockingHTTP.get(host: "127.0.0.1", port: port.number, path: "/")
        }
        #expect(error == .badResponse("127.0.0.1:\(port.number) does not speak HTTP"))
        background.stop()
    }
}
