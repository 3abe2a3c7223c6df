import Bytes
import LogStore
import Ports
import Raft

extension PeerFrame {
    /// The frame as pieces to be sent end to end; large payloads stay references.
    func encode(group: GroupID) -> [ByteSlice] {
        var writer = FrameWriter()
        writer.bytes.uint8(kind.rawValue)
        writer.bytes.uint32(group.rawValue)
        switch self {
        case .raft(let message, let entries): Self.encode(message, entries, &writer)
        case .snapshotOffer(let offer, let chain):
            writer.bytes.uint64(offer.term)
            writer.position(offer.position)
            offer.membership.encode(into: &writer.bytes)
            writer.bytes.uint64(chain)
        case .forward(let id, let request), .forwardAdmin(let id, let request):
            writer.bytes.uint64(id)
            writer.payload(request)
        case .forwardReply(let id, let reply):
            writer.bytes.uint64(id)
            writer.payload(reply)
        case .introduction(let introduction):
            writer.bytes.uint64(introduction.incarnation)
            writer.bytes.uint8(introduction.isFounder ? 1 : 0)
        case .notMember(let number), .otherData(let number): writer.bytes.uint64(number)
        case .snapshotRead(let snapshot, let offset, let length):
            writer.bytes.uint64(snapshot)
            writer.bytes.uint64(offset)
            writer.bytes.uint32(length)
        case .snapshotPart(let source, let offset, let total, let bytes):
            writer.position(source)
            writer.bytes.uint64(offset)
            writer.bytes.uint64(total)
            writer.payload(bytes)
        case .repairRead(let first, let last):
            writer.bytes.uint64(first)
            writer.bytes.uint64(last)
        case .repairAnswer(let first, let answer):
            writer.bytes.uint64(first)
            Self.encode(answer, &writer)
        case .chain(let index, let chain):
            writer.bytes.uint64(index)
            writer.bytes.uint64(chain)
        case .clock(let milliseconds): writer.bytes.int64(milliseconds)
        case .space(let report):
            writer.bytes.uint64(report.space.free)
            writer.bytes.uint64(report.space.total)
            writer.bytes.uint8(report.isLow ? 1 : 0)
        }
        return writer.finish()
    }

    private var kind: PeerFrameKind {
        switch self {
        case .raft(let message, _): PeerFrame.kind(of: message)
        case .snapshotOffer: .snapshot
        case .forward: .forward
        case .forwardAdmin: .forwardAdmin
        case .forwardReply: .forwardReply
        case .introduction: .introduction
        case .notMember: .notMember
        case .otherData: .otherData
        case .snapshotRead: .snapshotRead
        case .snapshotPart: .snapshotPart
        case .repairRead: .repairRead
        case .repairAnswer(_, .entries): .repairEntries
        case .repairAnswer(_, .absent): .repairAbsent
        case .repairAnswer(_, .damaged): .repairDamaged
        case .chain: .chain
        case .clock: .clock
        case .space: .space
        }
    }

    private static func kind(of message: RaftMessage) -> PeerFrameKind {
        switch message {
        case .preVoteRequest: .preVoteRequest
        case .preVoteReply: .preVoteReply
        case .voteRequest: .voteRequest
        case .voteReply: .voteReply
        case .append: .append
        case .appendReply: .appendReply
        case .heartbeat: .heartbeat
        case .heartbeatReply: .heartbeatReply
        case .snapshot: .snapshot
        case .snapshotReply: .snapshotReply
        case .timeoutNow: .timeoutNow
        }
    }

    private static func encode(_ message: RaftMessage, _ entries: [LogEntry], _ writer: inout FrameWriter) {
        switch message {
        case .preVoteRequest(let request), .voteRequest(let request):
            writer.bytes.uint64(request.term)
            writer.position(request.last)
            writer.bytes.uint8(request.isTransfer ? 1 : 0)
        case .preVoteReply(let reply), .voteReply(let reply):
            writer.bytes.uint64(reply.term)
            writer.bytes.uint8((reply.isGranted ? 1 : 0) | (reply.isRejoining ? 2 : 0))
        case .append(let request): encode(request, entries, &writer)
        case .appendReply(let reply): encode(reply, &writer)
        case .heartbeat(let heartbeat):
            writer.bytes.uint64(heartbeat.term)
            writer.bytes.uint64(heartbeat.commit)
            writer.bytes.uint64(heartbeat.round)
            writer.bytes.uint64(heartbeat.rejoin?.rejoins ?? 0)
            writer.bytes.uint64(heartbeat.rejoin?.commit ?? 0)
        case .heartbeatReply(let reply):
            writer.bytes.uint64(reply.term)
            writer.bytes.uint64(reply.round)
        case .snapshot: preconditionFailure("a snapshot offer travels as PeerFrame.snapshotOffer, with its chain")
        case .snapshotReply(let reply):
            writer.bytes.uint64(reply.term)
            writer.bytes.uint64(reply.installed)
        case .timeoutNow(let timeout): writer.bytes.uint64(timeout.term)
        }
    }

    private static func encode(_ request: AppendRequest, _ entries: [LogEntry], _ writer: inout FrameWriter) {
        precondition(
            UInt64(entries.count) == request.last - request.previous.index,
            "append of \(request.previous.index + 1)...\(request.last) with \(entries.count) entries")
        writer.bytes.uint64(request.term)
        writer.position(request.previous)
        writer.bytes.uint64(request.commit)
        writer.bytes.uint32(UInt32(entries.count))
        for entry in entries {
            entry.encodeWireHeader(into: &writer.bytes)
            for piece in entry.payload { writer.payload(piece) }
        }
    }

    private static func encode(_ answer: RepairAnswer, _ writer: inout FrameWriter) {
        switch answer {
        case .absent: break
        case .damaged(let first, let last):
            writer.bytes.uint64(first)
            writer.bytes.uint64(last)
        case .entries(let entries):
            writer.bytes.uint32(UInt32(entries.count))
            for entry in entries {
                entry.encodeWireHeader(into: &writer.bytes)
                for piece in entry.payload { writer.payload(piece) }
            }
        }
    }

    private static func encode(_ reply: AppendReply, _ writer: inout FrameWriter) {
        writer.bytes.uint64(reply.term)
        writer.bytes.uint64(reply.rejoins)
        switch reply.outcome {
        case .flushed(let index):
            writer.bytes.uint8(1)
            writer.bytes.uint64(index)
            writer.bytes.uint64(reply.written)
            writer.bytes.uint64(reply.taken)
        case .mismatch(let rejected, let hint, let lastIndex):
            writer.bytes.uint8(0)
            writer.bytes.uint64(rejected)
            writer.position(hint)
            writer.bytes.uint64(lastIndex)
        }
    }
}

/// Collects a frame: small parts are copied together, large ones referenced.
struct FrameWriter {
    private static let referenceThreshold = 16 * 1024

    var bytes = ByteWriter(capacity: 256)
    private var pieces: [ByteSlice] = []

    mutating func position(_ position: Position) {
        bytes.uint64(position.index)
        bytes.uint64(position.term)
    }

    mutating func payload(_ slice: ByteSlice) {
        guard slice.count >= Self.referenceThreshold else { return bytes.bytes(slice) }
        if bytes.count > 0 { pieces.append(bytes.finish()) }
        pieces.append(slice)
    }

    mutating func finish() -> [ByteSlice] {
        if bytes.count > 0 { pieces.append(bytes.finish()) }
        return pieces
    }
}
