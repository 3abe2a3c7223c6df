import Bytes
import Glibc

/// Standard output, buffered: flushed when 64 KB have gathered and when the command says so.
struct Output {
    private static let threshold = 64 * 1024
    private var buffer: [UInt8] = []

    init() { buffer.reserveCapacity(Self.threshold + 4096) }

    mutating func write(_ text: String) throws(CommandFailure) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.threshold { try flush() }
    }

    mutating func write(_ bytes: ByteSlice) throws(CommandFailure) {
        bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
        if buffer.count >= Self.threshold { try flush() }
    }

    mutating func flush() throws(CommandFailure) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { throw .outputClosed }
                throw .failed("writing to standard output: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    static func printAll(_ text: String) throws(CommandFailure) {
        var output = Output()
        try output.write(text)
        try output.flush()
    }
}
