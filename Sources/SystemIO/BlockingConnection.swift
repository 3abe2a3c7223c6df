import Bytes
import CSystem
import Glibc

/// A TCP connection for command-line tools and tests: every call blocks until it is done or its time is up. Used by one
/// thread at a time; never on an event loop.
package final class BlockingConnection {
    /// "host:port", for messages.
    package let target: String
    /// How long any one call below may take.
    package var timeoutMilliseconds: Int

    private let descriptor: Int32
    private var assembler: FrameAssembler?

    /// Resolves, connects and sets TCP_NODELAY. Name resolution itself is not bounded by the timeout.
    package init(host: String, port: UInt16, timeoutMilliseconds: Int = 10_000) throws(BlockingError) {
        target = hostAndPort(host, port)
        self.timeoutMilliseconds = timeoutMilliseconds
        var address: holdfast_address
        do throws(SystemError) {
            address = try SocketAddress(host: host, port: port).raw
        } catch {
            throw .system(error)
        }
        descriptor = holdfast_connect_start(&address)
        if descriptor < 0 { throw .system(SystemError("connecting", target, errno: -descriptor)) }
        try wait(HOLDFAST_WRITABLE, "connecting", until: deadline())
        var result = holdfast_socket_error(descriptor)
        if result == 0 { result = holdfast_set_nodelay(descriptor) }
        if result < 0 { throw .system(SystemError("connecting", target, errno: -result)) }
    }

    deinit {
        if descriptor >= 0 { holdfast_close(descriptor) }
    }

    /// Sends all of `pieces`.
    package func send(_ pieces: [ByteSlice]) throws(BlockingError) {
        let limit = deadline()
        for piece in pieces {
            var rest = piece
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { bytes in
                    var vector = holdfast_piece(base: bytes.baseAddress, length: bytes.count)
                    return holdfast_send(descriptor, &vector, 1, 0)
                }
                if sent > 0 {
                    rest = rest.dropFirst(sent)
                } else if sent == -Int(EAGAIN) {
                    try wait(HOLDFAST_WRITABLE, "sending", until: limit)
                } else {
                    throw .system(SystemError("sending", target, errno: Int32(-sent)))
                }
            }
        }
    }

    /// The next frame with a four-byte big-endian length, without that length. All frames of a connection are read with
    /// the `maximum` of the first call.
    package func receiveFrame(maximum: Int) throws(BlockingError) -> ByteSlice {
        let limit = deadline()
        var assembler = self.assembler ?? FrameAssembler(maximumFrame: maximum)
        self.assembler = nil
        defer { self.assembler = assembler }
        while true {
            do throws(FrameError) {
                if let frame = try assembler.next() { return frame }
            } catch {
                throw .badFrame(error)
            }
            let count = try receive(into: assembler.room(), until: limit)
            if count == 0 { throw .closedByPeer(target: target) }
            assembler.filled(count)
        }
    }

    /// Up to `count` bytes as they come; empty when the server has closed. Not to be mixed with `receiveFrame`.
    package func receive(upTo count: Int) throws(BlockingError) -> ByteSlice {
        let storage = ByteStorage(capacity: count)
        let received = try receive(into: storage.bytes, until: deadline())
        return ByteSlice(storage: storage, lower: 0, count: received)
    }

    private func receive(
        into room: UnsafeMutableRawBufferPointer, until limit: UInt64
    ) throws(BlockingError) -> Int {
        while true {
            let count = holdfast_receive(descriptor, room.baseAddress, room.count)
            if count >= 0 { return count }
            guard count == -Int(EAGAIN) else {
                throw .system(SystemError("receiving", target, errno: Int32(-count)))
            }
            try wait(HOLDFAST_READABLE, "receiving", until: limit)
        }
    }

    private func deadline() -> UInt64 {
        holdfast_monotonic_nanoseconds() + UInt64(max(timeoutMilliseconds, 0)) * 1_000_000
    }

    private func wait(_ events: UInt32, _ operation: String, until limit: UInt64) throws(BlockingError) {
        while true {
            let now = holdfast_monotonic_nanoseconds()
            if now >= limit {
                throw .timedOut(operation: operation, target: target, milliseconds: timeoutMilliseconds)
            }
            let milliseconds = Int32(clamping: (limit - now + 999_999) / 1_000_000)
            let result = holdfast_poll_one(descriptor, events, milliseconds)
            if result > 0 { return }
            if result < 0 { throw .system(SystemError(operation, target, errno: -result)) }
        }
    }
}
