import Broker
import KafkaWire

/// Members of the classic protocol in a group of the consumer protocol (KIP-848, online upgrade): they join, are given
/// what is free of their target at once, and are asked to join again whenever there is something else for them.
extension ConsumerProtocolGroup {
    /// A member that speaks the classic protocol.
    func classicMember(_ id: String) -> ConsumerMember? {
        state.position(of: id).map { state[$0] }.flatMap { $0.classic == nil ? nil : $0 }
    }

    func join(
        _ request: JoinGroupRequest, version: Int16, client: GroupClient, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void
    ) {
        do throws(GroupRefusal) {
            let subscription = try subscription(of: request)
            let id = request.memberId.isEmpty
                ? "\(request.groupInstanceId ?? client.id)-\(makeSuffix())" : request.memberId
            let before = try find(request)
            if before == nil { try checkRoom() }
            // A new member must learn its id first (KIP-394).
            if request.memberId.isEmpty, request.groupInstanceId == nil, version >= 4 {
                return answer(.failed(.memberIdRequired, memberId: id))
            }
            var member = before ?? ConsumerMember(
                id: id, instance: request.groupInstanceId, rack: nil, clientID: "", clientHost: "",
                rebalanceTimeoutMilliseconds: 0, topics: [], assignor: nil)
            if member.id != id { member = member.replaced(by: id) }
            member.update(request, subscription, client)
            let owned = catalog.keys(subscription.ownedPartitions)
            try take(member, before: before, owned: owned, now: now) { after, code in
                answer(code.isError ? .failed(code, memberId: id) : JoinGroupResponse(
                    generationId: after.epoch, protocolType: request.protocolType,
                    protocolName: request.protocols.first?.name, leader: "", memberId: id, members: []))
            }
        } catch {
            answer(.failed(error.code, memberId: request.memberId))
        }
    }

    /// What a consumer says under the first protocol it names. It must speak one that the other members of the classic
    /// protocol speak, too: they may be left to themselves.
    private func subscription(of request: JoinGroupRequest) throws(GroupRefusal) -> ConsumerProtocolSubscription {
        let others = state.members.filter { other in
            other.id != request.memberId && (other.instance == nil || other.instance != request.groupInstanceId)
        }.compactMap(\.classic)
        guard request.protocolType == "consumer", let first = request.protocols.first,
            request.protocols.contains(where: { offered in others.allSatisfy { $0.speaks(offered.name) } })
        else { throw GroupRefusal(code: .inconsistentGroupProtocol) }
        do { return try ConsumerProtocolSubscription(from: first.metadata) } catch {
            throw GroupRefusal(code: .inconsistentGroupProtocol, message: "\(error)")
        }
    }

    /// The member that joins again, or whose place is taken; nil for a new one.
    private func find(_ request: JoinGroupRequest) throws(GroupRefusal) -> ConsumerMember? {
        guard let instance = request.groupInstanceId else {
            return state.position(of: request.memberId).map { state[$0] }
        }
        guard let position = state.position(instance: instance) else {
            if request.memberId.isEmpty { return nil }
            throw GroupRefusal(code: .unknownMemberId)
        }
        let member = state[position]
        if request.memberId == member.id { return member }
        if !request.memberId.isEmpty { throw GroupRefusal(code: .fencedInstanceId) }
        if member.isInPlace { throw GroupRefusal(code: .unreleasedInstanceId) }
        return member
    }

    func sync(_ request: SyncGroupRequest, now: UInt64, answer: @escaping (SyncGroupResponse) -> Void) {
        do throws(GroupRefusal) {
            let member = try sender(request.memberId, request.groupInstanceId, request.generationId)
            let isOfType = request.protocolType.map { $0 == "consumer" } ?? true
            let isNamed = request.protocolName.map { member.classic?.speaks($0) ?? false } ?? true
            guard isOfType, isNamed else { throw GroupRefusal(code: .inconsistentGroupProtocol) }
            touch(member, now: now, revokesAnew: false)
            // It must give something up first, and learns what by what it is given; otherwise it is too late.
            if member.epoch < state.epoch, member.revoking.isEmpty {
                throw GroupRefusal(code: .rebalanceInProgress)
            }
            let assignment = ConsumerProtocolAssignment(
                version: member.classic?.version ?? 0, partitions: catalog.named(member.held))
            let response = SyncGroupResponse(
                protocolType: "consumer", protocolName: request.protocolName, assignment: assignment.encoded())
            advance(to: state) { answer($0.isError ? .failed($0) : response) }
        } catch {
            answer(.failed(error.code))
        }
    }

    func heartbeat(_ request: HeartbeatRequest, now: UInt64) -> KafkaErrorCode {
        do throws(GroupRefusal) {
            let member = try sender(request.memberId, request.groupInstanceId, request.generationId)
            if topicsHaveChanged(state) {
                var next = state
                retarget(&next)
                advance(to: next) { _ in }
            }
            let current = classicMember(member.id) ?? member
            touch(current, now: now, revokesAnew: false)
            return state.awaits(current) ? .rebalanceInProgress : .none
        } catch {
            return error.code
        }
    }

    private func sender(
        _ id: String, _ instance: String?, _ generation: Int32
    ) throws(GroupRefusal) -> ConsumerMember {
        if let holder = instance.flatMap(state.position(instance:)), state[holder].id != id {
            throw GroupRefusal(code: .fencedInstanceId)
        }
        guard let member = classicMember(id), instance == nil || member.instance == instance else {
            throw GroupRefusal(code: .unknownMemberId)
        }
        if member.epoch != generation { throw GroupRefusal(code: .illegalGeneration) }
        return member
    }

    /// Also for an administrator who removes members, whatever they speak.
    func leave(_ id: String, instance: String?, now: UInt64) -> KafkaErrorCode {
        let found = instance.map(state.position(instance:)) ?? state.position(of: id)
        guard let found else { return .unknownMemberId }
        if !id.isEmpty, id != state[found].id { return .fencedInstanceId }
        var next = state
        remove([state[found].id], from: &next)
        advance(to: next) { _ in }
        forgetClocks()
        return .none
    }
}

extension ConsumerMember {
    fileprivate mutating func update(
        _ request: JoinGroupRequest, _ subscription: ConsumerProtocolSubscription, _ client: GroupClient
    ) {
        clientID = client.id
        clientHost = client.host
        if let rack = subscription.rackId { self.rack = rack }
        rebalanceTimeoutMilliseconds = request.rebalanceTimeoutMs < 0
            ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
        topics = Set(subscription.topics).sorted()
        pattern = nil
        assignor = nil
        classic = ClassicTraits(
            sessionTimeoutMilliseconds: request.sessionTimeoutMs,
            // The frame must not be kept for as long as the member lives.
            protocols: request.protocols.map { .init(name: $0.name, subscription: $0.metadata.detached()) },
            version: subscription.version)
    }
}

extension ClassicTraits {
    func speaks(_ protocolName: String) -> Bool { protocols.contains { $0.name == protocolName } }
}
