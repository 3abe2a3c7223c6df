import Bytes
import Glibc

/// Standard input, cut into lines. The lines of one read share its memory.
struct LineInput {
    private static let readSize = 128 * 1024
    static let maximumLine = 64 << 20
    /// The beginning of a line whose end has not been read.
    private var rest = ByteSlice.empty
    private(set) var isAtEnd = false

    init() {}

    /// Whether a read would not wait: there are bytes, or the end.
    func isReady(timeoutMilliseconds: Int32) throws(CommandFailure) -> Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, timeoutMilliseconds)
        if ready < 0 && errno != EINTR { throw Self.failure() }
        return ready > 0
    }

    /// The whole lines of one read, without their newlines; the last one may lack its newline. Waits for the read.
    mutating func next() throws(CommandFailure) -> [ByteSlice] {
        guard rest.count <= Self.maximumLine else { throw .failed("a line is longer than \(Self.maximumLine) bytes") }
        let storage = ByteStorage(capacity: rest.count + max(Self.readSize, rest.count))
        rest.withUnsafeBytes { storage.bytes.copyMemory(from: $0) }
        var count: Int
        repeat {
            count = read(STDIN_FILENO, storage.base + rest.count, storage.capacity - rest.count)
        } while count < 0 && errno == EINTR
        if count < 0 { throw Self.failure() }
        let all = ByteSlice(storage: storage, lower: 0, count: rest.count + count)
        let (lines, end) = Self.cut(all, from: rest.count)
        rest = all.dropFirst(end)
        guard count == 0 else { return lines }
        isAtEnd = true
        return rest.isEmpty ? lines : lines + [rest]
    }

    /// The lines of `bytes`, which has no newline before `start`, and where the first unfinished one begins.
    static func cut(_ bytes: ByteSlice, from start: Int) -> (lines: [ByteSlice], end: Int) {
        var lines: [ByteSlice] = []
        var lineStart = 0
        for position in start..<bytes.count where bytes[position] == UInt8(ascii: "\n") {
            lines.append(bytes.slice(lineStart, position - lineStart))
            lineStart = position + 1
        }
        return (lines, lineStart)
    }

    private static func failure() -> CommandFailure {
        .failed("reading standard input: \(String(cString: strerror(errno)))")
    }
}
