// The leader's side of replication: who is sent what, and what their replies tell (paper §5.3).

import Planted

extension Raft {
    private func peerNumber(_ id: MemberID) -> Int? { peers.firstIndex { $0.id == id } }

    /// Follows the newest membership: what is known of a peer that stays is kept.
    mutating func updatePeers() {
        guard role == .leader else { return }
        peers = membership.others(than: id).map { member in
            peers.first { $0.id == member } ?? Peer(id: member, progress: Progress(next: log.last + 1))
        }
    }

    mutating func tickLeader() {
        tickTransfer()
        electionElapsed += 1
        if electionElapsed >= settings.electionTicks { checkQuorum() }
        guard role == .leader else { return }
        heartbeatElapsed += 1
        if heartbeatElapsed >= settings.heartbeatTicks { return beat() }
        if settings.commitUpdate == .atNextTick {
            for number in peers.indices { sendCommit(to: number) }
        }
    }

    /// A leader that a majority does not answer can commit nothing: it steps down, so that its clients look for another
    /// and its silence about a newer leader ends (thesis §6.2).
    private mutating func checkQuorum() {
        electionElapsed = 0
        #if DEBUG
        if Planted.has(.noCheckQuorum) { return }
        #endif
        let active = membership.voters.count { voter in
            voter == id || peers.contains { $0.id == voter && $0.progress.isActive }
        }
        for number in peers.indices {
            peers[number].progress.wasActive = peers[number].progress.isActive
            peers[number].progress.isActive = false
        }
        if active < Quorum.size(voters: membership.voters.count) { becomeFollower(term: term, leader: nil) }
    }

    // MARK: Heartbeats

    private mutating func beat() {
        heartbeatElapsed = 0
        broadcastHeartbeat()
        for number in peers.indices {
            peers[number].progress.noteBeat()
            if peers[number].progress.state == .snapshot { offerSnapshot(to: number) }
        }
    }

    mutating func broadcastHeartbeat() {
        for number in peers.indices { sendHeartbeat(to: number) }
    }

    func commitKnown(to number: Int) -> LogIndex {
        #if DEBUG
        if Planted.has(.heartbeatCommitsUnmatched) { return machine.committed }
        #endif
        return min(peers[number].progress.written, machine.committed)
    }

    mutating func sendHeartbeat(to number: Int) {
        let commit = commitKnown(to: number)
        peers[number].progress.noteCommitSent(commit)
        let beat = Heartbeat(term: term, commit: commit, round: reads.round, rejoin: rejoinGoal(of: number))
        send(.heartbeat(beat), to: peers[number].id)
    }

    /// Whoever holds what is committed so far is to hear of it without waiting for the next tick: it changes what
    /// followers answer.
    package mutating func announceCommit() {
        defer { settle() }
        guard role == .leader else { return }
        urgentCommit = machine.committed
        replicateToAll()
    }

    /// A heartbeat out of turn, for a follower that holds everything and lacks only the news of the commit.
    private mutating func sendCommit(to number: Int) {
        let peer = peers[number]
        guard peer.progress.state == .replicate, peer.progress.next > log.last, !disconnected.contains(peer.id),
            peer.progress.commitSent < commitKnown(to: number)
        else { return }
        sendHeartbeat(to: number)
    }

    mutating func stepHeartbeatReply(_ reply: HeartbeatReply, from sender: MemberID) {
        guard role == .leader, let number = peerNumber(sender), reply.round <= reads.round else { return }
        noteAlive(number)
        peers[number].progress.confirmedRound = max(peers[number].progress.confirmedRound, reply.round)
        if peers[number].progress.takeStall() { askAgain(number) }
        replicate(to: number)
        settleReads()
    }

    private mutating func noteAlive(_ number: Int) {
        peers[number].progress.isActive = true
        let peer = peers[number].id
        disconnected.removeAll { $0 == peer }
    }

    /// Something was lost, or the follower's disk is slow. An empty append tells which: it is rejected or answered
    /// late.
    private mutating func askAgain(_ number: Int) {
        guard peers[number].progress.state == .replicate else { return }
        sendEmptyAppend(to: number)
    }

    // MARK: Appends

    mutating func replicateToAll() {
        for number in peers.indices { replicate(to: number) }
    }

    /// Sends a peer what it lacks, as far as its state and the bounds allow: entries (once the shell has loaded them),
    /// an empty append to find where the logs meet, or just the commit index.
    mutating func replicate(to number: Int) {
        let peer = peers[number]
        guard !disconnected.contains(peer.id), !loads.contains(where: { $0.peer == peer.id }) else { return }
        switch peer.progress.state {
        case .snapshot: break
        case .probe:
            guard !peer.progress.isProbeSent else { return }
            if log.term(at: peer.progress.next - 1) == nil { return startSnapshot(number) }
            if peer.progress.isGuess || peer.progress.next > log.last { return sendEmptyAppend(to: number) }
            load(for: number)
        case .replicate:
            if peer.progress.next <= log.last { return loadNext(number) }
            if settings.commitUpdate == .atOnce || peer.progress.commitSent < urgentCommit { sendCommit(to: number) }
        }
    }

    private mutating func loadNext(_ number: Int) {
        if log.term(at: peers[number].progress.next - 1) == nil { return startSnapshot(number) }
        if !peers[number].progress.isFull(settings) { load(for: number) }
    }

