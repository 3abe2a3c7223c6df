import Broker
import Bytes
import KafkaWire
import Planted

/// Committed offsets of consumer groups: each commit is a log entry, acknowledged when a majority has it on disk.
extension KafkaSession {
    /// OffsetCommit (key 8).
    func offsetCommit(_ header: KafkaRequestHeader, _ request: OffsetCommitRequest) {
        let code = refusal(of: request, version: header.apiVersion)
        if code != .none { return respond(header, request.answer(request.partitions.map { _ in code })) }
        // By partition, in the order of the request: where it goes, or why not.
        var places: [(key: PartitionKey?, refusal: KafkaErrorCode)] = []
        var offsets: [CommittedOffset] = []
        for topic in request.topics {
            let number = gateway.broker.topicNumber(named: topic.name)
            for partition in topic.partitions {
                let key = gateway.key(number, partition.partitionIndex)
                let metadata = partition.committedMetadata ?? ""
                let isTooLong = metadata.utf8.count > gateway.settings.groups.maximumMetadataBytes
                let refusal: KafkaErrorCode = isTooLong ? .offsetMetadataTooLarge : .unknownTopicOrPartition
                guard let key, !isTooLong else {
                    places.append((nil, refusal))
                    continue
                }
                places.append((key, .none))
                offsets.append(CommittedOffset(
                    key: key, offset: partition.committedOffset, leaderEpoch: partition.committedLeaderEpoch,
                    metadata: metadata))
            }
        }
        let ticket = reserve(holding: 0)
        #if DEBUG
        if Planted.has(.acknowledgesOffsetsEarly) {
            fill(ticket, header, request.answer(places.map { $0.key == nil ? $0.refusal : .none }))
            return gateway.propose([.commitOffsets(group: request.groupId, offsets: offsets)]) { _ in }
        }
        #endif
        gateway.propose(offsets.isEmpty ? [] : [.commitOffsets(group: request.groupId, offsets: offsets)]) {
            [weak self] outcomes in
            let committed = outcomes.first?.coordinatorCode ?? .none
            var unknown: Set<PartitionKey> = []
            if case .applied(.offsetsCommitted(let keys)) = outcomes.first { unknown = Set(keys) }
            self?.fill(ticket, header, request.answer(places.map { place in
                guard let key = place.key else { return place.refusal }
                return unknown.contains(key) ? .unknownTopicOrPartition : committed
            }))
        }
    }

    private func refusal(of request: OffsetCommitRequest, version: Int16) -> KafkaErrorCode {
        if let refusal = gateway.coordinator.refusal { return refusal }
        // Unlike in other requests the empty group id was allowed here once; Kafka still takes it. It is refused like
        // everywhere else: nobody could fetch the offsets apart from others who forgot theirs.
        if request.groupId.isEmpty { return .invalidGroupId }
        let generation = request.generationIdOrMemberEpoch
        guard let group = gateway.coordinator.findEither(request.groupId) else {
            return generation < 0 ? .none : .illegalGeneration
        }
        return group.checkCommit(request, version: version, now: gateway.node.clock.monotonicNanoseconds)
    }

    /// OffsetFetch (key 9), after the leader has made sure that it still is one: a deposed leader would hand out
    /// offsets that lie before those committed at its successor.
    func offsetFetch(_ header: KafkaRequestHeader, _ request: OffsetFetchRequest) {
        let failing = { (code: KafkaErrorCode) in
            OffsetFetchResponse(groups: request.groups.map {
                .init(groupId: $0.groupId, topics: $0.failing(code, version: header.apiVersion), errorCode: code)
            })
        }
        if let refusal = gateway.coordinator.refusal { return respond(header, failing(refusal)) }
        #if DEBUG
        if Planted.has(.deposedCoordinatorTellsOffsets) {
            return respond(header, OffsetFetchResponse(groups: request.groups.map {
                gateway.offsets($0, isStable: request.requireStable)
            }))
        }
        #endif
        let ticket = reserve(holding: 0)
        replica.readBarrier { [weak self] isCurrent in
            guard let self else { return }
            guard isCurrent else { return fill(ticket, header, failing(.notCoordinator)) }
            fill(ticket, header, OffsetFetchResponse(groups: request.groups.map {
                self.gateway.offsets($0, isStable: request.requireStable)
            }))
        }
    }

