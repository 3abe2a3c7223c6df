// Snapshot hand-off (paper §7): the core offers and accepts, the shells move the files.

extension Raft {
    // MARK: Leader

    /// The entries at `next` are gone. If our snapshot does not reach that far they are missing, not obsolete: nothing
    /// we could offer would help, so ask the log again after the next heartbeat instead of looping through offers.
    mutating func startSnapshot(_ number: Int) {
        guard snapshot.index >= peers[number].progress.next else {
            peers[number].progress.holdProbe()
            return
        }
        offerSnapshot(to: number)
    }

    /// Again at every heartbeat while there is no reply, always with the newest snapshot.
    mutating func offerSnapshot(to number: Int) {
        let peer = peers[number].id
        peers[number].progress.becomeSnapshot(offering: snapshot)
        guard !disconnected.contains(peer) else { return }
        let offer = SnapshotOffer(term: term, position: snapshot, membership: snapshotMembership)
        send(.snapshot(offer), to: peer)
    }

    /// A refusal changes nothing: the offer is repeated with the next heartbeat. So it is when a follower has what is
    /// offered, but not all of it on its disk, and the entries that it would be sent again are gone: it has yet to
    /// flush, and offers and replies would chase each other meanwhile. (Seed 57618 of the simulator, script 52.)
    mutating func stepSnapshotReply(_ reply: SnapshotReply, from sender: MemberID) {
        guard role == .leader, let number = peers.firstIndex(where: { $0.id == sender }) else { return }
        guard reply.installed > 0, reply.installed <= log.last else { return }
        let canGoOn = log.term(at: reply.installed) != nil
        if peers[number].progress.state == .snapshot, canGoOn { peers[number].progress.becomeProbe() }
        onMatched(number, through: reply.installed, written: reply.installed, taken: reply.installed)
    }

    // MARK: Follower

    /// A snapshot is on its way that will replace the log.
    package var isReceivingSnapshot: Bool { receiving != nil }

    mutating func stepSnapshot(_ offer: SnapshotOffer, from sender: MemberID) {
        guard receiving == nil else { return }
        if log.contains(offer.position) {
            verified = max(verified, offer.position.index)
            commit(through: offer.position.index)
        }
        guard offer.position.index > machine.committed else {
            return reply(installed: min(machine.committed, log.flushed), to: sender)
        }
        receiving = IncomingSnapshot(offer: offer, sender: sender)
        outbox.put(.receiveSnapshot(offer, from: sender))
    }

    private mutating func reply(installed: LogIndex, to sender: MemberID) {
        send(.snapshotReply(SnapshotReply(term: term, installed: installed)), to: sender)
    }

    /// The snapshot that `receiveSnapshot` asked for is in place, on disk: the log starts after `position`, and the
    /// state machine has been replaced by the snapshot's, so nothing needs to be applied for it.
    package mutating func onSnapshotInstalled(_ position: Position, membership installed: Membership) {
        defer { settle() }
        guard let incoming = receiving else { return }
        precondition(position == incoming.offer.position, "installed \(position), asked for another: \(description)")
        receiving = nil
        log.reset(to: position)
        memberships = MembershipHistory(base: installed, entries: [], after: position.index)
        machine = MachineCursors(snapshot: position.index)
        snapshot = position
        snapshotMembership = installed
        verified = position.index
        finishRejoining()
        // If another leads by now, it finds out with its next append.
        if role == .follower && leader == incoming.sender { reply(installed: position.index, to: incoming.sender) }
    }

    /// The snapshot could not be fetched or installed; the log is as it was.
    package mutating func onSnapshotFailed(from sender: MemberID) {
        defer { settle() }
        guard let incoming = receiving, incoming.sender == sender else { return }
        receiving = nil
        if role == .follower && leader == sender { reply(installed: 0, to: sender) }
    }

    // MARK: Everyone

    /// A snapshot of the applied state at `position` is on disk and would be used after a restart, so entries at or
    /// below it count as flushed even if their own writes are still under way. Runs and memberships that only they need
    /// are forgotten; if the shell keeps part of the log below `position` for slow followers, `logStart` is the first
    /// index it keeps.
    package mutating func onSnapshotTaken(_ position: Position, logStart: LogIndex? = nil) {
        defer { settle() }
        guard position.index > snapshot.index else { return }
        precondition(
            position.index <= machine.applied && log.contains(position),
            "snapshot \(position) of another state: \(description)")
        snapshot = position
        snapshotMembership = memberships.membership(at: position.index)
        let forgotten = min(position.index, max(logStart ?? position.index + 1, 1) - 1)
        memberships.forget(through: forgotten)
        log.forget(through: forgotten)
        raiseFlushed(to: position.index)
    }
}
