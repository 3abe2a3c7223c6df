import Broker
import KafkaWire
import Node

/// The groups that have members, or are about to, as the leader runs them. All of it is made anew from the broker's
/// state when this node becomes ready to lead, and dropped when it stops.
final class GroupCoordinator {
    private unowned let gateway: KafkaGateway
    /// In the order in which they came up; looked up by name.
    private var groups: [ClassicGroup] = []
    private var groupOfName: [String: ClassicGroup] = [:]
    /// The term for which `groups` was made; nil while this node does not lead.
    private var term: UInt64?
    private var nextRetentionCheck: UInt64 = 0

    init(gateway: KafkaGateway) { self.gateway = gateway }

    private var settings: GroupSettings { gateway.settings.groups }
    private var now: UInt64 { gateway.node.clock.monotonicNanoseconds }

    /// What stands in the way of coordinating here, now.
    var refusal: KafkaErrorCode? {
        followLeadership()
        if term != nil { return nil }
        return gateway.replica.isLeader ? .coordinatorLoadInProgress : .notCoordinator
    }

    /// Takes over the stored groups, or lets go of all.
    func followLeadership() {
        let leads = gateway.replica.admission != nil ? gateway.replica.term : nil
        if leads == term { return }
        let abandoned = groups
        groups = []
        groupOfName = [:]
        term = leads
        for group in abandoned { group.abandon() }
        guard term != nil else { return }
        for stored in gateway.broker.allGroups where !stored.generation.members.isEmpty { take(stored.generation) }
    }

    @discardableResult private func take(_ stored: GroupGeneration) -> ClassicGroup {
        let group = ClassicGroup(
            stored: stored, now: now, settings: settings, makeSuffix: { [unowned self] in makeSuffix() },
            store: { [unowned self] generation, completion in store(generation, completion) })
        groups.append(group)
        groupOfName[stored.group] = group
        return group
    }

    private func makeSuffix() -> String {
        let words = [gateway.node.entropy.next(), gateway.node.entropy.next()]
        return words.map { String($0, radix: 16) }.joined(separator: "-")
    }

    private func store(_ generation: GroupGeneration, _ completion: @escaping (Bool) -> Void) {
        gateway.propose([.storeGroup(generation)]) { outcomes in
            if case .applied(.groupStored) = outcomes[0] { completion(true) } else { completion(false) }
        }
    }

    /// To be asked only when nothing refuses. The group, if there is one here or in the broker's state.
    func find(_ name: String) -> ClassicGroup? {
        groupOfName[name] ?? gateway.broker.group(named: name).map { take($0.generation) }
    }

    func findOrMake(_ name: String) -> ClassicGroup { find(name) ?? take(GroupGeneration(group: name)) }

    /// Names of all groups here and in the broker's state, in no meaningful order.
    var names: [String] {
        let stored = gateway.broker.allGroups.map(\.name)
        return stored + groups.map(\.name).filter { gateway.broker.group(named: $0) == nil }
    }

    /// The broker's state has the group no more. Neither has this, unless somebody is joining it again.
    func wasDeleted(_ name: String) {
        guard groupOfName[name]?.isIdle == true else { return }
        groupOfName[name] = nil
        groups.removeAll { $0.name == name }
    }

    func tick() {
        followLeadership()
        guard term != nil else { return }
        let time = now
        for group in groups { group.tick(now: time) }
        for group in groups where group.isIdle { groupOfName[group.name] = nil }
        groups.removeAll { $0.isIdle }
        expireOffsets(now: time)
    }

    private func expireOffsets(now: UInt64) {
        guard now >= nextRetentionCheck else { return }
        nextRetentionCheck = now + UInt64(settings.retentionCheckMilliseconds) * 1_000_000
        let oldest = gateway.node.clock.wallMilliseconds - settings.offsetRetentionMilliseconds
        guard gateway.broker.hasExpiredOffsets(before: oldest) else { return }
        // If it fails, the next check finds the same.
        gateway.propose([.expireOffsets(before: oldest)]) { _ in }
    }
}

extension KafkaGateway {
    /// Proposes commands of this node's own, or of a request that is not passed on.
    func propose(_ commands: [Command], completion: @escaping ([CommandBatch.Outcome]) -> Void) {
        let deadline = node.clock.monotonicNanoseconds + UInt64(settings.commandTimeoutMilliseconds) * 1_000_000
        let batch = CommandBatch(count: commands.count, deadline: deadline, completion: completion)
        batch.propose(commands, to: replica)
        if !batch.isComplete { add(batch) }
    }
}

extension CommandBatch.Outcome {
    /// For requests that are sent to the coordinator.
    var coordinatorCode: KafkaErrorCode {
        switch self {
        case .applied(.refused(let error)): KafkaErrorCode(error)
        case .applied: .none
        case .notLeading: .notCoordinator
        // Clients ask again, after looking for the coordinator.
        case .timedOut: .coordinatorNotAvailable
        }
    }
}