    /// One load per peer at a time. One entry may be larger than what is left of the bound: it goes all the same.
    private mutating func load(for number: Int) {
        let progress = peers[number].progress
        let room = max(0, settings.maximumInflightBytes - progress.inflight.bytes)
        loads.append(Load(peer: peers[number].id, first: progress.next, last: log.last))
        outbox.put(
            .loadEntries(
                peer: peers[number].id, first: progress.next, last: log.last,
                maximumBytes: min(settings.maximumAppendBytes, room)))
    }

    private mutating func sendEmptyAppend(to number: Int) {
        sendAppend(to: number, first: peers[number].progress.next, through: peers[number].progress.next - 1, bytes: 0)
    }

    private mutating func sendAppend(to number: Int, first: LogIndex, through last: LogIndex, bytes: Int) {
        guard let before = log.term(at: first - 1) else { return startSnapshot(number) }
        let request = AppendRequest(
            term: term, previous: Position(index: first - 1, term: before), last: last,
            runs: log.runs(from: first, through: last), commit: machine.committed,
            memberships: memberships.entries.filter { $0.index >= first && $0.index <= last })
        peers[number].progress.noteSent(through: last, bytes: bytes, commit: machine.committed)
        send(.append(request), to: peers[number].id)
    }

    // MARK: Loads

    /// Takes the answered load off the table. nil if it was never asked for, or nobody needs it any more; then
    /// replication to the peer goes on with a new one.
    private mutating func finishLoad(peer: MemberID, first: LogIndex) -> Int? {
        guard let slot = loads.firstIndex(where: { $0.peer == peer && $0.first == first }) else { return nil }
        let load = loads.remove(at: slot)
        guard role == .leader, let number = peerNumber(peer) else { return nil }
        let isWanted = peers[number].progress.next == first && peers[number].progress.state != .snapshot
        if !load.isStale && isWanted && !peers[number].progress.isProbeSent && !disconnected.contains(peer) {
            return number
        }
        replicate(to: number)
        return nil
    }

    /// The shell has entries `first ... last`, `bytes` in all, at hand for `peer`. If they are still wanted, a
    /// `.send(.append)` for exactly these follows; otherwise they may be dropped. Each `.loadEntries` must be answered
    /// once, by this or by `onEntriesUnavailable`.
    package mutating func onEntriesLoaded(peer: MemberID, first: LogIndex, last: LogIndex, bytes: Int) {
        defer { settle() }
        guard let number = finishLoad(peer: peer, first: first) else { return }
        precondition(last >= first && last <= log.last && bytes >= 0, "loaded \(first) ... \(last): \(description)")
        sendAppend(to: number, first: first, through: last, bytes: bytes)
        replicate(to: number)
    }

    /// The log no longer has the entries asked for.
    package mutating func onEntriesUnavailable(peer: MemberID, first: LogIndex) {
        defer { settle() }
        guard let number = finishLoad(peer: peer, first: first) else { return }
        startSnapshot(number)
    }

    // MARK: Replies

    mutating func stepAppendReply(_ reply: AppendReply, from sender: MemberID) {
        guard role == .leader, let number = peerNumber(sender) else { return }
        guard peers[number].progress.note(rejoins: reply.rejoins) else { return }
        switch reply.outcome {
        case .flushed(let index):
            guard reply.taken <= log.last else { return }
            noteAlive(number)
            onMatched(number, through: index, written: reply.written, taken: reply.taken)
        case .mismatch(let rejected, let hint, _):
            noteAlive(number)
            onMismatch(number, rejected: rejected, hint: hint)
        }
    }

    /// The peer's disk has everything through `index`, its operating system through `written`, and the same of what it
    /// cannot read, perhaps, through `taken`.
    mutating func onMatched(_ number: Int, through index: LogIndex, written: LogIndex, taken: LogIndex) {
        let peer = peers[number].id
        peers[number].progress.acknowledge(index, written: written, taken: taken)
        advanceCommit()
        // Commit may have ended this leadership, if it removed us.
        guard role == .leader else { return }
        replicate(to: number)
        tellTransferTarget(peer)
    }

    private mutating func onMismatch(_ number: Int, rejected: LogIndex, hint: Position) {
        let meeting = log.lastPosition(atOrBelow: hint.index, termAtMost: hint.term)
        let isCertain = meeting == hint
        let guess = meeting?.index ?? hint.index
        guard peers[number].progress.reject(rejected, guess: guess, isCertain: isCertain) else { return }
        replicate(to: number)
    }

    // MARK: Links

    /// The link to `peer` broke: what was in flight may be lost, and nothing is loaded for it until it is back.
    package mutating func onPeerDisconnected(_ peer: MemberID) {
        defer { settle() }
        if !disconnected.contains(peer) { disconnected.append(peer) }
        if role == .follower && leader == peer { leaderLinkBroke() }
        guard let number = peerNumber(peer), peers[number].progress.state != .snapshot else { return }
        peers[number].progress.becomeProbe()
    }

    package mutating func onPeerConnected(_ peer: MemberID) {
        defer { settle() }
        disconnected.removeAll { $0 == peer }
        guard let number = peerNumber(peer) else { return }
        if peers[number].progress.state != .snapshot { peers[number].progress.becomeProbe() }
        sendHeartbeat(to: number)
        replicate(to: number)
    }
}
