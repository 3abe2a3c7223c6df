import Bytes
import LogStore
import Ports
import Raft

extension PeerFrame {
    /// Reads one frame. `entries` payloads stay references into `frame`; their checksums have been verified.
    static func decode(_ frame: ByteSlice) throws(DecodeError) -> (group: GroupID, frame: PeerFrame) {
        var reader = ByteReader(frame)
        let rawKind = try reader.uint8()
        guard let kind = PeerFrameKind(rawValue: rawKind) else {
            throw .badValue("peer frame kind", Int64(rawKind))
        }
        let group = GroupID(try reader.uint32())
        let decoded = try decodeBody(kind, &reader)
        try reader.requireEnd()
        return (group, decoded)
    }

    private static func decodeBody(_ kind: PeerFrameKind, _ reader: inout ByteReader) throws(DecodeError) -> PeerFrame {
        switch kind {
        case .preVoteRequest: .raft(.preVoteRequest(try voteRequest(&reader)), entries: [])
        case .voteRequest: .raft(.voteRequest(try voteRequest(&reader)), entries: [])
        case .preVoteReply: .raft(.preVoteReply(try voteReply(&reader)), entries: [])
        case .voteReply: .raft(.voteReply(try voteReply(&reader)), entries: [])
        case .append: try append(&reader)
        case .appendReply: .raft(.appendReply(try appendReply(&reader)), entries: [])
        case .heartbeat: .raft(.heartbeat(try heartbeat(&reader)), entries: [])
        case .heartbeatReply:
            .raft(.heartbeatReply(HeartbeatReply(term: try reader.uint64(), round: try reader.uint64())), entries: [])
        case .snapshot:
            .snapshotOffer(
                SnapshotOffer(
                    term: try reader.uint64(), position: try position(&reader),
                    membership: try Membership(reading: &reader)),
                chain: try reader.uint64())
        case .snapshotReply:
            .raft(.snapshotReply(SnapshotReply(term: try reader.uint64(), installed: try reader.uint64())), entries: [])
        case .timeoutNow: .raft(.timeoutNow(TimeoutNow(term: try reader.uint64())), entries: [])
        case .forward: .forward(id: try reader.uint64(), request: try reader.bytes(reader.remaining))
        case .forwardAdmin: .forwardAdmin(id: try reader.uint64(), request: try reader.bytes(reader.remaining))
        case .introduction:
            .introduction(Introduction(incarnation: try reader.uint64(), isFounder: try flag(&reader)))
        case .notMember: .notMember(configuration: try reader.uint64())
        case .otherData: .otherData(configuration: try reader.uint64())
        case .forwardReply: .forwardReply(id: try reader.uint64(), reply: try reader.bytes(reader.remaining))
        case .snapshotRead:
            .snapshotRead(snapshot: try reader.uint64(), offset: try reader.uint64(), length: try reader.uint32())
        case .snapshotPart:
            .snapshotPart(
                source: try position(&reader), offset: try reader.uint64(), total: try reader.uint64(),
                bytes: try reader.bytes(reader.remaining))
        case .repairRead: .repairRead(first: try reader.uint64(), last: try reader.uint64())
        case .repairEntries: .repairAnswer(first: try reader.uint64(), .entries(try entries(&reader)))
        case .repairAbsent: .repairAnswer(first: try reader.uint64(), .absent)
        case .repairDamaged:
            .repairAnswer(
                first: try reader.uint64(), .damaged(first: try reader.uint64(), last: try reader.uint64()))
        case .chain: .chain(index: try reader.uint64(), chain: try reader.uint64())
        case .clock: .clock(milliseconds: try time(&reader))
        case .space:
            .space(SpaceReport(
                space: DiskSpace(free: try reader.uint64(), total: try reader.uint64()), isLow: try flag(&reader)))
        }
    }

    private static func entries(_ reader: inout ByteReader) throws(DecodeError) -> [LogEntry] {
        let count = Int(try reader.uint32())
        try reader.requireElements(count, minimumSize: LogEntry.wireHeaderSize)
        var entries: [LogEntry] = []
        entries.reserveCapacity(count)
        for _ in 0..<count { entries.append(try LogEntry.decodeWire(from: &reader)) }
        return entries
    }

