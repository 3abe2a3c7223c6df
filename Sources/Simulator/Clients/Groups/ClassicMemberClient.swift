import KafkaWire

/// A member by the classic protocol: gives up everything, joins, assigns if it is asked to lead, and reads what it is
/// given until the next generation.
final class ClassicMemberClient: GroupMemberClient {
    private var isSynced = false

    override var isStable: Bool { isSynced }

    override func join() {
        isSynced = false
        releaseAll()
        turn { [unowned self] in self.sendJoin() }
    }

    private func joinAgain(forgetting: Bool = false) {
        if forgetting { forgetCoordinator() }
        turn(after: shortly) { [unowned self] in self.join() }
    }

    private func sendJoin() {
        let plan = group.plan
        let request = JoinGroupRequest(
            groupId: group.name, sessionTimeoutMs: Int32(plan.sessionMilliseconds),
            rebalanceTimeoutMs: Int32(plan.rebalanceMilliseconds), memberId: memberId, groupInstanceId: instance,
            protocolType: "consumer",
            protocols: [.init(name: "range", metadata: ConsumerAssignment.subscription(to: group.topic))])
        let asked = history.stamp()
        let patience = UInt64(2 * plan.rebalanceMilliseconds + 4 * plan.initialDelayMilliseconds) * 1000
        ask(request, extraTime: patience, as: JoinGroupResponse.self) { [unowned self] response in
            let code = response?.errorCode ?? .networkException
            switch code {
            case .none: if let response { self.joined(response, asked: asked) }
            case .memberIdRequired:
                self.memberId = response?.memberId ?? ""
                self.sendJoin()
            case .unknownMemberId:
                self.memberId = ""
                self.joinAgain()
            case .fencedInstanceId: self.end()
            // A process with its name is there, or what was agreed on is gone.
            case .unreleasedInstanceId, .rebalanceInProgress: self.joinAgain()
            case _ where code.isRetriable: self.joinAgain(forgetting: true)
            default: self.simulation.fail("\(self.name): JoinGroup was refused with \(code.name)")
            }
        }
    }

    private func joined(_ joined: JoinGroupResponse, asked: Int) {
        memberId = joined.memberId
        generation = joined.generationId
        var assignments: [SyncGroupRequest.Assignment] = []
        if joined.leader == memberId, !joined.skipAssignment { assignments = assign(joined.members) }
        let request = SyncGroupRequest(
            groupId: group.name, generationId: generation, memberId: memberId, groupInstanceId: instance,
            protocolType: joined.protocolType, protocolName: joined.protocolName, assignments: assignments)
        let patience = UInt64(2 * group.plan.rebalanceMilliseconds) * 1000
        ask(request, extraTime: patience, as: SyncGroupResponse.self) { [unowned self] response in
            let code = response?.errorCode ?? .networkException
            switch code {
            case .none:
                if let response { self.synced(response, isGiven: joined.leader.isEmpty, asked: asked) }
            case .rebalanceInProgress, .illegalGeneration: self.joinAgain()
            case .unknownMemberId:
                self.memberId = ""
                self.joinAgain()
            case .fencedInstanceId: self.end()
            case _ where code.isRetriable: self.joinAgain(forgetting: true)
            default: self.simulation.fail("\(self.name): SyncGroup was refused with \(code.name)")
            }
        }
    }

    /// Deals the partitions out, each time beginning with another member, so that they move about.
    private func assign(_ members: [JoinGroupResponse.Member]) -> [SyncGroupRequest.Assignment] {
        let instances = members.compactMap(\.groupInstanceId)
        if Set(instances).count < instances.count {
            fail("generation \(generation) has one of these members twice: \(instances)")
        }
        var shares = members.map { _ in [Int]() }
        let first = random.below(max(members.count, 1))
        for partition in 0..<group.plan.partitions where !members.isEmpty {
            shares[(first + partition) % members.count].append(partition)
        }
        let holders = members.map {
            GroupHistory.Claim(
                group: group.number, isClassic: true, member: $0.memberId, instance: $0.groupInstanceId,
                generation: generation)
        }
        history.proposes(claim, zip(holders, shares).map { ($0, $1) })
        return zip(members, shares).map {
            .init(memberId: $0.memberId, assignment: ConsumerAssignment.encode($1, of: group.topic))
        }
    }

    /// `isGiven`: by the coordinator, because there are members of the consumer protocol; else by a member.
    private func synced(_ response: SyncGroupResponse, isGiven: Bool, asked: Int) {
        do {
            let partitions = try ConsumerAssignment.decode(response.assignment, topic: group.topic)
            guard partitions.allSatisfy(holdings.indices.contains) else {
                throw ClientFault("\(partitions) are not partitions of \(group.topic)")
            }
            let before = history.newest(group.number)
            let wrong = isGiven
                ? history.told(claim, sent: 0, asked: asked) : history.assigned(claim, partitions, asked: asked)
            if let wrong { throw ClientFault(wrong) }
            if isGiven { simulation.coverage[.sharedWithClassic] += 1 }
            if before > 0, generation > before { simulation.coverage[.classicRebalance] += 1 }
            simulation.note(name, "reads", "\(partitions) in generation \(generation)")
            take(partitions)
        } catch {
            return fail("\(error)")
        }
        isSynced = true
        group.established(self)
        commitLate()
        turn(after: group.plan.heartbeatInterval) { [unowned self] in self.beat() }
    }

    private func beat() {
        let request = HeartbeatRequest(
            groupId: group.name, generationId: generation, memberId: memberId, groupInstanceId: instance)
        ask(request, as: HeartbeatResponse.self) { [unowned self] response in
            let code = response?.errorCode ?? .networkException
            switch code {
            case .none: self.turn(after: self.group.plan.heartbeatInterval) { [unowned self] in self.beat() }
            case .rebalanceInProgress:
                self.isSynced = false
                // Careful consumers commit before they give up what they read.
                guard self.random.chance(perMille: 700) else { return self.join() }
                self.commitAndTurn { [unowned self] in self.join() }
            case .illegalGeneration, .unknownMemberId, .fencedInstanceId: self.isOut(code)
            case _ where code.isRetriable:
                self.forgetCoordinator()
                self.turn(after: self.shortly) { [unowned self] in self.beat() }
            default: self.simulation.fail("\(self.name): Heartbeat was refused with \(code.name)")
            }
        }
    }

    override func isOut(_ code: KafkaErrorCode) {
        if code == .fencedInstanceId { return end() }
        if code == .unknownMemberId { memberId = "" }
        join()
    }

    /// Static members do not say goodbye: they are expected back.
    override func sayGoodbye() {
        isSynced = false
        guard instance == nil, !memberId.isEmpty else { return end() }
        let request = LeaveGroupRequest(groupId: group.name, members: [.init(memberId: memberId)])
        turn { [unowned self] in
            self.ask(request, as: LeaveGroupResponse.self) { [unowned self] response in
                let code = response?.members.first?.errorCode ?? response?.errorCode
                if code == KafkaErrorCode.none { self.simulation.coverage[.groupMemberLeft] += 1 }
                self.end()
            }
        }
    }
}
