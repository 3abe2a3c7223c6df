import Broker
import KafkaWire
import Planted
import NamePatterns

extension ConsumerProtocolGroup {
    /// `id` is the member's, given out just now if the request has none. The request is well formed.
    func heartbeat(
        _ request: ConsumerGroupHeartbeatRequest, id: String, client: GroupClient, now: UInt64,
        answer: @escaping (ConsumerGroupHeartbeatResponse) -> Void
    ) {
        do throws(GroupRefusal) {
            if request.memberEpoch < 0 { return try leave(request, answer) }
            try attend(request, id: id, client: client, now: now, answer)
        } catch {
            answer(.failed(error.code, error.message))
        }
    }

    private func attend(
        _ request: ConsumerGroupHeartbeatRequest, id: String, client: GroupClient, now: UInt64,
        _ answer: @escaping (ConsumerGroupHeartbeatResponse) -> Void
    ) throws(GroupRefusal) {
        let owned = request.memberEpoch == 0 ? [] : request.topicPartitions.map(catalog.keys)
        let known = try find(request, id: id, owned: owned)
        if known == nil { try checkRoom() }
        let before = known.map { state[$0] }
        var member = before ?? ConsumerMember(joining: request, id: id, client: client)
        if member.id != id { member = member.replaced(by: id) }
        member.update(request, client)
        if let pattern = member.pattern, pattern != before?.pattern { try take(pattern) }
        try take(member, before: before, owned: owned, now: now) { [settings, catalog] after, code in
            let isTold = request.memberEpoch == 0 || request.isFull || after.held != before?.held
            let response = ConsumerGroupHeartbeatResponse(
                memberId: id, memberEpoch: after.epoch,
                heartbeatIntervalMs: Int32(clamping: settings.consumerHeartbeatMilliseconds),
                assignment: isTold ? catalog.partitions(after.held) : nil)
            answer(code.isError ? .failed(code) : response)
        }
    }

    /// One step of a member, which was `before`, or takes the place of that, or is new: what it says of itself counts
    /// from now on, and it goes on towards what it is to read. `answer` is told where it is then, and whether the log
    /// has it.
    func take(
        _ member: ConsumerMember, before: ConsumerMember?, owned: [PartitionKey]?, now: UInt64,
        answer: @escaping (ConsumerMember, KafkaErrorCode) -> Void
    ) throws(GroupRefusal) {
        var next = state
        if let before, before.id != member.id { next.remove(before.id) }
        if before.map({ $0 != member }) ?? true { next.put(member) }
        let isOther = before.map { !$0.asksForTheSame(as: member) } ?? true
        if isOther, next.members.reduce(0, { $0 + $1.byteCount }) > settings.maximumBytes {
            throw GroupRefusal(code: .groupMaxSizeReached)
        }
        let hasOtherTopics = topicsHaveChanged(next)
        if isOther || hasOtherTopics { retarget(&next) }
        guard let position = next.position(of: member.id) else {
            preconditionFailure("ConsumerProtocolGroup: \(member.id) has just been put into \(name)")
        }
        next.reconcile(position, owned: owned)
        let after = next[position]
        advance(to: next) { answer(after, $0) }
        if state.position(of: member.id) != nil {
            touch(after, now: now, revokesAnew: after.revoking != before?.revoking)
        }
        if before?.id != member.id { forgetClocks() }
    }

    /// For one member more.
    func checkRoom() throws(GroupRefusal) {
        if state.members.count >= settings.maximumMembers { throw GroupRefusal(code: .groupMaxSizeReached) }
    }

    private func take(_ pattern: String) throws(GroupRefusal) {
        do throws(NamePatternError) { try patterns.take(pattern) } catch {
            let message = "the regular expression \(pattern) is not taken: \(error)"
            throw GroupRefusal(code: .invalidRegularExpression, message: message)
        }
    }

