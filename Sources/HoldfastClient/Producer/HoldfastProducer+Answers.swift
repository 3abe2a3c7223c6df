import KafkaWire

extension HoldfastProducer {
    /// Everything that has been answered by now.
    func takeAnswers() {
        for lane in lanes.open {
            while lane.connection.inFlight > 0, takeAnswer(lane, timeoutMilliseconds: 0) {}
        }
    }

    /// Answers whether there was one.
    @discardableResult
    func takeAnswer(_ lane: ProducerLane, timeoutMilliseconds: Int) -> Bool {
        do throws(ExchangeFailure) {
            guard
                let answer = try lane.connection.receive(
                    ProduceResponse.self, timeoutMilliseconds: timeoutMilliseconds)
            else { return false }
            guard let batch = lane.batches.first, let result = answer.partitions.first,
                result.index == partitions[batch.partition].number
            else { throw .lost(ConnectionLost("\(lane.connection.address) answered for another partition")) }
            _ = lane.batches.popFirst()
            partitions[batch.partition].endFlight(of: batch)
            for node in answer.nodeEndpoints { cluster.metadata.add(node.nodeId, node.host, node.port) }
            handle(result, batch)
            return true
        } catch {
            lose(lane, error.reason)
            return false
        }
    }

    private func handle(_ result: ProduceResponse.Partition, _ batch: ProducerBatch) {
        let code = result.errorCode
        switch code {
        case .none:
            succeed(batch) { .stored(offset: result.baseOffset &+ Int64($0)) }
        case .duplicateSequenceNumber:
            succeed(batch) { _ in .storedEarlier }
        case .outOfOrderSequenceNumber where isConsequence(batch):
            sendAgain(batch, mayBeStored: false, code)
        case .unknownProducerId where batch.attempts == 1:
            // The broker has forgotten an idle producer: nothing is stored, and a new identity begins at 0.
            partitions[batch.partition].hasGap = true
            needsNewIdentity = true
            sendAgain(batch, mayBeStored: false, code)
        case _ where code.isRetriable:
            let topic = topics[partitions[batch.partition].topic].name
            let isRedirected = result.currentLeader.map {
                cluster.metadata.learn(leader: $0, of: topic, result.index)
            }
            if isRedirected != true { needsLeaders = true }
            sendAgain(batch, mayBeStored: true, code, atOnce: isRedirected == true)
        default:
            let error = HoldfastError.refused(
                code: code.rawValue, name: code.name, detail: result.errorMessage ?? "")
            giveUp(batch, error)
        }
    }

    /// The broker refuses the number because one before it is missing, which is known here already: the batch itself
    /// is certainly not stored.
    private func isConsequence(_ batch: ProducerBatch) -> Bool {
        let partition = partitions[batch.partition]
        return partition.hasGap || !partition.isFirst(batch)
    }

    private func succeed(_ batch: ProducerBatch, _ outcome: (Int) -> Delivery.Outcome) {
        partitions[batch.partition].failures = 0
        finish(batch, outcome)
    }

    private func sendAgain(
        _ batch: ProducerBatch, mayBeStored: Bool, _ code: KafkaErrorCode, atOnce: Bool = false
    ) {
        let position = batch.partition
        lastTrouble = "\(topics[partitions[position].topic].name)-\(partitions[position].number): \(code)"
        batch.mayBeStored = mayBeStored
        partitions[position].putBack(batch)
        let pause = atOnce ? 0 : cluster.backoff(after: partitions[position].failures)
        partitions[position].failures += 1
        partitions[position].retryAt = network.monotonicNanoseconds &+ pause
    }

    // MARK: Identity

    /// Gets a producer id when there is none, or when the sequence numbers of the present one cannot go on. Then it
    /// first lets every batch be decided that may be stored: under another id the broker would not know it again, and
    /// store it twice.
    func renewIdentity(_ now: UInt64) {
        guard settings.keepsSequences, pendingRecords > 0, identity == nil || needsNewIdentity,
            now >= identityRetryAt, !isUndecided
        else { return }
        do throws(ExchangeFailure) {
            let request = InitProducerIdRequest(transactionalId: nil, transactionTimeoutMs: Int32.max)
            let answer = try cluster.ask(request, InitProducerIdResponse.self, .any)
            if answer.errorCode.isError { throw ClusterClient.failure(answer.errorCode, "asking for a producer id") }
            begin(ProducerIdentity(id: answer.producerId, epoch: answer.producerEpoch))
        } catch {
            lastTrouble = error.reason
            needsLeaders = true
            identityRetryAt = network.monotonicNanoseconds &+ cluster.backoff(after: 2)
            if case .failed(let reason) = error { failAll(reason) }
        }
    }

    private var isUndecided: Bool {
        partitions.contains { !$0.inFlight.isEmpty || $0.waiting.contains(where: \.mayBeStored) }
    }

    private func begin(_ identity: ProducerIdentity) {
        self.identity = identity
        needsNewIdentity = false
        for position in partitions.indices {
            partitions[position].nextSequence = 0
            partitions[position].hasGap = false
            for batch in partitions[position].waiting.elements { batch.baseSequence = nil }
        }
    }

    /// Without an identity nothing can be sent; an error that will not pass fails what waits for it.
    private func failAll(_ error: HoldfastError) {
        for position in partitions.indices {
            close(position)
            while let batch = partitions[position].waiting.popFirst() { giveUp(batch, error) }
        }
    }
}
