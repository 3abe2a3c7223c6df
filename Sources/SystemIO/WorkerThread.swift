import CSystem
import Synchronization

/// A named thread with every signal blocked. `join` waits for its body to return; without it the thread goes on when
/// this object has gone.
package final class WorkerThread: Sendable {
    private let handle: UInt64
    private let isJoined = Atomic<Bool>(false)

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// `name` is cut after 15 bytes by the operating system.
    package init(_ name: String, _ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run))
        var handle: UInt64 = 0
        let result = holdfast_thread_start(
            name,
            { context in
                guard let context else { return }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
            }, body.toOpaque(), &handle)
        if result < 0 {
            body.release()
            throw SystemError("starting thread", name, errno: -result)
        }
        self.handle = handle
    }

    deinit {
        if !isJoined.load(ordering: .acquiring) { holdfast_thread_detach(handle) }
    }

    /// Once, from another thread.
    package func join() {
        isJoined.store(true, ordering: .releasing)
        let result = holdfast_thread_join(handle)
        precondition(result == 0, "joining a thread: errno \(-result)")
    }
}
