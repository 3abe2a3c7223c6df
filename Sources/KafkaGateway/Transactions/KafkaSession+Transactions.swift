import Broker
import KafkaWire

/// The requests by which a producer makes a transaction. The leader is the coordinator of every transactional id.
extension KafkaSession {
    /// InitProducerId (key 22) with a transactional id: fences whoever had it, and ends what that left open.
    func initTransactionalProducer(
        _ header: KafkaRequestHeader, _ request: InitProducerIdRequest, _ name: String, expected: ProducerIdentity?
    ) {
        var refusal = gateway.coordinator.refusal
        if request.transactionTimeoutMs <= 0
            || request.transactionTimeoutMs > gateway.settings.transactions.maximumTimeoutMilliseconds
        {
            refusal = refusal ?? .invalidTransactionTimeout
        }
        if let refusal { return respond(header, InitProducerIdResponse(errorCode: refusal, producerEpoch: -1)) }
        let ticket = reserve(holding: 0)
        gateway.transactions.initialize(
            name, timeoutMilliseconds: request.transactionTimeoutMs, expected: expected
        ) { [weak self] outcome in
            switch outcome {
            case .applied(.transactionInitialized(let producer)), .applied(.transactionEnded(let producer)):
                self?.fill(
                    ticket, header,
                    InitProducerIdResponse(producerId: producer.id, producerEpoch: producer.epoch))
            default:
                let code = outcome.transactionCode(fencedFrom: 4, header)
                self?.fill(ticket, header, InitProducerIdResponse(errorCode: code, producerEpoch: -1))
            }
        }
    }

    /// AddPartitionsToTxn (key 24): all join, or none.
    func addPartitionsToTxn(_ header: KafkaRequestHeader, _ request: AddPartitionsToTxnRequest) {
        let producer = ProducerIdentity(id: request.producerId, epoch: request.producerEpoch)
        var isComplete = true
        var keys: [PartitionKey] = []
        for topic in request.topics {
            let number = gateway.broker.topicNumber(named: topic.name)
            for partition in topic.partitions {
                if let key = gateway.key(number, partition) { keys.append(key) } else { isComplete = false }
            }
        }
        if let refusal = transactionRefusal(request.transactionalId, producer) {
            return respond(header, request.answer { _, _ in refusal })
        }
        guard isComplete else {
            return respond(header, request.answer { [gateway] topic, partition in
                let number = gateway.broker.topicNumber(named: topic)
                return gateway.key(number, partition) == nil ? .unknownTopicOrPartition : .operationNotAttempted
            })
        }
        let ticket = reserve(holding: 0)
        let command = Command.addToTransaction(
            name: request.transactionalId, producer: producer, partitions: keys, group: nil)
        gateway.propose([command]) { [weak self] outcomes in
            let code = outcomes[0].transactionCode(fencedFrom: 2, header)
            self?.fill(ticket, header, request.answer { _, _ in code })
        }
    }

    /// AddOffsetsToTxn (key 25).
    func addOffsetsToTxn(_ header: KafkaRequestHeader, _ request: AddOffsetsToTxnRequest) {
        let producer = ProducerIdentity(id: request.producerId, epoch: request.producerEpoch)
        let refusal = transactionRefusal(request.transactionalId, producer)
            ?? (request.groupId.isEmpty ? .invalidGroupId : nil)
        if let refusal { return respond(header, AddOffsetsToTxnResponse(errorCode: refusal)) }
        let ticket = reserve(holding: 0)
        let command = Command.addToTransaction(
            name: request.transactionalId, producer: producer, partitions: [], group: request.groupId)
        gateway.propose([command]) { [weak self] outcomes in
            let code = outcomes[0].transactionCode(fencedFrom: 2, header)
            self?.fill(ticket, header, AddOffsetsToTxnResponse(errorCode: code))
        }
    }

    /// EndTxn (key 26): one log entry.
    func endTxn(_ header: KafkaRequestHeader, _ request: EndTxnRequest) {
        if let refusal = gateway.coordinator.refusal { return respond(header, EndTxnResponse(errorCode: refusal)) }
        if request.transactionalId.isEmpty { return respond(header, EndTxnResponse(errorCode: .invalidRequest)) }
        let ticket = reserve(holding: 0)
        gateway.transactions.end(
            request.transactionalId, ProducerIdentity(id: request.producerId, epoch: request.producerEpoch),
            commits: request.committed
        ) { [weak self] outcome in
            self?.fill(ticket, header, EndTxnResponse(errorCode: outcome.transactionCode(fencedFrom: 2, header)))
        }
    }

    /// What stands in the way of a request that adds to a transaction.
    private func transactionRefusal(_ name: String, _ producer: ProducerIdentity) -> KafkaErrorCode? {
        if let refusal = gateway.coordinator.refusal { return refusal }
        if name.isEmpty { return .invalidRequest }
        return gateway.transactions.isEnding(producer.id) ? .concurrentTransactions : nil
    }
}

extension CommandBatch.Outcome {
    /// PRODUCER_FENCED is told from a version on (KIP-588), INVALID_PRODUCER_EPOCH before.
    fileprivate func transactionCode(fencedFrom version: Int16, _ header: KafkaRequestHeader) -> KafkaErrorCode {
        let code = coordinatorCode
        return code == .producerFenced && header.apiVersion < version ? .invalidProducerEpoch : code
    }
}

extension AddPartitionsToTxnRequest {
    fileprivate func answer(_ code: (String, Int32) -> KafkaErrorCode) -> AddPartitionsToTxnResponse {
        AddPartitionsToTxnResponse(topics: topics.map { topic in
            .init(name: topic.name, partitions: topic.partitions.map {
                .init(partitionIndex: $0, errorCode: code(topic.name, $0))
            })
        })
    }
}
