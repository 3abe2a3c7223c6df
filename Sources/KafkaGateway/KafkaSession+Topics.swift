import Broker
import Bytes
import KafkaWire
import Node
import Ports

extension KafkaSession {
    /// CreateTopics (key 19).
    func createTopics(_ header: KafkaRequestHeader, _ request: CreateTopicsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in createTopics(request, for: call) },
            refusal: { call in
                call.answer(CreateTopicsResponse(topics: request.topics.map { Self.refused($0.name, .notController) }))
            })
    }

    private func createTopics(_ request: CreateTopicsRequest, for call: LeaderCall) {
        let repeated = Self.repeated(request.topics.map(\.name))
        let plans = request.topics.enumerated().map { position, topic -> Result<TopicPlan, Refusal> in
            if position >= gateway.settings.maximumItemsPerRequest { return .failure(.tooManyItems) }
            if repeated.contains(topic.name) {
                return .failure(Refusal(.invalidRequest, "the request names the topic twice"))
            }
            return TopicPlan.make(topic, gateway)
        }
        let commands = plans.compactMap { plan -> Command? in
            guard case .success(let plan) = plan else { return nil }
            return plan.command
        }
        if request.validateOnly {
            let outcomes = commands.map { CommandBatch.Outcome.applied(gateway.broker.preview($0)) }
            return call.answer(response(plans, request, outcomes))
        }
        propose(commands, for: call) { [self] outcomes in call.answer(response(plans, request, outcomes)) }
    }

    /// `outcomes` are those of the plans that are good, in order.
    private func response(
        _ plans: [Result<TopicPlan, Refusal>], _ request: CreateTopicsRequest, _ outcomes: [CommandBatch.Outcome]
    ) -> CreateTopicsResponse {
        var outcomes = outcomes.makeIterator()
        var topics: [CreateTopicsResponse.Topic] = []
        for (topic, plan) in zip(request.topics, plans) {
            switch plan {
            case .failure(let refusal): topics.append(Self.refused(topic.name, refusal))
            case .success(let plan):
                guard let outcome = outcomes.next() else { preconditionFailure("no outcome for topic \(topic.name)") }
                if let refusal = Refusal(outcome) {
                    topics.append(Self.refused(topic.name, refusal))
                } else {
                    topics.append(plan.created(validated: request.validateOnly, replicas: gateway.voters.count))
                }
            }
        }
        return CreateTopicsResponse(topics: topics)
    }

    private static func refused(_ name: String, _ refusal: Refusal) -> CreateTopicsResponse.Topic {
        .init(name: name, errorCode: refusal.code, errorMessage: refusal.message)
    }

    /// Names that occur more than once.
    static func repeated(_ names: [String]) -> Set<String> {
        var seen: Set<String> = []
        var repeated: Set<String> = []
        for name in names where !seen.insert(name).inserted { repeated.insert(name) }
        return repeated
    }
}

