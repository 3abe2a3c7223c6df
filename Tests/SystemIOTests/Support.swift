import Bytes
import CSystem
import Glibc
import Ports
import Testing

@testable import SystemIO

/// Turns the loop until `condition` holds; false when that has not come about within the limit.
func turn(_ loop: EventLoop, seconds: UInt64 = 20, until condition: () -> Bool) -> Bool {
    let limit = holdfast_monotonic_nanoseconds() + seconds * 1_000_000_000
    while !condition() {
        if holdfast_monotonic_nanoseconds() > limit { return false }
        loop.turn(maximumWait: 2_000_000)
    }
    return true
}

/// A directory that goes with this object.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/holdfast-systemio-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("mkdtemp: errno \(errno)") }
        path = String(cString: made)
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            let child = path + "/" + name
            if entry.pointee.d_type == UInt8(DT_DIR) { removeTree(child) } else { unlink(child) }
        }
        closedir(stream)
        rmdir(path)
    }
}

struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// `body` behind its four-byte length.
func framed(_ body: [UInt8]) -> [UInt8] { withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body }

/// Keeps what it is told.
final class Recorder: ConnectionHandler {
    var frames: [[UInt8]] = []
    var bytes: [UInt8] = []
    var keepsFrames = true
    var drained = 0
    var closed: CloseReason?
    var closeCalls = 0
    var connection: Connection?
    var onFrame: ((Connection, ByteSlice) -> Void)?

    func connection(_ connection: Connection, received slice: ByteSlice) {
        if keepsFrames { frames.append(slice.array) } else { slice.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        onFrame?(connection, slice)
    }

    func connectionClosed(_ connection: Connection, reason: CloseReason) {
        closed = reason
        closeCalls += 1
    }

    func connectionDrained(_ connection: Connection) { drained += 1 }
}

/// A listener on loopback with a recorder per connection.
final class TestServer {
    let loop: EventLoop
    private(set) var recorders: [Recorder] = []
    private(set) var listener: Listener?

    init(
        loop: EventLoop, _ connection: ConnectionSettings, files: SystemDiskQueue? = nil, maximumConnections: Int = 100,
        onFrame: ((Connection, ByteSlice) -> Void)? = nil
    ) throws {
        self.loop = loop
        let settings = ListenerSettings(
            host: "127.0.0.1", port: 0, maximumConnections: maximumConnections, connection: connection)
        listener = try Listener(loop: loop, settings: settings, files: files) { [weak self] connection in
            let recorder = Recorder()
            recorder.connection = connection
            recorder.onFrame = onFrame
            self?.recorders.append(recorder)
            return recorder
        }
    }

    var port: UInt16 { listener?.port ?? 0 }

    func close() {
        listener?.close()
        listener?.closeConnections("end of the test")
        for recorder in recorders { recorder.connection = nil }
        _ = turn(loop) { listener?.connectionCount == 0 }
    }
}

/// A plain non-blocking client socket, so that a test decides when and how much it reads.
final class RawClient {
    private(set) var descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var isAtEnd = false

    init(port: UInt16, receiveBuffer: Int32 = 0) throws {
        var address = try SocketAddress(host: "127.0.0.1", port: port).raw
        descriptor = holdfast_connect_start(&address)
        try #require(descriptor >= 0)
        if receiveBuffer > 0 { #expect(holdfast_set_buffers(descriptor, 0, receiveBuffer) == 0) }
        _ = holdfast_set_nodelay(descriptor)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { holdfast_close(descriptor) }
        descriptor = -1
    }

    /// Sends as much as the kernel takes; the count.
    func send(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { raw in
            var piece = holdfast_piece(base: raw.baseAddress, length: raw.count)
            return max(0, Int(holdfast_send(descriptor, &piece, 1, 0)))
        }
    }

    /// Sends all, turning the loop while the kernel takes no more.
    func send(_ bytes: [UInt8], _ loop: EventLoop) {
        var rest = bytes[...]
        let ok = turn(loop) {
            rest = rest.dropFirst(send(rest))
            return rest.isEmpty
        }
        #expect(ok)
    }

    /// Takes what has arrived, up to `limit` bytes.
    func poll(limit: Int = 1 << 20) {
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { scratch in
            var rest = limit
            while rest > 0 {
                let count = holdfast_receive(descriptor, scratch.baseAddress, min(scratch.count, rest))
                if count == 0 || (count < 0 && count != -Int(EAGAIN)) { isAtEnd = true }
                guard count > 0 else { return }
                received.append(contentsOf: scratch[..<count])
                rest -= count
            }
        }
    }
}
