import Planted

/// The consensus core of one group on one member. See the catalog's first page for the invariant and the life cycle.
///
/// A value without I/O: every call is one event, and `takeOutputs` says what it led to.
package struct Raft: ~Copyable, Sendable {
    package let id: MemberID
    package let settings: RaftSettings

    // Hard state (paper, Figure 2): on disk before anything said in this term leaves.
    package internal(set) var term: Term
    package internal(set) var vote: MemberID?

    package internal(set) var role: Role = .follower
    package internal(set) var leader: MemberID?
    /// What the shell was told last about role, term and leader.
    var announced: RoleChange

    var log: LogView
    var machine: MachineCursors
    var memberships: MembershipHistory
    /// The newest snapshot on this member's disk and the membership at its position: what a follower is offered.
    var snapshot: Position
    var snapshotMembership: Membership
    var outbox = Outbox()

    // Election.
    var random: SplitMix64
    /// Ticks since the election timer was reset; of a leader, since its last CheckQuorum.
    var electionElapsed = 0
    var electionTimeout = 0
    var tally = VoteTally()
    /// Our vote was asked for with a log that is behind ours, and nobody has led since.
    var isNeeded = false

    /// The first entry of the log that cannot be read from disk any more; nil while all can. See `Raft+Damage.swift`.
    var damagedFrom: LogIndex?
    /// The leader does not have what is damaged: it may replace it.
    var isDamageReplaceable = false
    /// Entries of the log, all of them damaged or between damaged ones, whose terms nobody knows.
    var guessedTerms: ClosedRange<LogIndex>?

    /// Entries that this member had written, and said so, may be missing. See `Raft+Rejoin.swift`.
    package internal(set) var isRejoining: Bool
    /// How often that has happened so far.
    package let rejoins: UInt64
    /// With all committed entries through here it has again what it had.
    package internal(set) var rejoinGoal: LogIndex?

    // Follower.
    /// Our log equals the current leader's up to here, as far as its messages of this term have shown.
    var verified: LogIndex = 0
    /// The snapshot the shell is fetching. Until it reports, the log stands still and this member does not campaign.
    var receiving: IncomingSnapshot?

    // Leader; empty in every other role.
    var peers: [Peer] = []
    /// The no-op of this leadership.
    var noop: LogIndex = 0
    var heartbeatElapsed = 0
    /// Commits through here are told at once, whatever `RaftSettings.commitUpdate` says.
    var urgentCommit: LogIndex = 0
    var reads = ReadQueue()
    var transfer: Transfer?

    // Across roles.
    var loads: [Load] = []
    var disconnected: [MemberID] = []

    /// `seed` fixes the random election timeouts.
    package init(id: MemberID, settings: RaftSettings, restored: RestoredState, seed: UInt64) {
        precondition(settings.electionTicks > 0 && settings.heartbeatTicks > 0, "no timeouts: \(settings)")
        self.id = id
        self.settings = settings
        log = LogView(base: restored.snapshot, runs: restored.runs, last: restored.lastIndex)
        memberships = MembershipHistory(
            base: restored.baseMembership, entries: restored.memberships, after: restored.snapshot.index)
        machine = MachineCursors(snapshot: max(restored.snapshot.index, restored.commit))
        snapshot = restored.snapshot
        snapshotMembership = restored.baseMembership
        term = restored.term
        vote = restored.vote
        isRejoining = restored.isRejoining
        rejoins = restored.rejoins
        announced = RoleChange(role: .follower, term: restored.term, leader: nil)
        random = SplitMix64(seed: seed)
        resetElectionTimer()
        // Entries of a term reach the disk behind the term itself, so the log is ahead only if that write was lost. No
        // vote of the log's term can have left this member then.
        if log.lastPosition.term > term { enterTerm(log.lastPosition.term, vote: nil) }
        announce()
        // In release builds too: a disk that was read back wrongly must not get to vote.
        checkInvariants()
    }
}

/// A follower and what the leader knows of it.
struct Peer: Hashable, Sendable {
    let id: MemberID
    var progress: Progress
}

/// A load the shell has not answered. It outlives the leadership that asked for it: the answer must not be taken for
/// that of a later load, whose entries may be others.
struct Load: Hashable, Sendable {
    let peer: MemberID
    let first: LogIndex
    let last: LogIndex
    var isStale = false
}

