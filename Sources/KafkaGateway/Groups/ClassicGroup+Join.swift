import Broker
import Bytes
import KafkaWire

/// JoinGroup, and how a generation comes about.
extension ClassicGroup {
    /// `version` decides whether a new member must first learn its id (KIP-394) and whether a returning static leader
    /// can be told to leave the assignment alone (KIP-814).
    func join(
        _ request: JoinGroupRequest, version: Int16, client: GroupClient, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void
    ) {
        guard speaks(request) else {
            return answer(.failed(.inconsistentGroupProtocol, memberId: request.memberId))
        }
        let others = byteCount - (member(request.memberId)?.byteCount ?? 0)
        if others + ClassicMember.byteCount(of: request, client) > settings.maximumBytes {
            return answer(.failed(.groupMaxSizeReached, memberId: request.memberId))
        }
        if request.memberId.isEmpty {
            return joinAnew(request, version: version, client: client, now: now, answer: answer)
        }
        if let position = pending.firstIndex(where: { $0.id == request.memberId }) {
            pending.remove(at: position)
            return add(request, id: request.memberId, client: client, now: now, answer: answer)
        }
        do throws(GroupRefusal) {
            let member = try identify(request.memberId, instance: request.groupInstanceId)
            rejoin(member, request, now: now, answer: answer)
        } catch {
            answer(.failed(error.code, memberId: request.memberId))
        }
    }

    /// The group can still agree on a protocol with this member.
    private func speaks(_ request: JoinGroupRequest) -> Bool {
        guard !request.protocolType.isEmpty, !request.protocols.isEmpty else { return false }
        let others = members.filter { member in
            member.id != request.memberId && (member.instance == nil || member.instance != request.groupInstanceId)
        }
        if others.isEmpty { return true }
        return request.protocolType == protocolType
            && request.protocols.contains { offered in others.allSatisfy { $0.speaks(offered.name) } }
    }

    private func joinAnew(
        _ request: JoinGroupRequest, version: Int16, client: GroupClient, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void
    ) {
        let returns = request.groupInstanceId.map { member(instance: $0) != nil } ?? false
        if !returns, members.count + pending.count >= settings.maximumMembers {
            return answer(.failed(.groupMaxSizeReached, memberId: ""))
        }
        let id = "\(request.groupInstanceId ?? client.id)-\(makeSuffix())"
        if let instance = request.groupInstanceId {
            guard let member = member(instance: instance) else {
                return add(request, id: id, client: client, now: now, answer: answer)
            }
            return replace(member, by: id, request, version: version, client: client, now: now, answer: answer)
        }
        if version >= 4 {
            let lapse = UInt64(max(request.sessionTimeoutMs, 0)) * 1_000_000
            pending.append((id, now + lapse))
            return answer(.failed(.memberIdRequired, memberId: id))
        }
        add(request, id: id, client: client, now: now, answer: answer)
    }

    private func add(
        _ request: JoinGroupRequest, id: String, client: GroupClient, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void
    ) {
        if members.isEmpty { protocolType = request.protocolType }
        let member = ClassicMember(request, id: id, client: client, now: now)
        members.append(member)
        if leader == nil { leader = id }
        member.awaitJoin(answer)
        gathering?.hasGrown = true
        rebalance(now: now)
    }

    /// A process with the name of a static member takes that member's place. If nothing changes for the others, the
    /// generation stays (KIP-345).
    private func replace(
        _ member: ClassicMember, by id: String, _ request: JoinGroupRequest, version: Int16, client: GroupClient,
        now: UInt64, answer: @escaping (JoinGroupResponse) -> Void
    ) {
        let old = member.id
        let before = member.metadata(of: protocolName)
        member.replace(id: id, client: client)
        if leader == old { leader = id }
        member.update(request, now: now)
        let isUnchanged = phase == .stable && chosenProtocol() == protocolName
            && member.metadata(of: protocolName) == before
        guard isUnchanged else {
            member.awaitJoin(answer)
            return rebalance(now: now)
        }
        let generation = generation
        store(agreement { $0.assignment }) { [self] isStored in
            // Another process has come while this was on its way. It must not get that one's id: both would be taken
            // for the member.
            if member.id != id { return answer(.failed(.fencedInstanceId, memberId: id)) }
            guard isStored, self.generation == generation, phase == .stable else {
                return answer(.failed(.rebalanceInProgress, memberId: id))
            }
            var response = currentGeneration(for: member)
            // An old client that is told that it leads would assign anew, and the others would not hear of it.
            if version >= 9 { response.skipAssignment = leader == id } else if leader == id { response.leader = old }
            if version < 9 { response.members = [] }
            answer(response)
        }
    }

