import Bytes
import CSystem
import Glibc
import Testing

@testable import SystemIO

@Suite struct ConnectionTests {
    private func frames(_ maximum: Int = 1 << 20) -> ConnectionSettings {
        ConnectionSettings(receive: .frames(maximum: maximum))
    }

    /// An echo server: every frame goes back as it came.
    private func echo(_ loop: EventLoop, _ settings: ConnectionSettings) throws -> TestServer {
        try TestServer(loop: loop, settings) { connection, frame in
            connection.send([PeerLinks.prefix(frame.count), frame])
        }
    }

    @Test func echoesFramesSplitAtEveryByte() throws {
        let loop = try EventLoop()
        let server = try echo(loop, frames())
        defer { server.close() }
        let stream = framed([1]) + framed([2, 3, 4, 5]) + framed(Array(6..<40))
        for split in 0...stream.count {
            let client = try RawClient(port: server.port)
            #expect(turn(loop) { server.recorders.count == split + 1 })
            client.send(Array(stream[..<split]), loop)
            if split > 0 { #expect(turn(loop) { server.recorders[split].connection?.bytesReceived == UInt64(split) }) }
            client.send(Array(stream[split...]), loop)
            #expect(turn(loop) {
                client.poll()
                return client.received.count >= stream.count
            })
            #expect(client.received == stream)
        }
    }

    @Test(arguments: [Int32(-1), 0, 2_147_483_647, -2_147_483_648, 1025])
    func aBadLengthClosesThatConnectionOnly(_ length: Int32) throws {
        let loop = try EventLoop()
        let server = try echo(loop, frames(1024))
        defer { server.close() }
        let good = try RawClient(port: server.port)
        #expect(turn(loop) { server.recorders.count == 1 })
        let bad = try RawClient(port: server.port)
        #expect(turn(loop) { server.recorders.count == 2 })
        bad.send(framed([9]) + withUnsafeBytes(of: length.bigEndian) { Array($0) }, loop)
        #expect(turn(loop) { server.recorders[1].closed != nil })
        #expect(server.recorders[1].closed == .badFrame(.badLength(length, limit: 1024)))
        #expect(server.recorders[1].frames == [[9]])
        #expect(server.recorders[1].closeCalls == 1)
        good.send(framed([7, 7]), loop)
        #expect(turn(loop) {
            good.poll()
            return good.received == framed([7, 7])
        })
        #expect(server.listener?.connectionCount == 1)
    }

    @Test func aLargeFrameGoesThereAndBack() throws {
        let loop = try EventLoop()
        let server = try echo(loop, frames(32 << 20))
        defer { server.close() }
        let stream = framed(randomBytes(9 << 20, seed: 1)) + framed([1, 2, 3])
        let client = try RawClient(port: server.port)
        var rest = stream[...]
        #expect(turn(loop) {
            rest = rest.dropFirst(client.send(rest))
            client.poll()
            return client.received.count >= stream.count
        })
        #expect(client.received == stream)
    }

    @Test func manyRepliesOfATurnLeaveInOrder() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames()) { connection, frame in
            for number in 0..<2_000 { connection.send(ByteSlice(framed([UInt8(number & 255), UInt8(number >> 8)]))) }
            #expect(connection.queuedBytes == 12_000)
        }
        defer { server.close() }
        let client = try RawClient(port: server.port)
        client.send(framed([0]), loop)
        #expect(turn(loop) {
            client.poll()
            return client.received.count >= 12_000
        })
        let expected = (0..<2_000).flatMap { framed([UInt8($0 & 255), UInt8($0 >> 8)]) }
        #expect(client.received == expected)
        #expect(server.recorders[0].drained == 1)
    }

    @Test func aPausedConnectionDeliversNothingAndForgetsNothing() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames()) { connection, _ in connection.pauseReading() }
        defer { server.close() }
        let client = try RawClient(port: server.port)
        client.send((1...5).flatMap { framed([UInt8($0)]) }, loop)
        #expect(turn(loop) { server.recorders.first?.frames.count == 1 })
        for _ in 0..<5 { loop.turn(maximumWait: 1_000_000) }
        let recorder = server.recorders[0]
        #expect(recorder.frames == [[1]])
        for expected in 2...5 {
            recorder.connection?.resumeReading()
            #expect(turn(loop) { recorder.frames.count == expected })
        }
        #expect(recorder.frames == [[1], [2], [3], [4], [5]])
        // With the burst delivered, the socket is read again.
        recorder.onFrame = nil
        recorder.connection?.resumeReading()
        client.send(framed([6]), loop)
        #expect(turn(loop) { recorder.frames.count == 6 })
    }

    @Test func aResetWhilePausedEndsTheConnection() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames()) { connection, _ in connection.pauseReading() }
        defer { server.close() }
        let client = try RawClient(port: server.port)
        client.send(framed([1]), loop)
        #expect(turn(loop) { server.recorders.first?.frames.count == 1 })
        var abort = linger(l_onoff: 1, l_linger: 0)
        #expect(setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &abort, UInt32(MemoryLayout<linger>.size)) == 0)
        client.close()
        #expect(turn(loop) { server.recorders[0].closed != nil })
        #expect(server.listener?.connectionCount == 0)
    }

    @Test func aSlowReaderBlocksOnlyItself() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames()) { connection, frame in
            if frame[0] == 1 { connection.send(ByteSlice([UInt8](repeating: 5, count: 8 << 20))) }
            if frame[0] == 2 { connection.send(frame) }
        }
        defer { server.close() }
        let slow = try RawClient(port: server.port)
        slow.send(framed([1]), loop)
        #expect(turn(loop) { (server.recorders.first?.connection?.bytesSent ?? 0) > 0 })
        let queued = server.recorders[0].connection?.queuedBytes ?? 0
        #expect(queued > 0)
        let quick = try RawClient(port: server.port)
        quick.send(framed([2]), loop)
        #expect(turn(loop) {
            quick.poll()
            return quick.received == [2]
        })
        #expect(server.recorders[0].drained == 0)
        #expect(turn(loop) {
            slow.poll(limit: 100_000)
            return slow.received.count == 8 << 20
        })
        #expect(slow.received.allSatisfy { $0 == 5 })
        #expect(turn(loop) { server.recorders[0].drained == 1 })
        #expect(server.recorders[0].connection?.queuedBytes == 0)
    }

    @Test func closeAfterFlushDeliversTheLastBytesDespiteUnreadInput() throws {
        let loop = try EventLoop()
        let last = randomBytes(3 << 20, seed: 3)
        let server = try TestServer(loop: loop, frames(64)) { connection, _ in
            connection.send(ByteSlice(last))
            connection.closeAfterFlush()
            connection.send(ByteSlice([0xff]))
        }
        defer { server.close() }
        let client = try RawClient(port: server.port)
        client.send(framed([1]) + [UInt8](repeating: 1, count: 100_000), loop)
        #expect(turn(loop) {
            client.poll()
            return client.isAtEnd
        })
        #expect(client.received == last)
        client.close()
        #expect(turn(loop) { server.recorders[0].closed != nil })
    }

    @Test func rawModeHandsOutTheStream() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, ConnectionSettings(receive: .raw))
        defer { server.close() }
        let stream = randomBytes(700_000, seed: 4)
        let client = try RawClient(port: server.port)
        #expect(turn(loop) { server.recorders.count == 1 })
        server.recorders[0].keepsFrames = false
        client.send(stream, loop)
        #expect(turn(loop) { server.recorders[0].bytes.count >= stream.count })
        #expect(server.recorders[0].bytes == stream)
        client.close()
        #expect(turn(loop) { server.recorders[0].closed == .closedByPeer })
    }

    @Test func connectionsBeyondTheLimitAreClosedAtOnce() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames(), maximumConnections: 2)
        defer { server.close() }
        let first = try RawClient(port: server.port)
        let second = try RawClient(port: server.port)
        #expect(turn(loop) { server.recorders.count == 2 })
        let third = try RawClient(port: server.port)
        #expect(turn(loop) {
            third.poll()
            return third.isAtEnd
        })
        #expect(server.listener?.refusedConnections == 1)
        first.close()
        #expect(turn(loop) { server.listener?.connectionCount == 1 })
        let fourth = try RawClient(port: server.port)
        #expect(turn(loop) { server.recorders.count == 3 })
        _ = (second, fourth)
    }

    /// Takes every descriptor of the process, so it must run alone: HOLDFAST_EXHAUST=1 swift test --filter thisName.
    @Test(.enabled(if: getenv("HOLDFAST_EXHAUST") != nil))
    func aListenerOutlivesTheLackOfDescriptors() throws {
        let loop = try EventLoop()
        let server = try echo(loop, frames())
        defer { server.close() }
        var failures: [SystemError] = []
        server.listener?.onAcceptFailure = { failures.append($0) }
        let client = try RawClient(port: server.port)
        var taken: [Int32] = []
        while true {
            let descriptor = dup(2)
            if descriptor < 0 { break }
            taken.append(descriptor)
        }
        #expect(turn(loop) { !failures.isEmpty })
        #expect(failures.first?.errno == EMFILE)
        let turnsBefore = loop.turns
        loop.turn(maximumWait: 50_000_000)
        // It sleeps instead of being told again and again.
        #expect(loop.turns == turnsBefore + 1 && failures.count == 1)
        for descriptor in taken { Glibc.close(descriptor) }
        client.send(framed([5]), loop)
        #expect(turn(loop) {
            client.poll()
            return client.received == framed([5])
        })
    }

    @Test func aPortInUseIsNamedInTheError() throws {
        let loop = try EventLoop()
        let server = try TestServer(loop: loop, frames())
        defer { server.close() }
        let settings = ListenerSettings(host: "127.0.0.1", port: server.port, connection: frames())
        let error = #expect(throws: SystemError.self) {
            try Listener(loop: loop, settings: settings) { _ in nil }
        }
        #expect(error?.errno == EADDRINUSE)
        #expect(error?.description.contains("127.0.0.1:\(server.port)") == true)
        #expect(error?.description.contains("Address already in use") == true)
    }

    @Test func anUnknownHostIsNamedInTheError() throws {
        let error = #expect(throws: SystemError.self) {
            try SocketAddress(host: "no such host", port: 1, numericOnly: true)
        }
        #expect(error?.description.contains("no such host:1") == true)
    }

    @Test func nothingIsLeftAfterTheLastConnection() throws {
        weak var leftLoop: EventLoop?
        weak var leftConnection: Connection?
        try {
            let loop = try EventLoop()
            leftLoop = loop
            let server = try echo(loop, frames())
            let client = try RawClient(port: server.port)
            client.send(framed([1]), loop)
            #expect(turn(loop) { server.recorders.first?.frames.count == 1 })
            leftConnection = server.recorders[0].connection
            server.close()
        }()
        #expect(leftConnection == nil)
        #expect(leftLoop == nil)
    }
}
