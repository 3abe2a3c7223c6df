import CSystem
import Synchronization

/// Ends the sleep of one event loop from any thread. A burst of wakes costs at most one system call, and none at all
/// while the loop is awake.
///
/// `pending` and `sleeping` form a store-then-load pair on both sides (Dekker), so every access is sequentially
/// consistent: either the poster sees that the loop sleeps, or the loop sees that something is pending.
final class Waker: Sendable {
    let descriptor: Int32
    private let pending = Atomic<Bool>(false)
    private let sleeping = Atomic<Bool>(false)

    init() throws(SystemError) {
        descriptor = holdfast_eventfd()
        if descriptor < 0 { throw SystemError("creating an eventfd", errno: -descriptor) }
    }

    deinit { holdfast_close(descriptor) }

    func wake() {
        if pending.exchange(true, ordering: .sequentiallyConsistent) { return }
        guard sleeping.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let result = holdfast_eventfd_add(descriptor)
        // The counter is never read (the loop watches edges), so after 2^64 - 2 wakes it would be full.
        precondition(result == 0, "eventfd: errno \(-result)")
    }

    /// Announces the sleep. False: something is pending already, do not sleep.
    func prepareToSleep() -> Bool {
        sleeping.store(true, ordering: .sequentiallyConsistent)
        guard pending.load(ordering: .sequentiallyConsistent) else { return true }
        sleeping.store(false, ordering: .sequentiallyConsistent)
        return false
    }

    /// True when something was posted since the last call.
    func awake() -> Bool {
        sleeping.store(false, ordering: .sequentiallyConsistent)
        return pending.exchange(false, ordering: .sequentiallyConsistent)
    }
}