    private func rejoin(
        _ member: ClassicMember, _ request: JoinGroupRequest, now: UInt64,
        answer: @escaping (JoinGroupResponse) -> Void
    ) {
        let isUnchanged = member.matches(request.protocols)
        switch phase {
        // A member that did not hear the answer asks again; the leading one of a stable group asks for a rebalance.
        case .assigning where isUnchanged, .stable where isUnchanged && member.id != leader:
            member.touch(now)
            answer(currentGeneration(for: member))
        case .joining, .assigning, .stable:
            member.update(request, now: now)
            member.awaitJoin(answer)
            rebalance(now: now)
        case .empty: answer(.failed(.unknownMemberId, memberId: member.id))
        }
    }

    private func currentGeneration(for member: ClassicMember) -> JoinGroupResponse {
        let subscriptions = member.id != leader ? [] : members.map {
            JoinGroupResponse.Member(
                memberId: $0.id, groupInstanceId: $0.instance, metadata: $0.metadata(of: protocolName))
        }
        return JoinGroupResponse(
            generationId: generation, protocolType: protocolType, protocolName: protocolName, leader: leader ?? "",
            memberId: member.id, members: subscriptions)
    }

    // MARK: Towards the next generation

    /// Someone came, went or changed.
    func rebalance(now: UInt64) {
        if phase == .joining { return completeJoinIfAllAreBack(now: now) }
        storing = nil
        hasUnstoredEnd = false
        for member in members { member.answerSync(.failed(.rebalanceInProgress)) }
        let delay = UInt64(settings.initialRebalanceDelayMilliseconds) * 1_000_000
        if phase == .empty, delay > 0 {
            let longest = longestRebalance
            gathering = Gathering(remaining: longest > delay ? longest - delay : 0)
            joinDeadline = now + min(delay, longest)
        } else {
            gathering = nil
            joinDeadline = now + longestRebalance
        }
        phase = .joining
        completeJoinIfAllAreBack(now: now)
    }

    func completeJoinIfAllAreBack(now: UInt64) {
        guard gathering == nil, pending.isEmpty, members.allSatisfy({ $0.join != nil }) else { return }
        beginGeneration(now: now)
    }

    func joinTimeIsUp(now: UInt64) {
        if let gathering, gathering.hasGrown, gathering.remaining > 0 {
            let delay = min(UInt64(settings.initialRebalanceDelayMilliseconds) * 1_000_000, gathering.remaining)
            self.gathering = Gathering(remaining: gathering.remaining - delay)
            joinDeadline = now + delay
            return
        }
        gathering = nil
        // Static members keep their place until their session ends.
        members.removeAll { $0.join == nil && $0.instance == nil }
        if !members.isEmpty, members.allSatisfy({ $0.join == nil }) {
            joinDeadline = now + longestRebalance
            return
        }
        beginGeneration(now: now)
    }

    private func beginGeneration(now: UInt64) {
        generation &+= 1
        storing = nil
        guard !members.isEmpty else { return becomeEmpty() }
        let leads = leader.flatMap { member($0) }.map { $0.join != nil } ?? false
        if !leads { leader = members.first { $0.join != nil }?.id }
        protocolName = chosenProtocol()
        phase = .assigning
        syncDeadline = now + longestRebalance
        let present = members
        for member in present { member.beginGeneration(now: now) }
        for member in present { member.answerJoin(currentGeneration(for: member)) }
    }

    private func becomeEmpty() {
        phase = .empty
        leader = nil
        protocolName = nil
        hasUnstoredEnd = true
        storeEnd()
    }

    /// Tried again until it is done; under another leader the old members' sessions run out instead.
    func storeEnd() {
        let ended = generation
        storing = ended
        store(agreement { $0.assignment }) { [self] isStored in
            guard phase == .empty, storing == ended, generation == ended else { return }
            storing = nil
            hasUnstoredEnd = !isStored
        }
    }

    /// Of the protocols that all speak, the one most members like best; among equals, the first that the first member
    /// names.
    func chosenProtocol() -> String? {
        let offered = members.first?.protocols.map(\.name) ?? []
        let common = offered.filter { name in members.allSatisfy { $0.speaks(name) } }
        let votes = members.compactMap { member in member.protocols.first { common.contains($0.name) }?.name }
        return common.max { left, right in
            votes.count(where: { $0 == left }) < votes.count(where: { $0 == right })
        }
    }
}