    private static func position(_ reader: inout ByteReader) throws(DecodeError) -> Position {
        Position(index: try reader.uint64(), term: try reader.uint64())
    }

    private static func time(_ reader: inout ByteReader) throws(DecodeError) -> Int64 {
        let milliseconds = try reader.int64()
        // Far beyond any date, and far from what additions overflow.
        guard (0...(1 << 53)).contains(milliseconds) else { throw .badValue("time", milliseconds) }
        return milliseconds
    }

    private static func flag(_ reader: inout ByteReader) throws(DecodeError) -> Bool {
        let value = try reader.uint8()
        guard value <= 1 else { throw .badValue("flag", Int64(value)) }
        return value == 1
    }

    private static func voteRequest(_ reader: inout ByteReader) throws(DecodeError) -> VoteRequest {
        VoteRequest(term: try reader.uint64(), last: try position(&reader), isTransfer: try flag(&reader))
    }

    private static func voteReply(_ reader: inout ByteReader) throws(DecodeError) -> VoteReply {
        let term = try reader.uint64()
        let flags = try reader.uint8()
        guard flags <= 3 else { throw .badValue("vote", Int64(flags)) }
        return VoteReply(term: term, isGranted: flags & 1 == 1, isRejoining: flags & 2 == 2)
    }

    private static func heartbeat(_ reader: inout ByteReader) throws(DecodeError) -> Heartbeat {
        let beat = Heartbeat(term: try reader.uint64(), commit: try reader.uint64(), round: try reader.uint64())
        let goal = RejoinGoal(rejoins: try reader.uint64(), commit: try reader.uint64())
        return Heartbeat(
            term: beat.term, commit: beat.commit, round: beat.round, rejoin: goal.rejoins > 0 ? goal : nil)
    }

    private static func appendReply(_ reader: inout ByteReader) throws(DecodeError) -> AppendReply {
        let term = try reader.uint64()
        let rejoins = try reader.uint64()
        if try flag(&reader) {
            let flushed = try reader.uint64()
            return AppendReply(
                term: term, outcome: .flushed(flushed), written: try reader.uint64(), taken: try reader.uint64(),
                rejoins: rejoins)
        }
        return AppendReply(
            term: term,
            outcome: .mismatch(
                rejected: try reader.uint64(), hint: try position(&reader), lastIndex: try reader.uint64()),
            rejoins: rejoins)
    }

    /// term, previous, commit, entry count, entries. Runs, last index and memberships follow from the entries.
    private static func append(_ reader: inout ByteReader) throws(DecodeError) -> PeerFrame {
        let term = try reader.uint64()
        let previous = try position(&reader)
        let commit = try reader.uint64()
        let count = Int(try reader.uint32())
        try reader.requireElements(count, minimumSize: LogEntry.wireHeaderSize)
        guard previous.index <= UInt64.max - UInt64(count) else {
            throw .badValue("previous index", Int64(truncatingIfNeeded: previous.index))
        }
        var request = AppendRequest(
            term: term, previous: previous, last: previous.index + UInt64(count), runs: [], commit: commit)
        var entries: [LogEntry] = []
        entries.reserveCapacity(count)
        for offset in 0..<count {
            let entry = try LogEntry.decodeWire(from: &reader)
            guard entry.index == previous.index + UInt64(offset) + 1 else {
                throw .badValue("entry index", Int64(truncatingIfNeeded: entry.index))
            }
            if request.runs.last?.term != entry.term {
                request.runs.append(TermRun(term: entry.term, first: entry.index))
            }
            if entry.kind == .configuration {
                let configuration = try GroupConfiguration(decoding: entry.payload)
                request.memberships.append(
                    MembershipEntry(index: entry.index, membership: configuration.membership))
            }
            entries.append(entry)
        }
        return .raft(.append(request), entries: entries)
    }
}
