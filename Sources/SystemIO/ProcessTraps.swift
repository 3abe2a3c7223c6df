import CSystem

/// A last word of a process that one of its own broken invariants ends: what the dying thread was at.
package enum ProcessTraps {
    /// Once, early.
    package static func announce() throws(SystemError) {
        if holdfast_announce_traps() < 0 { throw SystemError("watching for traps", errno: 22) }
    }

    /// What the calling thread is at from now on.
    package static func note(_ text: String) { holdfast_trap_note(text) }
}
