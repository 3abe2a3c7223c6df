import CSystem

/// A failed call on something that is not a `Disk` file: what was tried, on what, and the `errno`.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call in words, for example "listening".
    package let operation: String
    /// A host and port, or whatever else the call was about; empty when nothing names it better than the operation.
    package let target: String
    /// `errno`, or a resolver code that only `reason` can put into words.
    package let errno: Int32

    package init(_ operation: String, _ target: String = "", errno: Int32) {
        self.operation = operation
        self.target = target
        self.errno = errno
    }

    /// The operating system's words for `errno`.
    package var reason: String { systemErrorText(errno) }

    package var description: String {
        let object = target.isEmpty ? "" : " on \(target)"
        return "\(operation)\(object) failed: \(reason) (errno \(errno))"
    }
}

/// The operating system's words for an `errno` or for a code of `holdfast_resolve`.
func systemErrorText(_ errno: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { buffer in
        guard let base = buffer.baseAddress else { return "errno \(errno)" }
        holdfast_error_text(errno, base, buffer.count)
        return String(cString: base)
    }
}
