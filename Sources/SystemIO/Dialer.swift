import CSystem
import Glibc

/// One non-blocking connect. Loop thread only; the loop keeps it alive until it has an outcome.
final class Dialer: EventHandler {
    private let loop: EventLoop
    private let descriptor: Int32
    private let target: String
    private var deadline: TimerID?
    private var done: ((Result<Int32, SystemError>) -> Void)?

    /// Calls `done` once, later, with a connected descriptor that then belongs to the callee; not at all after `cancel`
    /// or if this throws.
    init(
        loop: EventLoop, to address: SocketAddress, within nanoseconds: UInt64,
        _ done: @escaping (Result<Int32, SystemError>) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.done = done
        target = address.description
        var raw = address.raw
        descriptor = holdfast_connect_start(&raw)
        if descriptor < 0 { throw SystemError("connecting", target, errno: -descriptor) }
        do throws(SystemError) {
            try loop.register(descriptor, .writable, self)
        } catch {
            holdfast_close(descriptor)
            throw error
        }
        deadline = loop.schedule(afterNanoseconds: nanoseconds) { [weak self] in self?.fail(ETIMEDOUT) }
    }

    func cancel() {
        guard takeDone() != nil else { return }
        holdfast_close(descriptor)
    }

    func ready(_ events: Readiness) {
        let error = holdfast_socket_error(descriptor)
        if error < 0 { return fail(-error) }
        takeDone()?(.success(descriptor))
    }

    private func fail(_ errno: Int32) {
        guard let done = takeDone() else { return }
        holdfast_close(descriptor)
        done(.failure(SystemError("connecting", target, errno: errno)))
    }

    private func takeDone() -> ((Result<Int32, SystemError>) -> Void)? {
        guard let taken = done else { return nil }
        done = nil
        loop.unregister(descriptor)
        if let deadline { loop.cancel(deadline) }
        return taken
    }
}
