import CSystem
import Glibc
import Ports

/// A range of a file on its way to a socket. Counts as a queued send of the file for as long as it exists.
final class FileChunk: Sendable {
    let file: OpenFile
    let offset: UInt64
    let length: Int

    init(file: OpenFile, offset: UInt64, length: Int) {
        self.file = file
        self.offset = offset
        self.length = length
        file.queuedSends.add(1, ordering: .acquiringAndReleasing)
    }

    deinit { file.queuedSends.subtract(1, ordering: .acquiringAndReleasing) }
}

/// File chunks to be sent to one socket by the reader thread, which owns writing to that socket meanwhile.
struct FileSend: Sendable {
    let id: UInt64
    let socket: Int32
    let chunks: [FileChunk]
    /// Bytes of the first chunk that were sent by earlier jobs.
    let skipped: Int

    /// One job sends at most this much, so that one fast receiver cannot keep the thread.
    static let limit = 4 << 20

    enum Outcome: Sendable {
        /// All chunks are sent, or the job's limit is reached.
        case progressed
        /// The socket takes no more now.
        case blocked
        case socketFailed(errno: Int32)
        case fileFailed(DiskFailure)
    }

    struct Result: Sendable {
        let id: UInt64
        let sent: Int
        let outcome: Outcome
    }

    func perform() -> Result {
        var sent = 0
        var skip = skipped
        for chunk in chunks {
            while skip < chunk.length {
                if sent >= Self.limit { return Result(id: id, sent: sent, outcome: .progressed) }
                let wanted = min(chunk.length - skip, Self.limit - sent)
                let count = holdfast_sendfile(socket, chunk.file.descriptor, chunk.offset + UInt64(skip), wanted)
                if count <= 0 { return Result(id: id, sent: sent, outcome: Self.outcome(count, chunk)) }
                sent += count
                skip += count
            }
            skip = 0
        }
        return Result(id: id, sent: sent, outcome: .progressed)
    }

    private static func outcome(_ count: Int, _ chunk: FileChunk) -> Outcome {
        if count == 0 {
            let reason = "the file ends before \(chunk.offset)+\(chunk.length)"
            return .fileFailed(DiskFailure(operation: "sendfile", path: chunk.file.path, errno: EIO, reason: reason))
        }
        let errno = Int32(truncatingIfNeeded: -count)
        switch errno {
        case EAGAIN: return .blocked
        case EPIPE, ECONNRESET, ETIMEDOUT, ENOTCONN, EHOSTUNREACH, ENETUNREACH, ECONNABORTED:
            return .socketFailed(errno: errno)
        default: return .fileFailed(chunk.file.failure("sendfile", count))
        }
    }
}
