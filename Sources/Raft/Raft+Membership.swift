// Changes of the membership, one member at a time (thesis §4.1).

import Planted

extension Raft {
    /// Adds the entry that makes `change`, if nothing speaks against it. From then on the new membership counts here,
    /// committed or not. On `.accepted` the shell writes the entry, as after `propose`.
    ///
    /// Two memberships that differ by one voter have a member in common in any two majorities; two that differ by more
    /// need not. So nothing is taken before an entry of this term is committed (Ongaro, raft-dev, July 2015): only then
    /// is it settled that no change of an older leader, which we may not know of, can still come to count.
    package mutating func change(_ change: MembershipChange) -> ChangeResult {
        defer { settle() }
        if let refusal = refusal(of: change) { return .refused(refusal) }
        let next = membership.applying(change)
        log.append(count: 1, term: term)
        log.submit()
        memberships.append([MembershipEntry(index: log.last, membership: next)], from: log.last)
        updatePeers()
        replicateToAll()
        return .accepted(log.lastPosition, next)
    }

    /// Why `change` would be refused now; nil if it would be accepted.
    package func refusal(of change: MembershipChange) -> ChangeRefusal? {
        guard role == .leader else { return .notLeader(leader: leader) }
        guard isReady else { return .notReady }
        guard transfer == nil else { return .transferring }
        if isChangePending { return .pending(index: memberships.currentIndex) }
        return refusalByMembership(of: change) ?? refusalByQuorum(of: change)
    }

    private var isChangePending: Bool {
        #if DEBUG
        if Planted.has(.changesWhilePending) { return false }
        #endif
        return memberships.currentIndex > machine.committed
    }

    private func refusalByMembership(of change: MembershipChange) -> ChangeRefusal? {
        switch change {
        case .restate: return nil
        case .addLearner(let member):
            if member == 0 { return .unknownMember }
            return membership.contains(member) ? .alreadyMember : nil
        case .promote(let member):
            if membership.voters.contains(member) { return .alreadyMember }
            guard let progress = progress(of: member) else { return .unknownMember }
            let lag = log.last - min(progress.matched, log.last)
            let isCaughtUp = progress.state == .replicate && lag <= settings.promotionLag
            return isCaughtUp ? nil : .notCaughtUp(matched: progress.matched, last: log.last)
        case .remove(let member):
            guard membership.contains(member) else { return .unknownMember }
            return membership.voters == [member] ? .lastVoter : nil
        }
    }

    /// A change that the new voters could not commit would leave the group without a way forward or back. Those count
    /// whose link is up and whose log is known to continue ours.
    private func refusalByQuorum(of change: MembershipChange) -> ChangeRefusal? {
        let voters = membership.applying(change).voters
        guard voters != membership.voters else { return nil }
        let reachable = voters.count { voter in
            voter == id || (progress(of: voter)?.state == .replicate && !disconnected.contains(voter))
        }
        let needed = Quorum.size(voters: voters.count)
        return reachable >= needed ? nil : .noQuorum(reachable: reachable, needed: needed)
    }

    /// A leader that is no longer a voter serves until the change is committed, then leaves (thesis §4.2.2). Whoever
    /// is furthest along need not wait for an election timeout.
    mutating func leaveIfRemoved() {
        guard !membership.voters.contains(id), machine.committed >= memberships.currentIndex else { return }
        let able = peers.filter { membership.voters.contains($0.id) && !disconnected.contains($0.id) }
        if let heir = able.max(by: { $0.progress.matched < $1.progress.matched }) {
            send(.timeoutNow(TimeoutNow(term: term)), to: heir.id)
        }
        becomeFollower(term: term, leader: nil)
    }
}

extension Membership {
    /// What `change` makes of this; a change that does not fit leaves it as it is.
    func applying(_ change: MembershipChange) -> Membership {
        switch change {
        case .restate: self
        case .addLearner(let member):
            contains(member) ? self : Membership(voters: voters, learners: learners + [member])
        case .promote(let member):
            learners.contains(member)
                ? Membership(voters: voters + [member], learners: learners.filter { $0 != member }) : self
        case .remove(let member):
            Membership(voters: voters.filter { $0 != member }, learners: learners.filter { $0 != member })
        }
    }
}
