import KafkaWire
import Records

/// Creates the topics of the workload, audits each from beginning to end when it is no longer written to, and deletes
/// it.
final class DirectorClient: KafkaClient {
    /// Far longer than a run takes, and shorter than a clock may jump.
    private static let retentionMilliseconds = 600_000

    private(set) var isAudited = false
    private var isEnding = false
    /// A topic is being audited or deleted.
    private var isBusy = false
    /// Everything read of the topic being audited, by partition.
    private var contents: [[History.Value]] = []
    private var ends: [Int64] = []
    /// Streams of which a creation got no answer.
    private var unanswered: Set<Int> = []
    /// How often the audit has gone back for what came in during it.
    private var looks = 0

    func begin() {
        create(simulation.workload.addStream())
        scheduleNext()
        watch()
    }

    private func again(_ body: @escaping () -> Void) {
        simulation.after(random.between(30_000...150_000), body)
    }

    private var anyMachine: Int { random.below(simulation.machines.count) }

    // MARK: Creating

    private func scheduleNext() {
        let lifetime = simulation.plan.topicLifetime
        simulation.after(random.between(lifetime / 2...lifetime * 3 / 2)) { [unowned self] in
            guard !self.isEnding else { return }
            if self.simulation.workload.streams.last?.phase == .open {
                self.create(self.simulation.workload.addStream())
            }
            self.scheduleNext()
        }
    }

    private func create(_ stream: Stream) {
        var configs = [CreateTopicsRequest.Config(name: "retention.ms", value: "\(Self.retentionMilliseconds)")]
        if simulation.plan.isRelaxed(stream: stream.number) {
            configs.append(.init(name: "holdfast.flush", value: "async"))
        }
        if simulation.plan.allowsLeaderAcks(stream: stream.number) {
            configs.append(.init(name: "holdfast.acks.leader", value: "allow"))
        }
        let topic = CreateTopicsRequest.Topic(
            name: stream.name, numPartitions: Int32(simulation.plan.partitions), replicationFactor: -1, assignments: [],
            configs: configs)
        let request = CreateTopicsRequest(topics: [topic], timeoutMs: Int32(timeout / 1000))
        call(request, to: anyMachine, extraTime: 1_000_000, as: CreateTopicsResponse.self) { [unowned self] response in
            switch response?.topics.first?.errorCode {
            case .some(.none), .some(.topicAlreadyExists): self.simulation.workload.opened(stream.number)
            case nil:
                self.unanswered.insert(stream.number)
                self.again { [unowned self] in self.create(stream) }
            case .some(let code) where code.isRetriable:
                self.simulation.note("director", "is told", "\(code.name), creating \(stream.name)")
                // It may be made yet.
                if code == .requestTimedOut { self.unanswered.insert(stream.number) }
                self.again { [unowned self] in self.create(stream) }
            case .some(let code): self.simulation.fail("topic \(stream.name) cannot be created: \(code.name)")
            }
        }
    }

    // MARK: Auditing

    /// Looks now and then for a topic that is no longer written to.
    private func watch() {
        simulation.after(100_000) { [unowned self] in
            self.watch()
            guard !self.isBusy, !self.isEnding else { return }
            let streams = self.simulation.workload.streams
            let done = streams.first { $0.phase == .closing && self.simulation.workload.isQuiet($0.number) }
            if let done { self.audit(done) { [unowned self] in self.delete(done) } }
        }
    }

    private func audit(_ stream: Stream, then: @escaping () -> Void) {
        isBusy = true
        looks = 0
        contents = Array(repeating: [], count: simulation.plan.partitions)
        ends = []
        findLeader { [unowned self] in self.findEnds(stream, then: then) }
    }

    private func findEnds(_ stream: Stream, then: @escaping () -> Void) {
        guard let leader else { return again { [unowned self] in self.audit(stream, then: then) } }
        let partitions = (0..<simulation.plan.partitions).map {
            ListOffsetsRequest.Partition(partitionIndex: Int32($0), timestamp: -1)
        }
        let request = ListOffsetsRequest(replicaId: -1, topics: [.init(name: stream.name, partitions: partitions)])
        call(request, to: leader, as: ListOffsetsResponse.self) { [unowned self] response in
            let found = response?.topics.first?.partitions ?? []
            guard found.count == partitions.count, found.allSatisfy({ $0.errorCode == .none }) else {
                self.forgetLeader()
                return self.again { [unowned self] in self.audit(stream, then: then) }
            }
            self.ends = found.map(\.offset)
            self.read(stream, then: then)
        }
    }

