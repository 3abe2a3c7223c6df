import Broker
import KafkaWire
import Node
import Planted

/// The groups that have members, or are about to, as the leader runs them. All of it is made anew from the broker's
/// state when this node becomes ready to lead, and dropped when it stops.
final class GroupCoordinator {
    private unowned let gateway: KafkaGateway
    /// In the order in which they came up; looked up by name.
    private var groups: [ClassicGroup] = []
    private var groupOfName: [String: ClassicGroup] = [:]
    /// A name is here or there.
    private var consumerGroups: [ConsumerProtocolGroup] = []
    private var consumerGroupOfName: [String: ConsumerProtocolGroup] = [:]
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
        consumerGroups = []
        consumerGroupOfName = [:]
        term = leads
        for group in abandoned { group.abandon(.notCoordinator) }
        guard term != nil else { return }
        #if DEBUG
        if Planted.has(.newCoordinatorForgetsMembers) { return }
        #endif
        for stored in gateway.broker.allGroups where stored.memberCount > 0 {
            guard let membership = stored.membership else {
                take(stored.generation)
                continue
            }
            if membership.isClassic { rebalance(membership, stored.name) } else { take(membership, stored.name) }
        }
    }

    private func make(_ state: ConsumerMembership, _ name: String, isStored: Bool) -> ConsumerProtocolGroup {
        ConsumerProtocolGroup(
            name: name, state: state, isStored: isStored, now: now, settings: settings, catalog: catalog,
            makeSuffix: { [unowned self] in makeSuffix() },
            store: { [unowned self] change, completion in
                self.gateway.propose([.changeMembership(change)]) { completion($0[0].coordinatorCode) }
            })
    }

    private var catalog: TopicCatalog { TopicCatalog(gateway: gateway) }

    private func add(_ group: ConsumerProtocolGroup) {
        consumerGroups.append(group)
        consumerGroupOfName[group.name] = group
    }

    @discardableResult private func take(_ stored: ConsumerMembership, _ name: String) -> ConsumerProtocolGroup {
        let group = make(stored, name, isStored: true)
        add(group)
        return group
    }

    /// The last member of the consumer protocol has left: those of the classic protocol assign by themselves from now
    /// on. The log hears of it with their first generation; until then it says the same as now.
    private func rebalance(_ membership: ConsumerMembership, _ name: String) {
        let group = take(GroupGeneration(group: name, number: membership.epoch, protocolType: "consumer"))
        group.begin(with: membership, catalog: catalog, now: now)
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

    // To be asked only when nothing refuses.

    /// The group, if there is one of the classic protocol here or in the broker's state.
    func find(_ name: String) -> ClassicGroup? {
        if let group = groupOfName[name] { return group }
        guard consumerGroupOfName[name] == nil, let stored = gateway.broker.group(named: name) else { return nil }
        #if DEBUG
        if Planted.has(.newCoordinatorForgetsMembers), stored.membership == nil {
            return take(GroupGeneration(group: name, number: stored.generation.number))
        }
        #endif
        return stored.membership == nil ? take(stored.generation) : nil
    }

    func findConsumerGroup(_ name: String) -> ConsumerProtocolGroup? {
        if let group = consumerGroupOfName[name] { return group }
        guard groupOfName[name] == nil else { return nil }
        return gateway.broker.group(named: name)?.membership.map { take($0, name) }
    }

    func consumerGroup(_ name: String) throws(GroupRefusal) -> ConsumerProtocolGroup {
        if let group = findConsumerGroup(name) { return group }
        throw GroupRefusal(code: .groupIdNotFound, message: "group \(name) is not a group of the consumer protocol")
    }

    func findEither(_ name: String) -> (any CoordinatedGroup)? { find(name) ?? findConsumerGroup(name) }

    /// The group that a new member of the classic protocol joins. One of the consumer protocol without members becomes
    /// one of this.
    func findOrMake(_ name: String) -> any CoordinatedGroup {
        if let group = find(name) { return group }
        guard let other = findConsumerGroup(name) else { return take(GroupGeneration(group: name)) }
        if other.hasMembers { return other }
        drop(other)
        return take(GroupGeneration(group: name, number: other.state.epoch))
    }

    /// The group that a new member of the consumer protocol joins. One of the classic protocol becomes one of this,
    /// with the members that it has, when the new one is in: see `settle`.
    func findOrMakeConsumerGroup(_ name: String) throws(GroupRefusal) -> ConsumerProtocolGroup {
        if let group = findConsumerGroup(name) { return group }
        guard let other = find(name) else { return take(ConsumerMembership(epoch: 0), name) }
        if other.hasMembers { return make(try other.upgraded(catalog), name, isStored: false) }
        drop(other)
        return take(ConsumerMembership(epoch: max(other.generation, 0)), name)
    }

    /// To be called when `group` has had a request: it may change its protocol by that.
    func settle(_ group: any CoordinatedGroup) {
        guard let group = group as? ConsumerProtocolGroup else { return }
        if let classic = groupOfName[group.name] {
            // Whoever wanted to join was refused.
            guard group.isStored else { return }
            drop(classic)
            add(group)
            classic.move(to: group, now: now)
        }
        if group.isIdle { drop(group) }
        if group.state.isClassic { downgrade(group) }
    }

    private func downgrade(_ group: ConsumerProtocolGroup) {
        drop(group)
        rebalance(group.state, group.name)
    }

    private func drop(_ group: ClassicGroup) {
        groupOfName[group.name] = nil
        groups.removeAll { $0 === group }
    }

    private func drop(_ group: ConsumerProtocolGroup) {
        consumerGroupOfName[group.name] = nil
        consumerGroups.removeAll { $0 === group }
    }

    /// Names of all groups here and in the broker's state, in no meaningful order.
    var names: [String] {
        let stored = gateway.broker.allGroups.map(\.name)
        let here = groups.map(\.name) + consumerGroups.map(\.name)
        return stored + here.filter { gateway.broker.group(named: $0) == nil }
    }

    /// The broker's state has the group no more. Neither has this, unless somebody is joining it again.
    func wasDeleted(_ name: String) {
        if let group = groupOfName[name], group.isIdle { drop(group) }
        if let group = consumerGroupOfName[name], group.isIdle { drop(group) }
    }

    func tick() {
        followLeadership()
        guard term != nil else { return }
        let time = now
        for group in groups { group.tick(now: time) }
        for group in groups where group.isIdle { groupOfName[group.name] = nil }
        groups.removeAll { $0.isIdle }
        for group in consumerGroups { group.tick(now: time) }
        for group in consumerGroups where group.state.isClassic { downgrade(group) }
        for group in consumerGroups where group.isIdle { consumerGroupOfName[group.name] = nil }
        consumerGroups.removeAll { $0.isIdle }
        expireOffsets(now: time)
    }

    private func expireOffsets(now: UInt64) {
        guard now >= nextRetentionCheck else { return }
        nextRetentionCheck = now + UInt64(settings.retentionCheckMilliseconds) * 1_000_000
        guard let time = gateway.replica.agreedMilliseconds else { return }
        let oldest = time - settings.offsetRetentionMilliseconds
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
