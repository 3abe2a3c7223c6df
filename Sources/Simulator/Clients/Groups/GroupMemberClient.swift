import Bytes
import KafkaWire

/// A process that is a member of a consumer group: reads the partitions it is given, and commits how far it has come.
/// How it comes to be given any is its subclasses' business. It may be killed or stand still at any time, and does not
/// learn what was decided without it until it is told.
class GroupMemberClient: KafkaClient {
    unowned let group: SimulatedGroup
    /// Of a static member.
    let instance: String?
    /// Real consumers keep a connection for fetches, which the coordinator does not hold up.
    private let fetcher: KafkaClient
    /// Of a member that commits by them.
    private var transactions: OffsetTransactions?
    private var coordinator: Int?
    var memberId = ""
    /// Or the member's epoch.
    var generation: Int32 = -1
    private(set) var isEnded = false
    private var isLeaving = false
    private var pausedUntil: UInt64 = 0
    /// Counts what the member turns to with the coordinator: what belongs to something before is not heard.
    private var course = 0
    /// By partition; nil for those it does not read.
    private(set) var holdings: [Holding?]
    /// What it read under an earlier generation or epoch, to be committed when that is too late.
    private var late: (claim: GroupHistory.Claim, partition: Int, offset: Int64, tenure: Int)?

    struct Holding {
        let tenure: Int
        /// The next offset to read; nil until what is committed is known.
        var position: Int64?
        var committed: Int64 = -1
        /// The end of the partition as the last fetch told it.
        var end: Int64?

        /// Everything is read and committed.
        var isDone: Bool { position != nil && position == end && (committed == position || position == 0) }
    }

    init(name: String, random: SimulationRandom, group: SimulatedGroup, instance: String?) {
        self.group = group
        self.instance = instance
        var random = random
        fetcher = KafkaClient(name: "\(name)'s fetcher", simulation: group.simulation, random: random.fork())
        holdings = Array(repeating: nil, count: group.plan.partitions)
        super.init(name: name, simulation: group.simulation, random: random)
        if self.random.chance(perMille: group.plan.transactionalPerMille) {
            transactions = OffsetTransactions(self, random: self.random.fork())
        }
    }

    var history: GroupHistory { simulation.groupHistory }
    var isClassic: Bool { true }
    /// Knows its share, and has heard of no change.
    var isStable: Bool { false }
    var claim: GroupHistory.Claim {
        .init(
            group: group.number, isClassic: isClassic, member: memberId, instance: instance, generation: generation)
    }
    var held: [Int] { holdings.indices.filter { holdings[$0] != nil } }

    func begin() {
        join()
        work()
    }

    /// Begins anew as a member.
    func join() { preconditionFailure("\(self) is no member of any kind") }

    /// A commit was refused because the member is not what it takes itself for.
    func isOut(_ code: KafkaErrorCode) { preconditionFailure("\(self) is no member of any kind: \(code)") }

    /// Stops for good, whatever it hears from now on.
    final func leave() {
        isLeaving = true
        sayGoodbye()
    }

    /// Asks the coordinator to let it go, and ends then.
    func sayGoodbye() { preconditionFailure("\(self) is no member of any kind") }

    private func hears(_ code: KafkaErrorCode) { if !isLeaving { isOut(code) } }

    /// The process is gone.
    func end() {
        isEnded = true
        course += 1
        reconnect()
    }

    /// Lets go of connections on which something was lost, and of which it has not noticed yet.
    func reconnect() {
        closeAll()
        fetcher.closeAll()
        transactions?.closeAll()
    }

    func pause(until time: UInt64) { pausedUntil = max(pausedUntil, time) }

    var isPaused: Bool { simulation.now < pausedUntil }

    // MARK: Time

    /// Unless the process has ended by then. While it stands still, `body` waits.
    func later(_ delay: UInt64, _ body: @escaping () -> Void) {
        simulation.after(delay) { [unowned self] in self.whenAwake(body) }
    }

    func whenAwake(_ body: @escaping () -> Void) {
        if isEnded { return }
        if !isPaused { return body() }
        later(pausedUntil - simulation.now, body)
    }

    /// `body` is what the member does next about its membership, instead of anything before.
    func turn(after delay: UInt64 = 0, to body: @escaping () -> Void) {
        course += 1
        let course = course
        later(delay) { [unowned self] in if course == self.course { body() } }
    }

