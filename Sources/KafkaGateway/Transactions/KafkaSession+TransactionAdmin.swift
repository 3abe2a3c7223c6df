import Broker
import KafkaWire
import NamePatterns

/// What administrators see of transactions (KIP-664).
extension KafkaSession {
    /// ListTransactions (key 66). Clients ask all nodes; the leader knows them all. A pattern (KIP-1152) that is none,
    /// or takes too long to be compared with one of those that the other filters leave, is refused.
    func listTransactions(_ header: KafkaRequestHeader, _ request: ListTransactionsRequest) {
        if let refusal = gateway.coordinator.refusal {
            let code = refusal == .notCoordinator ? KafkaErrorCode.none : refusal
            return respond(header, ListTransactionsResponse(errorCode: code))
        }
        let unknown = request.stateFilters.filter { !Transaction.kafkaStates.contains($0) }
        let known = request.stateFilters.filter { Transaction.kafkaStates.contains($0) }
        let now = gateway.node.clock.wallMilliseconds
        var found = known.isEmpty && !unknown.isEmpty ? [] : gateway.broker.allTransactions.filter { transaction in
            (known.isEmpty || known.contains(transaction.kafkaState))
                && (request.producerIdFilters.isEmpty || request.producerIdFilters.contains(transaction.producer.id))
                && (request.durationFilter < 0
                    || (transaction.isOngoing && now - transaction.startedAt > request.durationFilter))
        }
        if let pattern = request.transactionalIdPattern, !pattern.isEmpty {
            do throws(NamePatternError) { found = try Self.transactions(of: found, named: pattern) } catch {
                return respond(header, ListTransactionsResponse(errorCode: .invalidRegularExpression))
            }
        }
        respond(header, ListTransactionsResponse(
            unknownStateFilters: unknown,
            transactionStates: found.sorted { $0.name < $1.name }.map {
                .init(transactionalId: $0.name, producerId: $0.producer.id, transactionState: $0.kafkaState)
            }))
    }

    private static func transactions(
        of all: [Transaction], named text: String
    ) throws(NamePatternError) -> [Transaction] {
        let pattern = try NamePattern(text)
        var found: [Transaction] = []
        for transaction in all where try pattern.matches(transaction.name) { found.append(transaction) }
        return found
    }

    /// DescribeTransactions (key 65).
    func describeTransactions(_ header: KafkaRequestHeader, _ request: DescribeTransactionsRequest) {
        let refusal = gateway.coordinator.refusal
        let limit = gateway.settings.maximumItemsPerRequest
        let states = request.transactionalIds.enumerated().map { number, name -> DescribeTransactionsResponse.State in
            if let refusal { return .failed(name, refusal) }
            if number >= limit { return .failed(name, .policyViolation) }
            if name.isEmpty { return .failed(name, .invalidRequest) }
            guard let transaction = gateway.broker.transaction(named: name) else {
                return .failed(name, .transactionalIdNotFound)
            }
            return .init(
                transactionalId: name, transactionState: transaction.kafkaState,
                transactionTimeoutMs: transaction.timeoutMilliseconds,
                transactionStartTimeMs: transaction.isOngoing ? transaction.startedAt : -1,
                producerId: transaction.producer.id, producerEpoch: transaction.producer.epoch,
                topics: gateway.describe(transaction.partitions))
        }
        respond(header, DescribeTransactionsResponse(transactionStates: states))
    }

    /// DescribeProducers (key 61), by the leader.
    func describeProducers(_ header: KafkaRequestHeader, _ request: DescribeProducersRequest) {
        var left = gateway.settings.maximumItemsPerRequest
        let topics = request.topics.map { topic -> DescribeProducersResponse.Topic in
            let number = gateway.broker.topicNumber(named: topic.name)
            return .init(name: topic.name, partitions: topic.partitions.map { index in
                left -= 1
                if left < 0 { return .init(partitionIndex: index, errorCode: .policyViolation, activeProducers: []) }
                switch gateway.find(index, of: number, leaderEpoch: -1) {
                case .failed(let code): return .init(partitionIndex: index, errorCode: code, activeProducers: [])
                case .found(let state):
                    return .init(partitionIndex: index, activeProducers: gateway.describeProducers(of: state))
                }
            })
        }
        respond(header, DescribeProducersResponse(topics: topics))
    }
}

extension Transaction {
    /// Those a client may name; the others come and go within one log entry here.
    fileprivate static let kafkaStates = [
        "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead",
        "PrepareEpochFence",
    ]

    fileprivate var kafkaState: String {
        switch phase {
        case .empty: "Empty"
        case .ongoing: "Ongoing"
        case .committed: "CompleteCommit"
        case .aborted: "CompleteAbort"
        }
    }
}

extension KafkaGateway {
    /// By topic, in order.
    fileprivate func describe(_ keys: [PartitionKey]) -> [DescribeTransactionsResponse.Topic] {
        var topics: [DescribeTransactionsResponse.Topic] = []
        var last: UInt32?
        for key in keys {
            guard let name = broker.topic(number: key.topic)?.name else { continue }
            if last != key.topic { topics.append(.init(name: name, partitions: [])) }
            last = key.topic
            topics[topics.count - 1].partitions.append(Int32(key.partition))
        }
        return topics
    }

    fileprivate func describeProducers(of state: PartitionState) -> [DescribeProducersResponse.Producer] {
        state.producers.states.map { producer in
            .init(
                producerId: producer.id, producerEpoch: Int32(producer.epoch), lastSequence: producer.lastSequence,
                lastTimestamp: producer.lastTimestamp, coordinatorEpoch: leaderEpoch,
                currentTxnStartOffset: state.transactions.open.first { $0.producer == producer.id }?.firstOffset ?? -1)
        }
    }
}

extension DescribeTransactionsResponse.State {
    fileprivate static func failed(_ name: String, _ code: KafkaErrorCode) -> Self {
        .init(
            errorCode: code, transactionalId: name, transactionState: "", transactionTimeoutMs: -1,
            transactionStartTimeMs: -1, producerId: -1, producerEpoch: -1, topics: [])
    }
}
