import KafkaWire

/// A member by the consumer protocol (KIP-848): says with each heartbeat where it stands, gives up what it is told to,
/// takes what it is given.
final class ConsumerMemberClient: GroupMemberClient {
    private var topicId: KafkaUUID?
    /// The next heartbeat says everything, and asks to be told everything.
    private var saysAll = true
    /// The coordinator has not been told what it owns now.
    private var hasMoved = false
    private var isJoined = false
    private let hasPattern: Bool
    /// What it was told to read, while it has not turned to that.
    private var target: [Int]?
    /// Until then it is not done with what it is to give up; microseconds.
    private var keepsUntil: UInt64 = 0

    override init(name: String, random: SimulationRandom, group: SimulatedGroup, instance: String?) {
        var random = random
        let id = KafkaUUID(high: random.next(), low: random.next())
        hasPattern = random.chance(perMille: group.plan.patternPerMille)
        super.init(name: name, random: random, group: group, instance: instance)
        memberId = id.description
    }

    override var isClassic: Bool { false }
    override var isStable: Bool { isJoined && !saysAll && !hasMoved && target == nil }

    override func join() {
        releaseAll()
        generation = 0
        isJoined = false
        saysAll = true
        target = nil
        turn { [unowned self] in self.beat() }
    }

    private func joinAgain() { turn(after: shortly) { [unowned self] in self.join() } }

    private var owned: [KafkaTopicPartitions] {
        guard let topicId, !held.isEmpty else { return [] }
        return [.init(topicId: topicId, partitions: held.map(Int32.init))]
    }

    private func beat() {
        var request = ConsumerGroupHeartbeatRequest(
            groupId: group.name, memberId: memberId, memberEpoch: generation, instanceId: instance)
        if saysAll {
            request.rebalanceTimeoutMs = Int32(group.plan.rebalanceMilliseconds)
            if hasPattern {
                request.subscribedTopicRegex = "^\(group.topic)|none-.+"
            } else {
                request.subscribedTopicNames = [group.topic]
            }
        }
        if saysAll || hasMoved { request.topicPartitions = owned }
        let sent = generation
        let asked = history.stamp()
        ask(request, as: ConsumerGroupHeartbeatResponse.self) { [unowned self] response in
            let code = response?.errorCode ?? .networkException
            switch code {
            case .none: if let response { self.attended(response, sent: sent, asked: asked) }
            case .unknownMemberId, .fencedMemberEpoch: self.isOut(code)
            case .fencedInstanceId: self.end()
            // A process with its name is there; or it had gone on in a group that speaks the other protocol now.
            case .unreleasedInstanceId, .groupIdNotFound: self.joinAgain()
            case _ where code.isRetriable:
                self.forgetCoordinator()
                self.saysAll = true
                self.turn(after: self.shortly) { [unowned self] in self.beat() }
            default: self.simulation.fail("\(self.name): ConsumerGroupHeartbeat was refused with \(code.name)")
            }
        }
    }

    private func attended(_ response: ConsumerGroupHeartbeatResponse, sent: Int32, asked: Int) {
        let before = history.newest(group.number)
        generation = response.memberEpoch
        if let wrong = history.told(claim, sent: sent, asked: asked) {
            return fail(wrong)
        }
        if before > 0, generation > before { simulation.coverage[.consumerRebalance] += 1 }
        isJoined = true
        saysAll = false
        hasMoved = false
        group.established(self)
        commitLate()
        if let assignment = response.assignment { heard(assignment) }
        turnToTarget()
    }

    private func heard(_ assignment: [KafkaTopicPartitions]) {
        if let topic = assignment.first { topicId = topic.topicId }
        let told = assignment.flatMap(\.partitions).map(Int.init)
        guard told.allSatisfy(holdings.indices.contains) else {
            return simulation.fail("\(name): \(told) are not partitions of \(group.topic)")
        }
        simulation.note(name, "reads", "\(told) in epoch \(generation)")
        if target == nil, held.contains(where: { !told.contains($0) }) { maybeKeep() }
        target = told
    }

    /// Some take their time: they go on reading and committing what they are to give up, which nobody else may be given
    /// before they have said that they are done with it, or have not said so for too long.
    private func maybeKeep() {
        guard group.plan.slowRevocationPerMille > 0, !group.isClosing,
            random.chance(perMille: group.plan.slowRevocationPerMille)
        else { return }
        simulation.coverage[.slowRevocation] += 1
        let patience = UInt64(group.plan.rebalanceMilliseconds) * 1000
        keepsUntil = simulation.now + random.between(patience * 3 / 10...patience * 12 / 10)
    }

    private func turnToTarget() {
        guard let target, simulation.now >= keepsUntil else { return beatLater() }
        self.target = nil
        let excess = held.filter { !target.contains($0) }
        if excess.isEmpty { return move(to: target) }
        guard random.chance(perMille: 700) else { return move(to: target) }
        commitAndTurn { [unowned self] in self.move(to: target) }
    }

    private func move(to target: [Int]) {
        let before = held
        release(before.filter { !target.contains($0) })
        take(target)
        if held == before { return beatLater() }
        hasMoved = true
        turn { [unowned self] in self.beat() }
    }

    private func beatLater() {
        turn(after: group.plan.heartbeatInterval) { [unowned self] in self.beat() }
    }

    /// By a commit or a question for offsets, too.
    override func isOut(_ code: KafkaErrorCode) {
        if code != .staleMemberEpoch { return join() }
        // An answer is on its way, or was missed.
        saysAll = true
        turn(after: shortly) { [unowned self] in self.beat() }
    }

    /// A static member says that it will be back.
    override func sayGoodbye() {
        isJoined = false
        let request = ConsumerGroupHeartbeatRequest(
            groupId: group.name, memberId: memberId, memberEpoch: instance == nil ? -1 : -2, instanceId: instance)
        turn { [unowned self] in
            self.ask(request, as: ConsumerGroupHeartbeatResponse.self) { [unowned self] response in
                if response?.errorCode == KafkaErrorCode.none { self.simulation.coverage[.groupMemberLeft] += 1 }
                self.end()
            }
        }
    }
}