    /// Commits first, and goes on unless it turns to something else meanwhile.
    func commitAndTurn(to body: @escaping () -> Void) {
        course += 1
        let course = course
        commit { [unowned self] in if course == self.course { body() } }
    }

    var shortly: UInt64 { random.between(20_000...100_000) }

    // MARK: The coordinator

    func forgetCoordinator() { coordinator = nil }

    /// Asks about the membership; the answer is not heard once the member has turned to something else.
    func ask<Response: KafkaResponseBody>(
        _ request: some KafkaRequestBody, extraTime: UInt64 = 0, as type: Response.Type,
        then: @escaping (Response?) -> Void
    ) {
        let course = course
        withCoordinator { [unowned self] machine in
            guard course == self.course else { return }
            self.call(request, to: machine, extraTime: extraTime, as: type) { [unowned self] response in
                self.whenAwake { [unowned self] in if course == self.course { then(response) } }
            }
        }
    }

    /// Asks one machine after the other, as by chance it could ask those that are gone for longer than its session.
    private func withCoordinator(askingFrom first: Int? = nil, _ then: @escaping (Int) -> Void) {
        if let coordinator { return then(coordinator) }
        let count = simulation.machines.count
        let machine = first ?? random.below(count)
        call(FindCoordinatorRequest(coordinatorKeys: [group.name]), to: machine, as: FindCoordinatorResponse.self) {
            [unowned self] response in
            self.whenAwake { [unowned self] in
                guard let found = response?.coordinators.first, found.errorCode == .none,
                    (1...count).contains(Int(found.nodeId))
                else {
                    return self.later(self.shortly) { [unowned self] in
                        self.withCoordinator(askingFrom: (machine + 1) % count, then)
                    }
                }
                self.coordinator = Int(found.nodeId) - 1
                then(Int(found.nodeId) - 1)
            }
        }
    }

    // MARK: What it reads

    func take(_ partitions: [Int]) {
        for partition in partitions where holdings[partition] == nil {
            holdings[partition] = Holding(tenure: history.newTenure())
        }
    }

    func release(_ partitions: [Int]) {
        for partition in partitions {
            if let holding = holdings[partition], let position = holding.position, position > 0 {
                late = (claim, partition, position, holding.tenure)
            }
            holdings[partition] = nil
        }
    }

    func releaseAll() { release(held) }

    /// Round and round: finds out where to begin, reads, commits.
    private func work() {
        if held.contains(where: { holdings[$0]?.position == nil }) { return findPositions() }
        let readable = held.filter { holdings[$0]?.position != nil }
        if readable.isEmpty { return later(50_000) { [unowned self] in self.work() } }
        fetcher.findLeader { [unowned self] in
            self.whenAwake { [unowned self] in self.fetch(readable.filter { self.holdings[$0]?.position != nil }) }
        }
    }

    private func workOn(_ delay: UInt64) { later(delay) { [unowned self] in self.work() } }

    private func findPositions() {
        withCoordinator { [unowned self] machine in
            let partitions = self.held.filter { self.holdings[$0]?.position == nil }
            if partitions.isEmpty { return self.workOn(0) }
            let tenures = partitions.map { self.holdings[$0]?.tenure }
            let asked = self.history.stamp()
            let floors = partitions.map { self.history.floor(self.group.number, $0) }
            let topic = OffsetFetchRequest.Topic(
                name: self.group.topic, partitions: partitions.map(Int32.init))
            // Members of the classic protocol say nothing of themselves here.
            let request = OffsetFetchRequest(
                groups: [
                    .init(
                        groupId: self.group.name, memberId: self.isClassic ? nil : self.memberId,
                        memberEpoch: self.isClassic ? -1 : self.generation, topics: [topic])
                ], requireStable: true)
            self.call(request, to: machine, as: OffsetFetchResponse.self) { [unowned self] response in
                self.whenAwake { [unowned self] in
                    let group = response?.groups.first
                    let code = group?.errorCode ?? .networkException
                    guard code == .none else { return self.positionsRefused(code) }
                    for found in group?.topics.first?.partitions ?? [] {
                        guard let place = partitions.firstIndex(of: Int(found.partitionIndex)) else { continue }
                        self.found(found, floor: floors[place], asked: asked, tenure: tenures[place])
                    }
                    self.workOn(self.held.contains { self.holdings[$0]?.position == nil } ? self.shortly : 0)
                }
            }
        }
    }

