import CSystem

/// Lets one waiting thread pass each time it was opened (a futex). Opening it costs one atomic exchange while nobody
/// sleeps behind it.
final class Gate: @unchecked Sendable {
    // Unchecked: the pointer never changes, and what it points to is touched by atomic operations only.
    private let raw: OpaquePointer

    init() {
        guard let raw = holdfast_gate_create() else { preconditionFailure("no memory for a gate") }
        self.raw = raw
    }

    deinit { holdfast_gate_destroy(raw) }

    func open() { holdfast_gate_open(raw) }
    /// Waits until the gate is opened, and closes it behind the caller. One thread at a time.
    func pass() { holdfast_gate_pass(raw) }
}
