extension Raft {
    /// Aborts with the whole state if an invariant is broken. Runs after every call in debug builds.
    package func checkInvariants() {
        guard let violation = invariantViolation else { return }
        preconditionFailure("invariant broken: \(violation): \(description)")
    }

    /// The first broken invariant, or nil.
    package var invariantViolation: String? {
        log.violation ?? cursors.violation(snapshot: snapshot.index) ?? logViolation ?? membershipViolation
            ?? roleViolation ?? peersViolation
    }

    private var logViolation: String? {
        if log.lastPosition.term > term { return "log ahead of the term" }
        if log.base.index > snapshot.index { return "entries forgotten that no snapshot covers" }
        if verified > log.last { return "verified above the log" }
        if let receiving, receiving.offer.position.index <= machine.committed { return "receiving an old snapshot" }
        return nil
    }

    private var membershipViolation: String? {
        var below = log.base.index
        for entry in memberships.entries {
            guard entry.index > below, entry.index <= log.last else { return "memberships out of order" }
            below = entry.index
        }
        return nil
    }

    private var roleViolation: String? {
        switch role {
        case .follower: break
        case .preCandidate: if leader != nil { return "pre-candidate with a leader" }
        case .candidate: if leader != nil || vote != id { return "candidate without its own vote" }
        case .leader: if leader != id || !outbox.isSaved { return "leader in a term that is not saved" }
        }
        if role != .follower && receiving != nil { return "receiving a snapshot as \(role)" }
        let isBare = peers.isEmpty && reads.isEmpty && transfer == nil
        if role != .leader && !isBare { return "leader state in a \(role)" }
        return nil
    }

    private var peersViolation: String? {
        guard role == .leader else { return nil }
        if peers.map(\.id) != membership.others(than: id) { return "peers are not the members" }
        if log.term(at: noop) ?? term != term { return "the no-op is not of this term" }
        for peer in peers {
            if let violation = peer.progress.violation(last: log.last) { return "peer \(peer.id): \(violation)" }
        }
        return nil
    }
}

extension Raft {
    /// The whole state on one line, for a precondition that fails.
    package var description: String {
        let who = "member \(id) \(role) term \(term) vote \(vote ?? 0) leader \(leader ?? 0)"
        let whereabouts = "\(cursors) base \(log.base) runs \(log.runs) snapshot \(snapshot) verified \(verified)"
        let others = peers.map { "\($0.id): \($0.progress)" }.joined(separator: ", ")
        return "\(who); \(whereabouts); membership \(membership); peers [\(others)]; loads \(loads)"
    }
}