    /// As applications do that want to know.
    private func askCommitted() {
        withCoordinator { [unowned self] machine in
            self.group.offsets.ask(by: self.fetcher, at: machine) { [unowned self] _ in self.workOn(0) }
        }
    }

    private func positionsRefused(_ code: KafkaErrorCode) {
        switch code {
        case .staleMemberEpoch, .unknownMemberId, .fencedMemberEpoch: hears(code)
        case _ where code.isRetriable: forgetCoordinator()
        default: simulation.fail("\(name): OffsetFetch was refused with \(code.name)")
        }
        workOn(shortly)
    }

    private func found(_ answer: OffsetFetchResponse.Partition, floor: Int64, asked: Int, tenure: Int?) {
        let partition = Int(answer.partitionIndex)
        guard answer.errorCode == .none else {
            if !answer.errorCode.isRetriable {
                simulation.fail("\(name): OffsetFetch of \(partition): \(answer.errorCode.name)")
            }
            return
        }
        let offset = answer.committedOffset
        if let wrong = history.fetched(group.number, partition, offset, floor: floor, asked: asked) {
            return fail(wrong)
        }
        guard holdings[partition]?.tenure == tenure, holdings[partition]?.position == nil else { return }
        holdings[partition]?.position = max(offset, 0)
        holdings[partition]?.committed = offset
    }

    // MARK: Reading

    private func fetch(_ partitions: [Int]) {
        guard let leader = fetcher.leader, !partitions.isEmpty else { return workOn(shortly) }
        let tenures = partitions.map { holdings[$0]?.tenure }
        let maximum = Int32(256 << random.below(8))
        var request = FetchRequest(maxWaitMs: Int32(random.below(200)), minBytes: 1, maxBytes: maximum)
        request.append(
            topic: ByteSlice(utf8: group.topic),
            partitions: partitions.map {
                .init(index: Int32($0), fetchOffset: holdings[$0]?.position ?? 0, maxBytes: maximum)
            })
        fetcher.call(request, to: leader, extraTime: 200_000, as: FetchResponse.self) { [unowned self] response in
            self.whenAwake { [unowned self] in
                var isGood = response?.errorCode == KafkaErrorCode.none
                for answer in response?.partitions ?? [] {
                    let place = partitions.firstIndex(of: Int(answer.index))
                    if !self.took(answer, tenure: place.flatMap { tenures[$0] }) { isGood = false }
                }
                if !isGood { self.fetcher.forgetLeader() }
                let pause = self.group.plan.processingTime
                self.later(isGood ? self.random.between(pause / 2...pause * 3 / 2) : self.shortly) { [unowned self] in
                    self.maybeCommit()
                }
            }
        }
    }

    private func took(_ answer: FetchResponse.Partition, tenure: Int?) -> Bool {
        let partition = Int(answer.index)
        guard answer.errorCode == .none else {
            if !answer.errorCode.isRetriable {
                simulation.fail("\(name): fetch of \(group.topic) partition \(partition): \(answer.errorCode.name)")
            }
            return false
        }
        guard let tenure, let holding = holdings[partition], holding.tenure == tenure, let from = holding.position
        else { return true }
        do {
            let values = try FetchedValues.decode(answer, from: from)
            for (offset, value) in values {
                if let wrong = group.values.read(value, at: offset, in: .init(stream: 0, partition: partition)) {
                    throw ClientFault(wrong)
                }
            }
            let end = from + Int64(values.count)
            if let wrong = history.processed(group.number, partition, from: from, to: end) { throw ClientFault(wrong) }
            holdings[partition]?.position = end
            holdings[partition]?.end = answer.highWatermark
        } catch {
            fail("partition \(partition): \(error)")
        }
        return true
    }

    // MARK: Committing

    private func maybeCommit() {
        if random.chance(perMille: 80) { return askCommitted() }
        guard random.chance(perMille: group.isClosing ? 1000 : 400) else { return work() }
        commit { [unowned self] in self.work() }
    }

