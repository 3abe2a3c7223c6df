import Broker
import KafkaWire
import Planted

extension KafkaSession {
    /// TxnOffsetCommit (key 28): offsets that count once the transaction is committed.
    func txnOffsetCommit(_ header: KafkaRequestHeader, _ request: TxnOffsetCommitRequest) {
        if let refusal = refusal(of: request, version: header.apiVersion) {
            return respond(header, request.answer { _, _ in refusal })
        }
        let (offsets, refused) = gateway.sorted(request)
        guard !offsets.isEmpty else {
            return respond(header, request.answer { refused[Place(topic: $0, partition: $1)] ?? .none })
        }
        let ticket = reserve(holding: 0)
        let command = Command.addTransactionOffsets(
            name: request.transactionalId,
            producer: ProducerIdentity(id: request.producerId, epoch: request.producerEpoch),
            group: request.groupId, offsets: offsets)
        gateway.propose([command]) { [weak self] outcomes in
            guard let self else { return }
            let code = outcomes[0].coordinatorCode
            var unknown: Set<PartitionKey> = []
            if case .applied(.offsetsCommitted(let keys)) = outcomes[0] { unknown = Set(keys) }
            fill(ticket, header, request.answer { topic, partition in
                if let refusal = refused[Place(topic: topic, partition: partition)] { return refusal }
                let key = self.gateway.key(self.gateway.broker.topicNumber(named: topic), partition)
                if key.map(unknown.contains) ?? true { return .unknownTopicOrPartition }
                // The group's coordinator has always told it so.
                return code == .producerFenced ? .invalidProducerEpoch : code
            })
        }
    }

    /// A client that says nothing of a group's members is believed, as by Kafka: below version 3 none can (KIP-447).
    private func refusal(of request: TxnOffsetCommitRequest, version: Int16) -> KafkaErrorCode? {
        if let refusal = gateway.coordinator.refusal { return refusal }
        if request.groupId.isEmpty { return .invalidGroupId }
        if request.transactionalId.isEmpty { return .invalidRequest }
        if request.generationId < 0 && request.memberId.isEmpty && request.groupInstanceId == nil { return nil }
        #if DEBUG
        if Planted.has(.transactionsIgnoreMembers) { return nil }
        #endif
        guard let group = gateway.coordinator.findEither(request.groupId) else { return .illegalGeneration }
        let commit = OffsetCommitRequest(
            groupId: request.groupId, generationIdOrMemberEpoch: request.generationId, memberId: request.memberId,
            groupInstanceId: request.groupInstanceId, topics: [])
        let newest = SupportedApis[.offsetCommit].maximum
        let code = group.checkCommit(commit, version: newest, now: gateway.node.clock.monotonicNanoseconds)
        // There is no such answer to this request.
        if code == .staleMemberEpoch { return .illegalGeneration }
        return code.isError ? code : nil
    }
}

private struct Place: Hashable {
    let topic: String
    let partition: Int32
}

extension KafkaGateway {
    /// The offsets that may be stored, and why others may not.
    fileprivate func sorted(
        _ request: TxnOffsetCommitRequest
    ) -> (offsets: [CommittedOffset], refused: [Place: KafkaErrorCode]) {
        var offsets: [CommittedOffset] = []
        var refused: [Place: KafkaErrorCode] = [:]
        for topic in request.topics {
            let number = broker.topicNumber(named: topic.name)
            for partition in topic.partitions {
                let metadata = partition.committedMetadata ?? ""
                let place = Place(topic: topic.name, partition: partition.partitionIndex)
                if metadata.utf8.count > settings.groups.maximumMetadataBytes {
                    refused[place] = .offsetMetadataTooLarge
                } else if let key = key(number, partition.partitionIndex) {
                    offsets.append(
                        CommittedOffset(
                            key: key, offset: partition.committedOffset, leaderEpoch: partition.committedLeaderEpoch,
                            metadata: metadata))
                } else {
                    refused[place] = .unknownTopicOrPartition
                }
            }
        }
        return (offsets, refused)
    }
}

extension TxnOffsetCommitRequest {
    fileprivate func answer(_ code: (String, Int32) -> KafkaErrorCode) -> TxnOffsetCommitResponse {
        TxnOffsetCommitResponse(topics: topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map {
                .init(partitionIndex: $0.partitionIndex, errorCode: code(topic.name, $0.partitionIndex))
            })
        })
    }
}