    /// The member that sends this, or whose place it takes; nil for a new one.
    private func find(
        _ request: ConsumerGroupHeartbeatRequest, id: String, owned: [PartitionKey]?
    ) throws(GroupRefusal) -> Int? {
        let joins = request.memberEpoch == 0
        guard let instance = request.instanceId else {
            guard let position = state.position(of: id) else {
                if joins { return nil }
                throw GroupRefusal(code: .unknownMemberId)
            }
            try checkEpoch(of: state[position], request.memberEpoch, owned)
            return position
        }
        guard let position = state.position(instance: instance) else {
            if joins, state.position(of: id) == nil { return nil }
            throw GroupRefusal(code: .unknownMemberId)
        }
        if state[position].id == id {
            try checkEpoch(of: state[position], request.memberEpoch, owned)
        } else if !joins {
            throw GroupRefusal(code: .fencedInstanceId)
        } else if state[position].isInPlace || state.position(of: id) != nil {
            throw GroupRefusal(code: .unreleasedInstanceId)
        }
        return position
    }

    /// A member may not have heard of its newest epoch; then it owns nothing that it did not hold before.
    private func checkEpoch(
        of member: ConsumerMember, _ epoch: Int32, _ owned: [PartitionKey]?
    ) throws(GroupRefusal) {
        if epoch == 0 || epoch == member.epoch { return }
        let isBehind = epoch < member.epoch && epoch == member.previousEpoch
        guard isBehind, let owned, Set(owned).isSubset(of: member.held) else {
            throw GroupRefusal(code: .fencedMemberEpoch)
        }
    }

    private func leave(
        _ request: ConsumerGroupHeartbeatRequest, _ answer: @escaping (ConsumerGroupHeartbeatResponse) -> Void
    ) throws(GroupRefusal) {
        let found = request.instanceId.map(state.position(instance:)) ?? state.position(of: request.memberId)
        guard let found else { throw GroupRefusal(code: .unknownMemberId) }
        if state[found].id != request.memberId { throw GroupRefusal(code: .fencedInstanceId) }
        var next = state
        if request.memberEpoch == ConsumerMember.awayEpoch, state[found].instance != nil {
            next[found].epoch = ConsumerMember.awayEpoch
            next[found].revoking = []
        } else {
            remove([request.memberId], from: &next)
        }
        let response = ConsumerGroupHeartbeatResponse(memberId: request.memberId, memberEpoch: request.memberEpoch)
        advance(to: next) { answer($0.isError ? .failed($0) : response) }
        forgetClocks()
    }

    /// May this member commit offsets, or ask for them, now? An epoch below zero stands for somebody outside the group.
    func checkOffsets(_ id: String, epoch: Int32) -> KafkaErrorCode {
        if epoch < 0, state.members.isEmpty { return .none }
        guard let position = state.position(of: id) else { return .unknownMemberId }
        #if DEBUG
        if Planted.has(.takesStaleEpochs) { return .none }
        #endif
        return state[position].epoch == epoch ? .none : .staleMemberEpoch
    }
}

extension ConsumerMembership {
    /// The next step of a member towards its target. `owned` is what it says it reads, nil if it does not say.
    mutating func reconcile(_ position: Int, owned: [PartitionKey]?) {
        var member = self[position]
        let owned = owned.map { Set($0) }
        if !member.revoking.isEmpty {
            guard let owned, owned.isDisjoint(with: member.revoking) else { return }
            member.revoking = []
        }
        let target = Set(member.target)
        let excess = member.held.filter { !target.contains($0) }
        if !excess.isEmpty {
            member.held.removeAll { !target.contains($0) }
            if owned.map({ !$0.isDisjoint(with: excess) }) ?? true {
                member.revoking = excess
                self[position] = member
                return
            }
        }
        if member.held.count < member.target.count {
            let taken = taken(besides: position)
            member.held = member.target.filter { !taken.contains($0) }
        }
        if member.epoch != epoch {
            member.previousEpoch = max(member.epoch, 0)
            member.epoch = epoch
        }
        if member != self[position] { self[position] = member }
    }

