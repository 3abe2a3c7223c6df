import Glibc

/// Standard error, for people: whole lines, written at once.
enum Console {
    /// A line that cannot be written has no one left to read it; there is nothing better to do than go on.
    static func error(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(written, 0))
        }
    }
}
