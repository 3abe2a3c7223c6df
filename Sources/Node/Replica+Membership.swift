import LogStore
import Ports
import Raft

/// What became of a change of the membership.
package enum ChangeOutcome: Equatable, Sendable {
    case committed(index: UInt64)
    case refused(ChangeRefusal)
    /// Leadership was lost first: the next leader's configuration tells.
    case unknown
}

extension Replica {
    /// The newest configuration in the log, committed or not.
    package var configuration: GroupConfiguration { configurations.newest }

    /// Proposes `change`; `record` says what is to be known of the member it is about. Calls back once, when the change
    /// is applied here, refused, or its fate has passed to another leader.
    package func change(
        _ change: MembershipChange, record: MemberRecord? = nil, _ answer: @escaping (ChangeOutcome) -> Void
    ) {
        sealTurn()
        // Whose directory is not written down could be any directory of that id, for those who hear of it later.
        if case .promote(let member) = change, raft.refusal(of: change) == nil,
            let progress = raft.progress(of: member), configuration.record(of: member).incarnation == 0
        {
            return answer(.refused(.notCaughtUp(matched: progress.matched, last: log.lastIndex)))
        }
        switch propose(change, records: record.map(configuration.records(with:)) ?? configuration.records) {
        case .refused(.alreadyMember): answerIfLeader(.alreadyMember, answer)
        case .refused(.unknownMember): answerIfLeader(.unknownMember, answer)
        case .refused(let refusal): answer(.refused(refusal))
        case .accepted(let position, _):
            waiters.add(.init(index: position.index, ticket: position.index, target: ChangeWaiter(answer)))
            drain()
        }
    }

    /// Who is a member, a leader that has been deposed without knowing it does not know.
    private func answerIfLeader(_ refusal: ChangeRefusal, _ answer: @escaping (ChangeOutcome) -> Void) {
        readBarrier { [unowned self] isLeader in
            answer(.refused(isLeader ? refusal : .notLeader(leader: leader?.rawValue)))
        }
    }

    private func propose(_ change: MembershipChange, records: [MemberRecord]) -> ChangeResult {
        let result = raft.change(change)
        guard case .accepted(let position, let membership) = result else { return result }
        let configuration = GroupConfiguration(membership: membership, records: records)
        appendOwn(kind: .configuration, payload: [configuration.encoded()], at: position)
        remember(configuration, at: position.index)
        return result
    }

    // MARK: Following the log

    func remember(_ configuration: GroupConfiguration, at index: UInt64) {
        configurations.append(configuration, at: index)
        configurationChanged()
    }

    /// False when the node has to stop.
    func remember(_ entry: LogEntry) -> Bool {
        do {
            remember(try GroupConfiguration(decoding: entry.payload), at: entry.index)
            return true
        } catch {
            stop(.undecodableEntry(index: entry.index, error))
            return false
        }
    }

    func forgetConfigurations(after index: UInt64) {
        guard configurations.lastIndex > index else { return }
        configurations.truncate(after: index)
        configurationChanged()
    }

    func configurationChanged() {
        acquaintances.judge(by: configuration)
        onConfiguration?()
    }

    /// Committed: those who are not members now will not hear of it through the log.
    func configurationApplied(at index: UInt64) {
        let before = configurations.entry(at: index - 1).configuration
        let applied = configurations.entry(at: index).configuration
        let members = before.membership.voters + before.membership.learners
        for member in members where !applied.membership.contains(member) {
            acquaintances.removeMember(member, before.record(of: member).incarnation, configuration)
        }
        for peer in acquaintances.peers { tellIfOutside(peer) }
        guard isLeader, !configuration.membership.contains(node.rawValue) else { return }
        // The core tells another to take over.
        handOverTicks = 0
        removed(at: index)
    }

    // MARK: Introductions

    func introduce(to peer: NodeID) {
        send(.introduction(acquaintances.own), to: peer)
    }

    func introduced(_ peer: NodeID, as introduction: Introduction) {
        acquaintances.add(peer.rawValue, introduction, configuration)
        if acquaintances.strangers.contains(peer.rawValue) {
            onEvent?(.strangerRefused(peer))
            send(.otherData(configuration: configurations.lastIndex), to: peer)
        }
        tellIfOutside(peer.rawValue)
    }