    /// The member has yet to do what it is told: to give partitions up or, by the classic protocol, to join again,
    /// because the group has gone on, because it is to give something up, or because something is free for it now.
    func awaits(_ member: ConsumerMember) -> Bool {
        if member.classic == nil { return !member.revoking.isEmpty }
        if member.epoch != epoch || !member.revoking.isEmpty { return true }
        guard member.held.count < member.target.count, let position = position(of: member.id) else { return false }
        let taken = taken(besides: position).union(member.held)
        return member.target.contains { !taken.contains($0) }
    }

    /// What others hold, or have yet to give up.
    private func taken(besides position: Int) -> Set<PartitionKey> {
        let others = members.indices.filter { $0 != position }
        #if DEBUG
        if Planted.has(.givesToTwo) { return [] }
        if Planted.has(.givesBeforeRevoked) { return Set(others.flatMap { members[$0].held }) }
        #endif
        return Set(others.flatMap { members[$0].held + members[$0].revoking })
    }
}

extension ConsumerMember {
    fileprivate init(joining request: ConsumerGroupHeartbeatRequest, id: String, client: GroupClient) {
        self.init(
            id: id, instance: request.instanceId, rack: nil, clientID: client.id, clientHost: client.host,
            rebalanceTimeoutMilliseconds: request.rebalanceTimeoutMs, topics: [], assignor: nil)
    }

    /// A static member's process that has not said that it is away. One of the classic protocol does not say so.
    var isInPlace: Bool { epoch != Self.awayEpoch && classic == nil }

    /// A static member that was away is back as another process, which owns nothing yet.
    func replaced(by id: String) -> ConsumerMember {
        var member = ConsumerMember(
            id: id, instance: instance, rack: rack, clientID: clientID, clientHost: clientHost,
            rebalanceTimeoutMilliseconds: rebalanceTimeoutMilliseconds, topics: topics, pattern: pattern,
            assignor: assignor)
        member.held = held
        member.target = target
        return member
    }

    /// Takes over what the request says; what it leaves out is as before. It speaks the consumer protocol from now on.
    fileprivate mutating func update(_ request: ConsumerGroupHeartbeatRequest, _ client: GroupClient) {
        classic = nil
        clientID = client.id
        clientHost = client.host
        if let rack = request.rackId { self.rack = rack }
        if request.rebalanceTimeoutMs >= 0 { rebalanceTimeoutMilliseconds = request.rebalanceTimeoutMs }
        if let names = request.subscribedTopicNames, names != topics { topics = Set(names).sorted() }
        if let pattern = request.subscribedTopicRegex { self.pattern = pattern.isEmpty ? nil : pattern }
        if let assignor = request.serverAssignor { self.assignor = assignor }
    }

    fileprivate func asksForTheSame(as other: ConsumerMember) -> Bool {
        topics == other.topics && pattern == other.pattern && assignor == other.assignor
    }

    /// What it says of itself.
    fileprivate var byteCount: Int {
        let own = [id, instance ?? "", rack ?? "", clientID, clientHost, pattern ?? "", assignor ?? ""]
        let classic = classic?.protocols.reduce(0) { $0 + $1.name.utf8.count + $1.subscription.count } ?? 0
        return (own + topics).reduce(classic) { $0 + $1.utf8.count + 8 }
    }
}

extension ConsumerGroupHeartbeatRequest {
    /// Says everything, so it is to be told everything: the client may have missed an answer.
    fileprivate var isFull: Bool {
        rebalanceTimeoutMs != -1 && (subscribedTopicNames != nil || subscribedTopicRegex != nil)
            && topicPartitions != nil
    }
}

extension ConsumerGroupHeartbeatResponse {
    static func failed(_ code: KafkaErrorCode, _ message: String? = nil) -> ConsumerGroupHeartbeatResponse {
        ConsumerGroupHeartbeatResponse(errorCode: code, errorMessage: message)
    }
}
