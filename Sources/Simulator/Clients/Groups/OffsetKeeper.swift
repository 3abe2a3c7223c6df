import KafkaWire

/// A process that assigns itself what it reads, and keeps its place as the offset of a group without members. It waits
/// for nobody long: a machine that does not answer soon is left for the next. What another one than before has taken,
/// the others are asked for: one of them may be deposed and not know it yet, and must not tell what was before.
final class OffsetKeeper: KafkaClient {
    private unowned let group: SimulatedGroup
    private let offsets: CommittedOffsets
    private let tenure: Int
    /// Asks by connections of its own: behind a commit that is not answered nobody is.
    private let asker: KafkaClient
    private var machine = 0
    /// One that did not answer, and until when it is left alone; microseconds.
    private var silent: (machine: Int, until: UInt64)?
    /// Which one took the last commit that was taken.
    private var home: Int?
    private var offset: Int64 = 0

    init(random: SimulationRandom, group: SimulatedGroup) {
        self.group = group
        var random = random
        let simulation = group.simulation
        let number = simulation.groupHistory.addGroup(partitions: 1)
        offsets = CommittedOffsets(group: "keeper-\(group.number)", number: number, topic: group.topic, partitions: 1)
        tenure = simulation.groupHistory.newTenure()
        asker = KafkaClient(name: "keeper \(group.number)'s asker", simulation: simulation, random: random.fork())
        super.init(name: "keeper \(group.number)", simulation: simulation, random: random)
    }

    func begin() { commit() }

    private func commit() {
        guard !group.isClosing else { return }
        let machine = machine
        offset += 1
        let claim = GroupHistory.Claim(
            group: offsets.number, isClassic: true, member: "", instance: nil, generation: -1)
        let attempt = simulation.groupHistory.commits(claim, 0, offset, tenure: tenure)
        let request = OffsetCommitRequest(
            groupId: offsets.group, generationIdOrMemberEpoch: -1, memberId: "",
            topics: [.init(name: offsets.topic, partitions: [.init(partitionIndex: 0, committedOffset: offset)])])
        var isWaiting = true
        let goOn = { [unowned self] (delay: ClosedRange<UInt64>, isTaken: Bool) in
            guard isWaiting else { return }
            isWaiting = false
            if isTaken { self.taken(by: machine) } else { self.goToNext() }
            let time = self.random.between(delay) * self.simulation.slowdown
            self.simulation.after(time) { [unowned self] in self.commit() }
        }
        call(request, to: machine, as: OffsetCommitResponse.self) { [unowned self] response in
            let code = response?.topics.first?.partitions.first?.errorCode ?? .networkException
            if code.isError, !code.isRetriable {
                return self.simulation.fail("\(self.name): OffsetCommit was refused with \(code.name)")
            }
            // It may also come when that is given up.
            let answer = code.isError ? GroupHistory.Answer.unknown : .acknowledged
            if let wrong = self.simulation.groupHistory.answered(attempt, answer) {
                return self.simulation.fail("\(self.name): \(wrong)")
            }
            goOn(5_000...30_000, !code.isError)
        }
        simulation.after(random.between(30_000...150_000)) { [unowned self] in
            guard isWaiting else { return }
            self.silent = (machine, self.simulation.now + self.random.between(200_000...600_000))
            goOn(0...5_000, false)
        }
    }

    private func goToNext() {
        let count = simulation.machines.count
        machine = (machine + 1) % count
        if let silent, silent.machine == machine, simulation.now < silent.until { machine = (machine + 1) % count }
    }

    private func taken(by machine: Int) {
        defer { home = machine }
        guard let home, home != machine else { return }
        simulation.coverage[.formerCoordinatorAsked] += 1
        for other in simulation.machines.indices where other != machine {
            offsets.ask(by: asker, at: other) { _ in }
        }
    }
}