    /// OffsetDelete (key 47, KIP-496): of topics that no member reads.
    func offsetDelete(_ header: KafkaRequestHeader, _ request: OffsetDeleteRequest) {
        if let refusal = gateway.coordinator.refusal {
            return respond(header, OffsetDeleteResponse(errorCode: refusal, topics: []))
        }
        guard let group = gateway.coordinator.findEither(request.groupId) else {
            return respond(header, OffsetDeleteResponse(errorCode: .groupIdNotFound, topics: []))
        }
        guard let subscribed = group.subscribedTopics else {
            return respond(header, OffsetDeleteResponse(errorCode: .nonEmptyGroup, topics: []))
        }
        let free = request.topics.filter { !subscribed.contains($0.name) }
        let keys = free.flatMap { topic in
            let number = gateway.broker.topicNumber(named: topic.name)
            return topic.partitions.compactMap { self.gateway.key(number, $0) }
        }
        let ticket = reserve(holding: 0)
        gateway.propose([.deleteOffsets(group: request.groupId, keys: keys)]) { [weak self] outcomes in
            guard let self else { return }
            let code = outcomes[0].coordinatorCode
            let topics: [OffsetDeleteResponse.Topic] = code != .none ? [] : request.topics.map { topic in
                let number = self.gateway.broker.topicNumber(named: topic.name)
                return OffsetDeleteResponse.Topic(name: topic.name, partitions: topic.partitions.map { index in
                    let isKnown = self.gateway.key(number, index) != nil
                    return .init(
                        partitionIndex: index,
                        errorCode: subscribed.contains(topic.name) ? .groupSubscribedToTopic
                            : isKnown ? .none : .unknownTopicOrPartition)
                })
            }
            fill(ticket, header, OffsetDeleteResponse(errorCode: code, topics: topics))
        }
    }
}

extension KafkaGateway {
    /// A partition that exists.
    func key(_ topic: UInt32?, _ partition: Int32) -> PartitionKey? {
        guard let topic, partition >= 0 else { return nil }
        let key = PartitionKey(topic: topic, partition: UInt32(partition))
        return broker.partition(key) == nil ? nil : key
    }

    /// What a group has committed in the partitions asked for; in all when none are named. With `isStable`, not where a
    /// transaction may be about to commit something else (KIP-447).
    fileprivate func offsets(_ request: OffsetFetchRequest.Group, isStable: Bool) -> OffsetFetchResponse.Group {
        if request.groupId.isEmpty { return .init(groupId: "", topics: [], errorCode: .invalidGroupId) }
        let isMember = request.memberId != nil || request.memberEpoch >= 0
        if isMember, let group = coordinator.findConsumerGroup(request.groupId) {
            let code = group.checkOffsets(request.memberId ?? "", epoch: request.memberEpoch)
            if code.isError { return .init(groupId: request.groupId, topics: [], errorCode: code) }
        }
        let group = broker.group(named: request.groupId)
        #if DEBUG
        let isStable = isStable && !Planted.has(.tellsUnstableOffsets)
        #endif
        let unstable = isStable ? Set(broker.unstableOffsets(ofGroup: request.groupId)) : []
        guard let topics = request.topics else {
            return .init(groupId: request.groupId, topics: group.map { everything($0, unstable) } ?? [])
        }
        return .init(groupId: request.groupId, topics: topics.map { topic in
            let number = broker.topicNumber(named: topic.name)
            return .init(name: topic.name, partitions: topic.partitions.map { index in
                guard let number, index >= 0 else { return .init(index, nil) }
                let key = PartitionKey(topic: number, partition: UInt32(index))
                return unstable.contains(key) ? .unstable(index) : .init(index, group?.offset(of: key))
            })
        })
    }

    private func everything(_ group: ConsumerGroup, _ unstable: Set<PartitionKey>) -> [OffsetFetchResponse.Topic] {
        var topics: [OffsetFetchResponse.Topic] = []
        var last: UInt32?
        for offset in group.offsets {
            guard let name = broker.topic(number: offset.key.topic)?.name else { continue }
            if last != offset.key.topic { topics.append(.init(name: name, partitions: [])) }
            last = offset.key.topic
            let index = Int32(offset.key.partition)
            topics[topics.count - 1].partitions.append(
                unstable.contains(offset.key) ? .unstable(index) : .init(index, offset))
        }
        return topics
    }
}

extension OffsetFetchResponse.Partition {
    /// -1 where nothing is committed.
    fileprivate init(_ index: Int32, _ offset: CommittedOffset?) {
        self.init(
            partitionIndex: index, committedOffset: offset?.offset ?? -1,
            committedLeaderEpoch: offset?.leaderEpoch ?? -1, metadata: offset?.metadata ?? "")
    }

    fileprivate static func unstable(_ index: Int32) -> Self {
        .init(partitionIndex: index, committedOffset: -1, metadata: "", errorCode: .unstableOffsetCommit)
    }
}

extension OffsetFetchRequest.Group {
    /// Version 1 has no place for an error but in each partition.
    fileprivate func failing(_ code: KafkaErrorCode, version: Int16) -> [OffsetFetchResponse.Topic] {
        guard version < 2 else { return [] }
        return (topics ?? []).map { topic in
            .init(name: topic.name, partitions: topic.partitions.map {
                .init(partitionIndex: $0, committedOffset: -1, metadata: "", errorCode: code)
            })
        }
    }
}

extension OffsetCommitRequest {
    fileprivate var partitions: [Partition] { topics.flatMap(\.partitions) }

    /// `codes`: one for each partition, in order.
    fileprivate func answer(_ codes: [KafkaErrorCode]) -> OffsetCommitResponse {
        var codes = codes.makeIterator()
        return OffsetCommitResponse(topics: topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map {
                .init(partitionIndex: $0.partitionIndex, errorCode: codes.next() ?? .unknownServerError)
            })
        })
    }
}
