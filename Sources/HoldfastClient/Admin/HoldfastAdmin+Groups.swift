import KafkaWire

/// Consumer groups. Their coordinator is the leader, which is what Kafka's controller is here.
extension HoldfastAdmin {
    /// All groups, by name.
    public func listGroups() throws(HoldfastError) -> [GroupListing] {
        try askingCoordinator("listing the groups") { () throws(ExchangeFailure) in
            let answer = try self.cluster.ask(ListGroupsRequest(), ListGroupsResponse.self, .controller)
            if answer.errorCode.isError { throw ClusterClient.failure(answer.errorCode, "the groups") }
            return answer.groups.map {
                GroupListing(name: $0.groupId, protocolType: $0.protocolType, state: $0.groupState)
            }.sorted { $0.name < $1.name }
        }
    }

    public func describeGroup(_ name: String) throws(HoldfastError) -> GroupDescription {
        let group = try askingCoordinator("describing group '\(name)'") { () throws(ExchangeFailure) in
            let answer = try self.cluster.ask(
                DescribeGroupsRequest(groups: [name]), DescribeGroupsResponse.self, .controller)
            guard let group = answer.groups.first(where: { $0.groupId == name }) else {
                throw .failed(.malformed("no answer for group '\(name)'"))
            }
            if group.errorCode.isError { throw ClusterClient.failure(group.errorCode, "group '\(name)'") }
            if group.groupState == "Dead" { return try self.describeConsumerProtocolGroup(name) }
            return GroupDescription(
                name: name, state: group.groupState, protocolType: group.protocolType, assignor: group.protocolData,
                members: group.members.map(GroupDescription.Member.init), progress: [])
        }
        return GroupDescription(
            name: name, state: group.state, protocolType: group.protocolType, assignor: group.assignor,
            members: group.members,
            progress: try progress(of: name, assigned: group.members.flatMap(\.partitions)))
    }

    /// A group of the consumer protocol (KIP-848) is dead to those who ask in the classic one.
    private func describeConsumerProtocolGroup(_ name: String) throws(ExchangeFailure) -> GroupDescription {
        let answer = try cluster.ask(
            ConsumerGroupDescribeRequest(groupIds: [name]), ConsumerGroupDescribeResponse.self, .controller)
        guard let group = answer.groups.first(where: { $0.groupId == name }) else {
            throw .failed(.malformed("no answer for group '\(name)'"))
        }
        if group.errorCode == .groupIdNotFound { throw Self.unknownGroup(name) }
        if group.errorCode.isError { throw ClusterClient.failure(group.errorCode, "group '\(name)'") }
        return GroupDescription(
            name: name, state: group.groupState, protocolType: "consumer", assignor: group.assignorName,
            members: group.members.map(GroupDescription.Member.init), progress: [])
    }

    private func progress(
        of name: String, assigned: [TopicPartition]
    ) throws(HoldfastError) -> [GroupDescription.Progress] {
        let committed = try committedOffsets(of: name)
        var progress: [GroupDescription.Progress] = []
        for place in Set(committed.keys).union(assigned).sorted() {
            let end = try cluster.offset(of: place.topic, place.partition, at: OffsetLookup.latest)
            progress.append(.init(partition: place, committed: committed[place], end: end))
        }
        return progress
    }

    /// The next offset that the group will read in each partition it has committed.
    public func committedOffsets(of name: String) throws(HoldfastError) -> [TopicPartition: Int64] {
        try askingCoordinator("reading the offsets of group '\(name)'") { () throws(ExchangeFailure) in
            let answer = try self.cluster.ask(
                OffsetFetchRequest(groups: [.init(groupId: name, topics: nil)]), OffsetFetchResponse.self, .controller)
            guard let group = answer.groups.first else { throw .failed(.malformed("no answer for group '\(name)'")) }
            if group.errorCode.isError { throw ClusterClient.failure(group.errorCode, "group '\(name)'") }
            var offsets: [TopicPartition: Int64] = [:]
            for topic in group.topics {
                for partition in topic.partitions where partition.committedOffset >= 0 {
                    let place = TopicPartition(topic: topic.name, partition: partition.partitionIndex)
                    offsets[place] = partition.committedOffset
                }
            }
            return offsets
        }
    }

    /// Where a group without members is to read on.
    public func commitOffsets(_ offsets: [TopicPartition: Int64], of name: String) throws(HoldfastError) {
        let topics = Set(offsets.keys.map(\.topic)).sorted().map { topic in
            OffsetCommitRequest.Topic(name: topic, partitions: offsets.filter { $0.key.topic == topic }.map {
                .init(partitionIndex: $0.key.partition, committedOffset: $0.value)
            }.sorted { $0.partitionIndex < $1.partitionIndex })
        }
        try askingCoordinator("setting the offsets of group '\(name)'") { () throws(ExchangeFailure) in
            let answer = try self.cluster.ask(
                OffsetCommitRequest(groupId: name, topics: topics), OffsetCommitResponse.self, .controller)
            for topic in answer.topics {
                for partition in topic.partitions where partition.errorCode.isError {
                    let code = partition.errorCode
                    // That is how a group that has members refuses whoever is none.
                    if code == .unknownMemberId { throw Self.hasMembers(name) }
                    throw ClusterClient.failure(code, "\(topic.name)-\(partition.partitionIndex)")
                }
            }
        }
    }

    /// A group without members, with its offsets. After an attempt whose outcome is unknown, not finding it is success.
    public func deleteGroup(_ name: String) throws(HoldfastError) {
        var mayBeDone = false
        try askingCoordinator("deleting group '\(name)'") { () throws(ExchangeFailure) in
            let request = DeleteGroupsRequest(groupsNames: [name])
            let answer: DeleteGroupsResponse
            do throws(ExchangeFailure) {
                answer = try self.cluster.ask(request, DeleteGroupsResponse.self, .controller)
            } catch {
                if case .lost = error { mayBeDone = true }
                throw error
            }
            guard let result = answer.results.first(where: { $0.groupId == name }) else {
                throw .failed(.malformed("no outcome for group '\(name)'"))
            }
            switch result.errorCode {
            case .none: return
            case .groupIdNotFound where mayBeDone: return
            case .groupIdNotFound: throw Self.unknownGroup(name)
            case .nonEmptyGroup: throw Self.hasMembers(name)
            default:
                mayBeDone = mayBeDone || result.errorCode.isRetriable
                throw ClusterClient.failure(result.errorCode, "group '\(name)'")
            }
        }
    }

    /// Looks for the leader again after each failure.
    private func askingCoordinator<Result>(
        _ operation: String, _ body: () throws(ExchangeFailure) -> Result
    ) throws(HoldfastError) -> Result {
        try cluster.retrying(operation) { attempt throws(ExchangeFailure) in
            if attempt > 0 || self.cluster.metadata.controller == nil {
                try self.cluster.refresh(topics: [], rotating: attempt > 0)
            }
            return try body()
        }
    }

    private static func unknownGroup(_ name: String) -> ExchangeFailure {
        let code = KafkaErrorCode.groupIdNotFound
        return .failed(.refused(code: code.rawValue, name: code.name, detail: "there is no group '\(name)'"))
    }

    private static func hasMembers(_ name: String) -> ExchangeFailure {
        let code = KafkaErrorCode.nonEmptyGroup
        return .failed(.refused(
            code: code.rawValue, name: code.name, detail: "group '\(name)' has members; stop them first"))
    }
}
