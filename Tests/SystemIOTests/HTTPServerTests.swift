import Bytes
import CSystem
import Glibc
import Synchronization
import Testing

@testable import SystemIO

@Suite struct HTTPServerTests {
    private func settings(_ change: (inout HTTPServerSettings) -> Void = { _ in }) -> HTTPServerSettings {
        var settings = HTTPServerSettings(host: "127.0.0.1", port: 0)
        change(&settings)
        return settings
    }

    /// Answers with what it was asked.
    private func describe(_ request: HTTPRequest) -> HTTPResponse {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
        return .text("\(request.method) \(request.path) [\(query)]")
    }

    /// Sends `text` and returns everything up to the end of the connection.
    private func exchange(
        _ text: String, _ change: (inout HTTPServerSettings) -> Void = { _ in }
    ) throws -> String {
        let loop = try EventLoop()
        let server = try HTTPServer(loop: loop, settings: settings(change), respond: describe)
        let client = try RawClient(port: server.port)
        client.send(Array(text.utf8), loop)
        #expect(turn(loop) {
            client.poll()
            return client.isAtEnd
        })
        server.close()
        loop.turn(maximumWait: 0)
        return String(decoding: client.received, as: UTF8.self)
    }

    @Test func answersAGet() throws {
        let answer = try exchange("GET /topics/a%20b?x=1&y=%2B+z&flag HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(
            answer == """
                HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 33\r\n\
                Connection: close\r\n\r\nGET /topics/a b [x=1;y=+ z;flag=]
                """)
    }

    @Test func keepsTheConnectionAndServesPipelinedRequestsInOrder() throws {
        let answer = try exchange(
            "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nHEAD /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.0\r\n\r\n")
        let parts = answer.split(separator: "HTTP/1.1 200 OK")
        #expect(parts.count == 4)
        #expect(parts.first?.hasSuffix("GET /1 []") == true)
        #expect(parts.dropFirst().first?.hasSuffix("GET /2 []") == true)
        #expect(parts.dropFirst(2).first?.hasSuffix("\r\n\r\n") == true)
        #expect(parts.last?.hasSuffix("GET /4 []") == true)
    }

    @Test(arguments: [
        ("GET\r\n\r\n", 400), ("\r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400), ("G\u{1}T / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / FTP\r\n\r\n", 505), ("GET * HTTP/1.1\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\n\r\n", 400), ("GET /%zz HTTP/1.1\r\n\r\n", 400), ("GET /% HTTP/1.1\r\n\r\n", 400),
        ("GET /%ff HTTP/1.1\r\n\r\n", 400), ("GET /%00 HTTP/1.1\r\n\r\n", 400), ("GET /a?b=%1 HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: b\u{1}c\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\n\r\n", 405), ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
    ])
    func badRequestsAreAnsweredAndClosed(_ text: String, _ status: Int) throws {
        let answer = try exchange(text)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.split(separator: "HTTP/1.1 ").count == 1)
    }

    @Test func anEndlessHeadIsRefused() throws {
        let answer = try exchange("GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 20_000))
        #expect(answer.hasPrefix("HTTP/1.1 431 "))
    }

    @Test func aSlowRequestIsCutOff() throws {
        #expect(try exchange("GET / HT") { $0.requestNanoseconds = 30_000_000 } == "")
        #expect(try exchange("") { $0.requestNanoseconds = 30_000_000 } == "")
        let idle = try exchange("GET / HTTP/1.1\r\n\r\n") { $0.idleNanoseconds = 30_000_000 }
        #expect(idle.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func aRequestSplitAtEveryByteIsServed() throws {
        let loop = try EventLoop()
        let server = try HTTPServer(loop: loop, settings: settings(), respond: describe)
        let text = Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let client = try RawClient(port: server.port)
        for byte in text {
            client.send([byte], loop)
            loop.turn(maximumWait: 1_000_000)
        }
        #expect(turn(loop) {
            client.poll()
            return String(decoding: client.received, as: UTF8.self).hasSuffix("GET /a []")
        })
        server.close()
    }

    @Test func answersMayComeLaterAndForgottenOnesAreErrors() throws {
        let loop = try EventLoop()
        var waiting: [HTTPReply] = []
        let server = try HTTPServer(loop: loop, settings: settings()) { request, reply in
            if request.path == "/later" { waiting.append(reply) }
        }
        let client = try RawClient(port: server.port)
        client.send(Array("GET /later HTTP/1.1\r\n\r\nGET /forgotten HTTP/1.0\r\n\r\n".utf8), loop)
        #expect(turn(loop) { waiting.count == 1 })
        loop.turn(maximumWait: 1_000_000)
        client.poll()
        #expect(client.received.isEmpty)
        waiting[0].send(.json("{}", status: 202))
        #expect(turn(loop) {
            client.poll()
            return client.isAtEnd
        })
        let answer = String(decoding: client.received, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 202 Accepted\r\nContent-Type: application/json"))
        #expect(answer.contains("{}HTTP/1.1 500 "))
        // The client goes while its answer is awaited.
        let gone = try RawClient(port: server.port)
        gone.send(Array("GET /later HTTP/1.1\r\n\r\n".utf8), loop)
        #expect(turn(loop) { waiting.count == 2 })
        gone.close()
        waiting[1].send(.notFound)
        #expect(turn(loop) { server.connectionCount == 0 })
        server.close()
    }

    @Test func connectionsAreLimited() throws {
        let loop = try EventLoop()
        let server = try HTTPServer(loop: loop, settings: settings { $0.maximumConnections = 1 }, respond: describe)
        let first = try RawClient(port: server.port)
        #expect(turn(loop) { server.connectionCount == 1 })
        let second = try RawClient(port: server.port)
        #expect(turn(loop) {
            second.poll()
            return second.isAtEnd
        })
        _ = first
        server.close()
    }
}
