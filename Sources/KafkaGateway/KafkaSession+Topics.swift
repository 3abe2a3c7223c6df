import Broker
import Bytes
import KafkaWire
import Node

extension KafkaSession {
    /// CreateTopics (key 19).
    func createTopics(_ header: KafkaRequestHeader, _ request: CreateTopicsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in createTopics(request, for: call) },
            refusal: { call in
                call.answer(CreateTopicsResponse(topics: request.topics.map { Self.refused($0.name, call.reason) }))
            })
    }

    private func createTopics(_ request: CreateTopicsRequest, for call: LeaderCall) {
        let repeated = Self.repeated(request.topics.map(\.name))
        let plans = AdminPlans(request.topics, limit: gateway.settings.maximumItemsPerRequest) { topic in
            repeated.contains(topic.name) ? .failure(.repeatedTopic) : TopicPlan.make(topic, gateway)
        }
        let replicas = gateway.voters.count
        carryOut(plans.commands(\.command), validateOnly: request.validateOnly, for: call) { outcomes in
            let topics = zip(request.topics, plans.settled(by: outcomes)).map { topic, result in
                switch result {
                case .failure(let refusal): Self.refused(topic.name, refusal)
                case .success(let plan): plan.created(validated: request.validateOnly, replicas: replicas)
                }
            }
            call.answer(CreateTopicsResponse(topics: topics))
        }
    }

    private static func refused(_ name: String, _ refusal: Refusal) -> CreateTopicsResponse.Topic {
        .init(name: name, errorCode: refusal.code, errorMessage: refusal.message)
    }

    /// What occurs more than once.
    static func repeated<Item: Hashable>(_ items: [Item]) -> Set<Item> {
        var seen: Set<Item> = []
        var repeated: Set<Item> = []
        for item in items where !seen.insert(item).inserted { repeated.insert(item) }
        return repeated
    }

    /// Proposes the commands, or only looks at what they would be answered.
    func carryOut(
        _ commands: [Command], validateOnly: Bool, for call: LeaderCall,
        completion: @escaping ([CommandBatch.Outcome]) -> Void
    ) {
        if validateOnly { return completion(commands.map { .applied(gateway.broker.preview($0)) }) }
        propose(commands, for: call, completion: completion)
    }
}

extension KafkaSession {
    /// DeleteTopics (key 20), by name or id.
    func deleteTopics(_ header: KafkaRequestHeader, _ request: DeleteTopicsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in deleteTopics(request, for: call) },
            refusal: { call in
                call.answer(DeleteTopicsResponse(responses: request.topics.map { Self.refused($0, call.reason) }))
            })
    }

    private func deleteTopics(_ request: DeleteTopicsRequest, for call: LeaderCall) {
        var numbers: Set<UInt32> = []
        let plans = AdminPlans(request.topics, limit: gateway.settings.maximumItemsPerRequest) { asked in
            find(asked).flatMap { numbers.insert($0.number).inserted ? .success($0) : .failure(.repeatedTopic) }
        }
        propose(plans.commands { .deleteTopic(number: $0.number) }, for: call) { outcomes in
            let responses = zip(request.topics, plans.settled(by: outcomes)).map { asked, result in
                switch result {
                case .failure(let refusal): Self.refused(asked, refusal)
                case .success(let topic):
                    DeleteTopicsResponse.Topic(name: topic.name, topicId: KafkaUUID(topic.id))
                }
            }
            call.answer(DeleteTopicsResponse(responses: responses))
        }
    }

    private func find(_ asked: DeleteTopicsRequest.Topic) -> Result<TopicReference, Refusal> {
        if let name = asked.name {
            if asked.topicId != .zero {
                return .failure(Refusal(.invalidRequest, "a topic is given by name or by id, not by both"))
            }
            guard let topic = gateway.broker.topic(named: name) else { return .failure(.unknownTopic) }
            return .success(TopicReference(topic))
        }
        if asked.topicId == .zero { return .failure(Refusal(.invalidRequest, "neither a name nor an id is given")) }
        guard let topic = gateway.broker.topic(id: TopicID(asked.topicId)) else {
            return .failure(Refusal(.unknownTopicId, "this node knows no topic with that id"))
        }
        return .success(TopicReference(topic))
    }

    private static func refused(_ asked: DeleteTopicsRequest.Topic, _ refusal: Refusal) -> DeleteTopicsResponse.Topic {
        .init(name: asked.name, topicId: asked.topicId, errorCode: refusal.code, errorMessage: refusal.message)
    }
}

/// A topic without its partitions, to be kept while commands are on their way.
private struct TopicReference {
    let number: UInt32
    let id: TopicID
    let name: String

    init(_ topic: Topic) {
        number = topic.number
        id = topic.id
        name = topic.name
    }
}

extension KafkaSession {
    /// CreatePartitions (key 37).
    func createPartitions(_ header: KafkaRequestHeader, _ request: CreatePartitionsRequest, frame: ByteSlice) {
        lead(
            header, frame: frame, timeoutMs: request.timeoutMs,
            execute: { [self] call in createPartitions(request, for: call) },
            refusal: { call in
                call.answer(CreatePartitionsResponse(results: request.topics.map { Self.result($0, call.reason) }))
            })
    }

    private func createPartitions(_ request: CreatePartitionsRequest, for call: LeaderCall) {
        let repeated = Self.repeated(request.topics.map(\.name))
        let plans = AdminPlans(request.topics, limit: gateway.settings.maximumItemsPerRequest) { topic in
            repeated.contains(topic.name) ? .failure(.repeatedTopic) : plan(topic)
        }
        carryOut(plans.commands { $0 }, validateOnly: request.validateOnly, for: call) { outcomes in
            let results = zip(request.topics, plans.settled(by: outcomes)).map { topic, result in
                switch result {
                case .failure(let refusal): Self.result(topic, refusal)
                case .success: Self.result(topic, nil)
                }
            }
            call.answer(CreatePartitionsResponse(results: results))
        }
    }

    private static func result(
        _ topic: CreatePartitionsRequest.Topic, _ refusal: Refusal?
    ) -> CreatePartitionsResponse.Topic {
        .init(name: topic.name, errorCode: refusal?.code ?? .none, errorMessage: refusal?.message)
    }

    private func plan(_ asked: CreatePartitionsRequest.Topic) -> Result<Command, Refusal> {
        guard let topic = gateway.broker.topic(named: asked.name) else { return .failure(.unknownTopic) }
        let current = topic.partitions.count
        guard Int(asked.count) > current else {
            return .failure(Refusal(.partitionCountNotLarger(current: current, requested: Int(asked.count))))
        }
        if let assignments = asked.assignments {
            let added = Int(asked.count) - current
            if assignments.count != added {
                return .failure(Refusal(
                    .invalidReplicaAssignment, "\(assignments.count) assignments for \(added) new partitions"))
            }
            if let refusal = TopicPlan.refusal(ofReplicas: assignments.map(\.brokerIds), gateway) {
                return .failure(refusal)
            }
        }
        return .success(.createPartitions(topic: topic.number, total: UInt32(asked.count)))
    }
}