struct IncomingSnapshot: Hashable, Sendable {
    let offer: SnapshotOffer
    let sender: MemberID
}

struct Transfer: Hashable, Sendable {
    let target: MemberID
    var elapsed = 0
    /// TimeoutNow is out.
    var isTold = false
}

// MARK: - Inspection

extension Raft {
    package var lastPosition: Position { log.lastPosition }
    package var writtenIndex: LogIndex { log.written }
    package var flushedIndex: LogIndex { log.flushed }
    package var commitIndex: LogIndex { machine.committed }
    package var appliedIndex: LogIndex { machine.applied }
    /// The newest membership in the log, committed or not.
    package var membership: Membership { memberships.current }
    /// The index of the entry that made `membership`; 0 if that was what the log began with.
    package var membershipIndex: LogIndex { memberships.currentIndex }
    /// Changes whenever a suffix of the log is dropped; see `onFlushed(_:generation:)`.
    package var logGeneration: UInt64 { log.generation }
    /// The newest snapshot this member knows of.
    package var snapshotPosition: Position { snapshot }
    /// Leader of this term, its own no-op applied: proposals may be made (paper §8).
    package var isReady: Bool {
        #if DEBUG
        if Planted.has(.admitsBeforeNoop) { return role == .leader }
        #endif
        return role == .leader && machine.applied >= noop
    }
    /// The member a transfer under way goes to.
    package var transferTarget: MemberID? { transfer?.target }

    package var cursors: Cursors {
        Cursors(
            accepted: log.last, submitted: log.submitted, written: log.written, flushed: log.flushed,
            committed: machine.committed, applying: machine.applying, applied: machine.applied)
    }

    /// nil for an index the core does not know: above the log, or below what it was told to forget.
    package func term(at index: LogIndex) -> Term? { log.term(at: index) }

    /// nil unless this member leads and `peer` is another member.
    package func progress(of peer: MemberID) -> Progress? { peers.first { $0.id == peer }?.progress }
}

// MARK: - Inputs that concern every role

extension Raft {
    /// What to do since the last call, in order. Taking it counts as handing over: entries are being written, commits
    /// are being applied.
    package mutating func takeOutputs() -> [RaftOutput] {
        log.submit()
        machine.submit()
        reads.isRoundUnsent = false
        return outbox.take()
    }

    /// One unit of time has passed.
    package mutating func tick() {
        defer { settle() }
        if role == .leader { tickLeader() } else { tickElection() }
    }

    /// Term and vote as given are on disk, and all saves before them.
    package mutating func onHardStateSaved(term: Term, vote: MemberID?) {
        defer { settle() }
        outbox.onSaved(term: term, vote: vote)
        guard role == .candidate, outbox.isSaved else { return }
        tally.record(id, isGranted: true, isRejoining: mayLack)
        evaluateVotes()
    }

    /// The shell has applied everything through `index` to the state machine.
    package mutating func onApplied(_ index: LogIndex) {
        defer { settle() }
        precondition(index <= machine.applying, "applied \(index) which was never committed: \(description)")
        machine.apply(through: index)
    }

    /// Adds `count` entries of this term to the log of a leader that `isReady`. For one that changes the membership see
    /// `change`.
    package mutating func propose(count: Int) -> ProposeResult {
        defer { settle() }
        precondition(count > 0, "nothing proposed: \(description)")
        guard role == .leader else { return .notLeader(leader: leader) }
        guard isReady else { return .notLeader(leader: nil) }
        guard transfer == nil else { return .transferring }
        let first = Position(index: log.last + 1, term: term)
        log.append(count: UInt64(count), term: term)
        log.submit()
        replicateToAll()
        return .accepted(first: first, last: log.lastPosition)
    }

    /// Ends every input: in debug builds it checks the invariants.
    mutating func settle() {
        #if DEBUG
        checkInvariants()
        #endif
    }

    /// Tells the shell about a new role, term or leader.
    mutating func announce() {
        let change = RoleChange(role: role, term: term, leader: leader)
        guard change != announced else { return }
        announced = change
        outbox.put(.role(change))
    }

    mutating func send(_ message: RaftMessage, to receiver: MemberID) {
        outbox.send(message, to: receiver)
    }
}
