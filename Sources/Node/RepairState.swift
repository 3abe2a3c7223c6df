import LogStore
import Ports
import Raft

/// What is under way to find damage and to repair it.
struct RepairState {
    /// What a peer has of the entries asked for.
    enum Answer {
        /// It sent them, and they did not fit.
        case unfit
        /// It does not have them, or not any more.
        case absent
        case damaged(first: UInt64, last: UInt64)
    }

    /// The range that peers are being asked for.
    var current: DamagedRange?
    var answers: [NodeID: Answer] = [:]
    /// Rounds of asking in which nobody had a copy.
    var fruitlessRounds = 0
    /// Copies are being written.
    var isWriting = false
    /// Ticks since peers were asked.
    var waiting = 0
    /// Loads for followers that met damage; they go on after the repair.
    var deferredLoads: [MemberID: (first: UInt64, last: UInt64, maximumBytes: Int)] = [:]

    /// A log that is to begin behind damage, with the snapshot of `peer`, once that has told how our log ends.
    struct Passing {
        let range: DamagedRange
        /// Nothing in its whole segment is live; nil if something behind the damage may be.
        let segmentEnd: UInt64?
        let snapshot: SnapshotMetadata
        let peer: NodeID
    }

    var passing: Passing?
    /// The tick before which no peer's state is fetched for that again: one was of no use.
    var nextFetch = 0
    /// The tick before which no snapshot is taken for a damaged peer's sake.
    var nextRenewal = 0

    /// Applying stands still until the entries it met are looked at one by one.
    var resumesApply = false

    /// Where the background check goes on.
    var scrubNext: UInt64 = 0
    /// Where this round of it ends. A log that grows faster than it is checked would never be checked again from its
    /// beginning.
    var scrubEnd: UInt64 = 0
    var isScrubbing = false

    /// Peers whose chain checksum differs from ours.
    var differing: Set<NodeID> = []
}

extension PeerFrame {
    /// What a peer says when it is asked for entries.
    enum RepairAnswer {
        case entries([LogEntry])
        case absent
        /// The first range of them that is damaged there, too.
        case damaged(first: UInt64, last: UInt64)
    }
}
