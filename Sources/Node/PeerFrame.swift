import Bytes
import LogStore
import Raft

/// What travels on a link between two nodes, after the transport's handshake. Byte layout: kind u8, group u32, then the
/// fields of the kind in declaration order, big-endian.
enum PeerFrame {
    /// A Raft message other than a snapshot offer; an `AppendRequest` brings its entries.
    case raft(RaftMessage, entries: [LogEntry])
    /// An offer with the chain checksum at its position, on which the receiver's log continues.
    case snapshotOffer(SnapshotOffer, chain: UInt64)
    /// A client request that only the leader can answer, passed on as it came (gateway number, then the request).
    case forward(id: UInt64, request: ByteSlice)
    /// A request of the admin port, likewise; answered by a `forwardReply`.
    case forwardAdmin(id: UInt64, request: ByteSlice)
    case forwardReply(id: UInt64, reply: ByteSlice)
    /// Asks for `length` bytes of the state snapshot named by its index, from `offset` on.
    case snapshotRead(snapshot: UInt64, offset: UInt64, length: UInt32)
    /// A part of the state snapshot at `source`; `total` is its whole size, 0 if it is not there any more.
    case snapshotPart(source: Position, offset: UInt64, total: UInt64, bytes: ByteSlice)
    /// Asks for entries `first ... last`, which are damaged at the sender.
    case repairRead(first: UInt64, last: UInt64)
    case repairAnswer(first: UInt64, RepairAnswer)
    /// The sender's chain checksum at an entry it has applied.
    case chain(index: UInt64, chain: UInt64)
    /// The sender's clock, milliseconds since 1970.
    case clock(milliseconds: Int64)
    /// The room on the sender's disk.
    case space(SpaceReport)
    /// The first frame on a link: which data directory the sender has.
    case introduction(Introduction)
    /// By the committed configuration at this index, the receiver is not a member.
    case notMember(configuration: UInt64)
    /// By the configuration at this index, the member of the receiver's id has another data directory.
    case otherData(configuration: UInt64)
}

enum PeerFrameKind: UInt8 {
    case preVoteRequest = 1, preVoteReply, voteRequest, voteReply, append, appendReply, heartbeat, heartbeatReply
    case snapshot, snapshotReply, timeoutNow
    case forward = 32, forwardReply, snapshotRead, snapshotPart
    case forwardAdmin, introduction, notMember, otherData
    case repairRead = 48, repairEntries, repairAbsent, repairDamaged, chain, clock, space
}
