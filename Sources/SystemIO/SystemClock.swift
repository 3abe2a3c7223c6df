import CSystem
import Glibc

/// The operating system's clocks for code without an event loop: tools, client libraries, tests.
package enum SystemClock {
    /// Nanoseconds from an arbitrary start, never going back.
    package static var monotonicNanoseconds: UInt64 { holdfast_monotonic_nanoseconds() }
    /// Milliseconds since 1970-01-01T00:00Z; may jump.
    package static var wallMilliseconds: Int64 { holdfast_wall_milliseconds() }

    /// Blocks the calling thread for at least that long.
    package static func sleep(nanoseconds: UInt64) {
        var wanted = timespec(
            tv_sec: Int(clamping: nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0 && errno == EINTR { wanted = rest }
    }
}