    private func read(_ stream: Stream, then: @escaping () -> Void) {
        guard let leader else { return again { [unowned self] in self.audit(stream, then: then) } }
        if zip(contents, ends).allSatisfy({ Int64($0.count) >= $1 }) { return compare(stream, then: then) }
        let request = FetchRequest.of(
            stream, contents.map { Int64($0.count) }, maximumBytes: 1 << 20, maxWaitMs: 0)
        call(request, to: leader, as: FetchResponse.self) { [unowned self] response in
            let isGood = response?.errorCode == KafkaErrorCode.none
            guard let response, isGood, response.partitions.allSatisfy({ $0.errorCode == .none }) else {
                self.forgetLeader()
                return self.again { [unowned self] in self.audit(stream, then: then) }
            }
            do {
                for partition in response.partitions {
                    let number = Int(partition.index)
                    let values = try FetchedValues.decode(partition, from: Int64(self.contents[number].count))
                    self.contents[number] += values.map(\.value)
                }
            } catch let error as RecordError {
                return self.simulation.fail("I16: audit of \(stream.name): \(error)")
            } catch {
                return self.simulation.fail("audit of \(stream.name): \(error)")
            }
            self.read(stream, then: then)
        }
    }

    private func compare(_ stream: Stream, then: @escaping () -> Void) {
        let isBehind = contents.enumerated().contains { number, log in
            simulation.history.end(of: .init(stream: stream.number, partition: number)) > log.count
        }
        // What nobody waits for, such as a batch sent without acknowledgement, may have come in meanwhile.
        if isBehind, looks < 20 {
            looks += 1
            return again { [unowned self] in self.findEnds(stream, then: then) }
        }
        for (number, log) in contents.enumerated() {
            let place = History.Partition(stream: stream.number, partition: number)
            if let wrong = simulation.history.audit(place, log) { return simulation.fail(wrong) }
        }
        isBusy = false
        then()
    }

    // MARK: Deleting

    private func delete(_ stream: Stream) {
        isBusy = true
        simulation.workload.advance(stream.number, to: .deleting)
        let request = DeleteTopicsRequest(topics: [.init(name: stream.name)], timeoutMs: Int32(timeout / 1000))
        call(request, to: anyMachine, extraTime: 1_000_000, as: DeleteTopicsResponse.self) { [unowned self] response in
            switch response?.responses.first?.errorCode {
            case .some(.none), .some(.unknownTopicOrPartition):
                self.simulation.workload.advance(stream.number, to: .deleted)
                self.isBusy = false
            case nil: self.again { [unowned self] in self.delete(stream) }
            case .some(let code) where code.isRetriable: self.again { [unowned self] in self.delete(stream) }
            case .some(let code): self.simulation.fail("topic \(stream.name) cannot be deleted: \(code.name)")
            }
        }
    }

    // MARK: The end

    func beginFinalAudit() {
        isEnding = true
        auditNext()
    }

    private func auditNext() {
        guard !isBusy else { return again { [unowned self] in self.auditNext() } }
        let streams = simulation.workload.streams
        guard let next = streams.first(where: { [.open, .closing].contains($0.phase) && !audited.contains($0.number) })
        else { return compareTopics() }
        audited.append(next.number)
        audit(next) { [unowned self] in self.auditNext() }
    }

    private var audited: [Int] = []

    /// What was created and not deleted is there, and nothing else is. A creation that was not answered, and asked for
    /// again, may have been under way for longer than the topic lived.
    private func compareTopics() {
        findLeader { [unowned self] in
            guard let leader = self.leader else { return self.again { [unowned self] in self.compareTopics() } }
            // What was true before the question was asked.
            let streams = self.simulation.workload.streams
            self.call(MetadataRequest(topics: nil), to: leader, as: MetadataResponse.self) { [unowned self] response in
                guard let response, Int(response.controllerId) == leader + 1 else {
                    self.forgetLeader()
                    return self.again { [unowned self] in self.compareTopics() }
                }
                let names = response.topics.compactMap(\.name)
                for stream in streams {
                    let isThere = names.contains(stream.name)
                    let mayReturn = self.unanswered.contains(stream.number)
                    if isThere, stream.phase == .deleted, !mayReturn {
                        self.simulation.fail("deleted \(stream.name) is back")
                    }
                    let phase = self.simulation.workload.streams[stream.number].phase
                    if !isThere, [.open, .closing].contains(stream.phase), phase < .deleting {
                        self.simulation.fail("topic \(stream.name) is gone")
                    }
                }
                self.isAudited = true
            }
        }
    }
}
