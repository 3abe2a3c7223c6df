import Broker
import Bytes
import KafkaWire
import Planted

/// Between the protocols (KIP-848): a group of the classic protocol becomes one of the consumer protocol when a member
/// of that joins, and one of the classic protocol again when the last such member is gone. Nobody has to stop for it.
extension ClassicGroup {
    /// The same members at the same epoch, holding what they read. Refused where the members do not say so in Kafka's
    /// own format, or where their assignor tells them more than that: it would be lost.
    func upgraded(_ catalog: TopicCatalog) throws(GroupRefusal) -> ConsumerMembership {
        guard protocolType == "consumer" else {
            throw refusal("its members are no consumers, but of type \(protocolType)")
        }
        var membership = ConsumerMembership(epoch: max(generation, 0))
        for member in members { membership.put(try upgraded(member, catalog)) }
        return membership
    }

    private func upgraded(_ member: ClassicMember, _ catalog: TopicCatalog) throws(GroupRefusal) -> ConsumerMember {
        let assignment: ConsumerProtocolAssignment
        let subscription: ConsumerProtocolSubscription
        do throws(DecodeError) {
            let spoken = member.protocols.first { $0.name == protocolName } ?? member.protocols.first
            assignment = try ConsumerProtocolAssignment(from: member.assignment)
            subscription = try ConsumerProtocolSubscription(from: spoken?.metadata ?? .empty)
        } catch {
            throw refusal("member \(member.id) does not write what consumers do: \(error)")
        }
        if assignment.hasUserData { throw refusal("what its own assignor tells member \(member.id) would be lost") }
        var upgraded = ConsumerMember(
            id: member.id, instance: member.instance, rack: subscription.rackId, clientID: member.clientID,
            clientHost: member.clientHost, rebalanceTimeoutMilliseconds: member.rebalanceMilliseconds,
            topics: Set(subscription.topics).sorted(), assignor: nil, epoch: max(generation, 0),
            previousEpoch: max(generation, 0))
        upgraded.classic = ClassicTraits(
            sessionTimeoutMilliseconds: member.sessionMilliseconds,
            protocols: member.protocols.map { .init(name: $0.name, subscription: $0.metadata) },
            version: subscription.version)
        // Between generations a member has what it still had when it joined, or else what it had before.
        let isGiven = phase == .stable || (member.join == nil && !member.assignment.isEmpty)
        upgraded.held = catalog.keys(isGiven ? assignment.partitions : subscription.ownedPartitions)
        #if DEBUG
        if Planted.has(.upgradeForgetsHeld) { upgraded.held = [] }
        #endif
        upgraded.target = upgraded.held
        return upgraded
    }

    private func refusal(_ reason: String) -> GroupRefusal {
        GroupRefusal(
            code: .groupIdNotFound, message: "group \(name) cannot change to the consumer protocol: \(reason)")
    }

    /// Those who wait for a generation join the group of the consumer protocol instead; whoever waits for an assignment
    /// is to join again.
    func move(to group: ConsumerProtocolGroup, now: UInt64) {
        for member in members {
            guard let answer = member.takeJoin() else { continue }
            let request = JoinGroupRequest(
                groupId: name, sessionTimeoutMs: member.sessionMilliseconds,
                rebalanceTimeoutMs: member.rebalanceMilliseconds, memberId: member.id,
                groupInstanceId: member.instance, protocolType: protocolType, protocols: member.protocols)
            let client = GroupClient(id: member.clientID, host: member.clientHost)
            let version = SupportedApis[.joinGroup].maximum
            group.join(request, version: version, client: client, now: now, answer: answer)
        }
        abandon(.rebalanceInProgress)
    }

    /// Takes over all members of a group that spoke the consumer protocol, and has them agree on a generation.
    func begin(with membership: ConsumerMembership, catalog: TopicCatalog, now: UInt64) {
        members = membership.members.compactMap { member in
            member.classic.map { ClassicMember(member, $0, holding: catalog.named(member.held), now: now) }
        }
        protocolName = chosenProtocol()
        phase = .stable
        rebalance(now: now)
    }
}

extension ClassicMember {
    fileprivate convenience init(
        _ member: ConsumerMember, _ traits: ClassicTraits, holding held: [ConsumerProtocolPartitions], now: UInt64
    ) {
        let stored = GroupMember(
            id: member.id, instance: member.instance, clientID: member.clientID, clientHost: member.clientHost,
            rebalanceTimeoutMilliseconds: member.rebalanceTimeoutMilliseconds,
            sessionTimeoutMilliseconds: traits.sessionTimeoutMilliseconds, subscription: .empty,
            assignment: ConsumerProtocolAssignment(version: traits.version, partitions: held).encoded())
        let protocols = traits.protocols.map {
            JoinGroupRequest.GroupProtocol(name: $0.name, metadata: $0.subscription)
        }
        self.init(stored: stored, protocols: protocols, now: now)
    }
}