    /// To a peer that is not a member by what is applied here. One that asks for votes is told again.
    func tellIfOutside(_ peer: MemberID) {
        let known = configurations.entry(at: appliedIndex)
        guard !known.configuration.membership.voters.isEmpty, !known.configuration.membership.contains(peer) else {
            return
        }
        send(.notMember(configuration: known.index), to: NodeID(peer))
    }

    /// This very directory belongs, or has belonged, to a member. A node that is to join is told that it is none, and
    /// so is one that has joined by a follower that lags; neither has been removed.
    private var wasMember: Bool {
        acquaintances.own.isFounder || configurations.entries.contains { entry in
            let record = entry.configuration.record(of: node.rawValue)
            return record.incarnation != 0 && record.incarnation == acquaintances.own.incarnation
        }
    }

    /// It has been told that it is no member, and does not know of ever having been one: what its log says of its id
    /// may be about another directory. By that log it may be a member, if it was removed before it was sent more.
    package var awaitsMembership: Bool {
        guard let toldOutside, !wasMember else { return false }
        return !configuration.membership.contains(node.rawValue) || toldOutside > lastMembership
    }

    /// The newest configuration in the log with this node's id among the members; 0 if there is none.
    private var lastMembership: UInt64 {
        configurations.entries.last { $0.configuration.membership.contains(node.rawValue) }?.index ?? 0
    }

    /// By its own configuration, this node's id belongs to another directory, so it does not campaign. It may be the
    /// configuration that is behind: whether its vote counts is for those who ask to say (seed 13837).
    var isOtherData: Bool {
        let known = configuration.record(of: node.rawValue).incarnation
        return known != 0 && known != acquaintances.own.incarnation
    }

    /// By the configuration at `index`, which is committed, this node is not a member: it has been removed if its own
    /// log does not make it one later, whether that says of a removal already or not. If the one before it has just
    /// been removed under this node's id, the peer has forgotten who is at this end.
    func toldNotMember(by peer: NodeID, configuration index: UInt64) {
        guard wasMember, index > lastMembership else {
            let wasAwaiting = awaitsMembership
            toldOutside = max(toldOutside ?? 0, index)
            // Said once: it may take a while until an operator adds this node.
            if awaitsMembership, !wasAwaiting { onEvent?(.awaitingMembership) }
            if acquaintances.outsideBy[peer.rawValue].map({ $0 < index }) ?? true {
                acquaintances.outsideBy[peer.rawValue] = index
                introduce(to: peer)
            }
            return
        }
        removed(at: index)
    }

    /// By the configuration at `index`, a node of this id has other data than this one. Not by an older one than ours,
    /// unless ours says so too: a leader may have sent us its log before it knew who we are.
    func toldOtherData(by peer: NodeID, configuration index: UInt64) {
        guard index > configurations.lastIndex || isOtherData else { return }
        if wasMember { stop(.foreignData(node)) } else { onEvent?(.knownWithOtherData) }
    }

    private func removed(at index: UInt64) {
        guard removedAt == nil else { return }
        removedAt = index
        onRemoved?(index)
    }

    /// The leader writes down which directory each member has. Once, when a cluster is new and when a member is.
    func recordIncarnations() {
        guard acquaintances.isRecordDue, raft.isReady else { return }
        acquaintances.isRecordDue = false
        guard let records = acquaintances.completing(configuration, self: node.rawValue) else { return }
        sealTurn()
        if case .refused = propose(.restate, records: records) { acquaintances.isRecordDue = true }
        drain()
    }
}

private final class ChangeWaiter: ProposalWaiter {
    private let answer: (ChangeOutcome) -> Void

    init(_ answer: @escaping (ChangeOutcome) -> Void) { self.answer = answer }

    /// The ticket is the entry's index.
    func proposalEnded(ticket: UInt64, _ outcome: ProposalOutcome) {
        switch outcome {
        case .applied: answer(.committed(index: ticket))
        case .unknown: answer(.unknown)
        }
    }
}