    /// Commits how far it has come; `then` is called when that is answered, or will not be.
    func commit(_ then: @escaping () -> Void) {
        let isBehind = held.contains { holdings[$0].map { $0.position ?? 0 > max($0.committed, 0) } ?? false }
        guard isBehind else { return then() }
        if let transactions { return transactions.commit(then) }
        withCoordinator { [unowned self] machine in
            let attempts = self.attempts(inTransaction: false)
            if attempts.isEmpty { return then() }
            self.send(attempts, by: self, to: machine) { [unowned self] code in
                self.whenAwake { [unowned self] in
                    self.committed(attempts, code)
                    then()
                }
            }
        }
    }

    /// One for each partition that it has come on in.
    func attempts(inTransaction: Bool) -> [GroupHistory.Attempt] {
        held.compactMap { partition in
            guard let holding = holdings[partition], let position = holding.position,
                position > max(holding.committed, 0)
            else { return nil }
            return history.commits(
                claim, partition, position, tenure: holding.tenure, inTransaction: inTransaction)
        }
    }

    /// By way of one client or another; `then` gets the code of the first partition that has one.
    private func send(
        _ attempts: [GroupHistory.Attempt], by client: KafkaClient, to machine: Int,
        then: @escaping (KafkaErrorCode) -> Void
    ) {
        let claim = attempts[0].claim
        let request = OffsetCommitRequest(
            groupId: group.name, generationIdOrMemberEpoch: claim.generation, memberId: claim.member,
            groupInstanceId: claim.instance,
            topics: [
                .init(
                    name: group.topic,
                    partitions: attempts.map {
                        .init(partitionIndex: Int32($0.partition), committedOffset: $0.offset)
                    })
            ])
        client.call(request, to: machine, as: OffsetCommitResponse.self) { [unowned self] response in
            let answers = response?.topics.first?.partitions ?? []
            for attempt in attempts {
                let code = answers.first { Int($0.partitionIndex) == attempt.partition }?.errorCode
                if let wrong = self.history.answered(attempt, GroupHistory.Answer(code)) { return self.fail(wrong) }
                if attempt.objection != nil, GroupHistory.Answer(code) == .refused {
                    self.simulation.coverage[.staleCommitRefused] += 1
                }
            }
            let codes = answers.map(\.errorCode)
            then(codes.first { $0.isError } ?? (codes.isEmpty ? .networkException : .none))
        }
    }

    private func committed(_ attempts: [GroupHistory.Attempt], _ code: KafkaErrorCode) {
        switch code {
        case .none: committed(attempts)
        case .rebalanceInProgress: break
        case .illegalGeneration, .unknownMemberId, .fencedInstanceId, .staleMemberEpoch, .fencedMemberEpoch:
            // It may have turned to something new since.
            if attempts[0].claim == claim { hears(code) }
        case _ where code.isRetriable: forgetCoordinator()
        default: simulation.fail("\(name): OffsetCommit was refused with \(code.name)")
        }
    }

    func committed(_ attempts: [GroupHistory.Attempt]) {
        for attempt in attempts where holdings[attempt.partition]?.tenure == attempt.tenure {
            let before = holdings[attempt.partition]?.committed ?? -1
            holdings[attempt.partition]?.committed = max(before, attempt.offset)
        }
    }

    /// What was read is to be read again, from where the coordinator says.
    func goBack(_ attempts: [GroupHistory.Attempt]) {
        for attempt in attempts where holdings[attempt.partition]?.tenure == attempt.tenure {
            holdings[attempt.partition] = Holding(tenure: history.newTenure())
        }
    }

    func fail(_ wrong: String) { simulation.fail("\(name) of \(group.name): \(wrong)") }

    /// What some thread of the process had still to commit comes when the process has long gone on to a new generation
    /// or epoch.
    func commitLate() {
        guard let late, history.objection(late.claim) != nil, random.chance(perMille: 300), let coordinator
        else { return }
        self.late = nil
        let attempt = history.commits(late.claim, late.partition, late.offset, tenure: late.tenure)
        send([attempt], by: fetcher, to: coordinator) { _ in }
    }
}

extension GroupHistory.Answer {
    /// `code` is nil if nobody has answered.
    fileprivate init(_ code: KafkaErrorCode?) {
        switch code {
        case .some(.none): self = .acknowledged
        case .illegalGeneration, .unknownMemberId, .fencedInstanceId, .rebalanceInProgress, .staleMemberEpoch,
            .fencedMemberEpoch:
            self = .refused
        default: self = .unknown
        }
    }
}