extension KafkaSession {
    /// DeleteTopics (key 20), by name or id.
    func deleteTopics(_ header: KafkaRequestHeader, _ request: DeleteTopicsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in deleteTopics(request, for: call) },
            refusal: { call in
                call.answer(DeleteTopicsResponse(responses: request.topics.map { Self.refused($0, .notController) }))
            })
    }

    private func deleteTopics(_ request: DeleteTopicsRequest, for call: LeaderCall) {
        var numbers: Set<UInt32> = []
        let plans = request.topics.enumerated().map { position, topic -> Result<Topic, Refusal> in
            if position >= gateway.settings.maximumItemsPerRequest { return .failure(.tooManyItems) }
            return find(topic).flatMap {
                numbers.insert($0.number).inserted
                    ? .success($0) : .failure(Refusal(.invalidRequest, "the request names the topic twice"))
            }
        }
        let commands = plans.compactMap { plan -> Command? in
            guard case .success(let topic) = plan else { return nil }
            return .deleteTopic(number: topic.number)
        }
        propose(commands, for: call) { outcomes in
            var outcomes = outcomes.makeIterator()
            call.answer(DeleteTopicsResponse(responses: zip(request.topics, plans).map { asked, plan in
                switch plan {
                case .failure(let refusal): return Self.refused(asked, refusal)
                case .success(let topic):
                    let refusal = outcomes.next().flatMap { Refusal($0) }
                    return .init(
                        name: topic.name, topicId: KafkaUUID(topic.id), errorCode: refusal?.code ?? .none,
                        errorMessage: refusal?.message)
                }
            }))
        }
    }

    private func find(_ asked: DeleteTopicsRequest.Topic) -> Result<Topic, Refusal> {
        if let name = asked.name {
            if asked.topicId != .zero {
                return .failure(Refusal(.invalidRequest, "a topic is given by name or by id, not by both"))
            }
            if let topic = gateway.broker.topic(named: name) { return .success(topic) }
            return .failure(Refusal(.unknownTopicOrPartition, nil))
        }
        if asked.topicId == .zero {
            return .failure(Refusal(.invalidRequest, "neither a name nor an id is given"))
        }
        if let topic = gateway.broker.topic(id: TopicID(asked.topicId)) { return .success(topic) }
        return .failure(Refusal(.unknownTopicId, nil))
    }

    private static func refused(_ asked: DeleteTopicsRequest.Topic, _ refusal: Refusal) -> DeleteTopicsResponse.Topic {
        .init(name: asked.name, topicId: asked.topicId, errorCode: refusal.code, errorMessage: refusal.message)
    }
}

extension KafkaSession {
    /// CreatePartitions (key 37).
    func createPartitions(_ header: KafkaRequestHeader, _ request: CreatePartitionsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in createPartitions(request, for: call) },
            refusal: { call in
                call.answer(CreatePartitionsResponse(results: request.topics.map {
                    .init(
                        name: $0.name, errorCode: Refusal.notController.code,
                        errorMessage: Refusal.notController.message)
                }))
            })
    }

    private func createPartitions(_ request: CreatePartitionsRequest, for call: LeaderCall) {
        let repeated = Self.repeated(request.topics.map(\.name))
        let plans = request.topics.enumerated().map { position, topic -> Result<Command, Refusal> in
            if position >= gateway.settings.maximumItemsPerRequest { return .failure(.tooManyItems) }
            if repeated.contains(topic.name) {
                return .failure(Refusal(.invalidRequest, "the request names the topic twice"))
            }
            return plan(topic)
        }
        let commands = plans.compactMap { plan -> Command? in
            guard case .success(let command) = plan else { return nil }
            return command
        }
        let complete = { (outcomes: [CommandBatch.Outcome]) in
            var outcomes = outcomes.makeIterator()
            call.answer(CreatePartitionsResponse(results: zip(request.topics, plans).map { topic, plan in
                let refusal: Refusal?
                switch plan {
                case .failure(let found): refusal = found
                case .success: refusal = outcomes.next().flatMap { Refusal($0) }
                }
                return .init(name: topic.name, errorCode: refusal?.code ?? .none, errorMessage: refusal?.message)
            }))
        }
        if request.validateOnly {
            return complete(commands.map { .applied(gateway.broker.preview($0)) })
        }
        propose(commands, for: call, completion: complete)
    }

    private func plan(_ asked: CreatePartitionsRequest.Topic) -> Result<Command, Refusal> {
        guard let topic = gateway.broker.topic(named: asked.name) else {
            return .failure(Refusal(.unknownTopicOrPartition, nil))
        }
        guard asked.count > 0 else {
            return .failure(Refusal(.invalidPartitions, "the number of partitions must be positive"))
        }
        if let assignments = asked.assignments {
            let added = Int(asked.count) - topic.partitions.count
            let lists = assignments.map(\.brokerIds)
            if added > 0, lists.count != added {
                return .failure(Refusal(
                    .invalidReplicaAssignment, "\(lists.count) assignments for \(added) new partitions"))
            }
            if let refusal = TopicPlan.refusal(ofReplicas: lists, gateway) { return .failure(refusal) }
        }
        return .success(.createPartitions(topic: topic.number, total: UInt32(asked.count)))
    }
}
