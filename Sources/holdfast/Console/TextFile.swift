import Glibc

/// Reads a small text file whole.
enum TextFile {
    private static let limit = 1 << 20

    static func read(_ path: String) throws(CommandFailure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            if count == 0 { break }
            bytes += part[..<count]
            if bytes.count > limit { throw .failed("longer than \(limit) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .failed("not UTF-8 text") }
        return text
    }

    private static func failure() -> CommandFailure { .failed(String(cString: strerror(errno))) }
}
