import Records

/// Idempotent producers at the tail of the log.
extension Admission {
    enum Judgement {
        /// The batch goes on from this state; nil: it is a beginning.
        case next(ProducerState?)
        case answer(AdmissionOutcome)
    }

    func judge(
        _ header: RecordBatchHeader, _ key: PartitionKey, tail: Int?, broker: Broker, slot: Int
    ) -> Judgement {
        let partition = Int(key.partition)
        let registered = registration(of: header.producerId, broker: broker)
        let known = tail.flatMap { tails[$0].producer(header.producerId) }
            ?? stored(header.producerId, in: broker.directory.topics[slot].partitions[partition].producers, broker)
        if let known {
            let verdict = known.verdict(
                epoch: header.producerEpoch, firstSequence: header.baseSequence, recordCount: header.recordCount)
            switch verdict {
            case .next: break
            case .duplicate(let batch):
                let end = broker.directory.topics[slot].partitions[partition].endOffset
                let logStart = broker.directory.topics[slot].partitions[partition].logStartOffset
                return .answer(answer(to: batch, tail: tail, end: end, logStart: logStart))
            case .refused(let error): return .answer(.rejected(error))
            }
        }
        if let registered, header.producerEpoch < registered.epoch {
            return .answer(.rejected(.invalidProducerEpoch(current: registered.epoch)))
        }
        if known == nil && header.baseSequence != 0
            && mustHaveBegun(registered, broker.directory.topics[slot])
        {
            return .answer(.rejected(.outOfOrderSequence(expected: nil)))
        }
        return .next(known)
    }

    /// A producer unknown to the partition whose first sequence is not 0. Kafka since 2.5 (KIP-360) accepts it:
    /// state is lost there when records are deleted or the producer is idle. Ours is lost only by expiry or with the
    /// topic, so if the producer is younger than that, an earlier batch of it was refused or is still on its way.
    /// Accepting this one would make that one out of order when it comes, in librdkafka a fatal error; out of order
    /// for this one is retried.
    private func mustHaveBegun(_ registered: ProducerRegistry.Entry?, _ topic: Topic) -> Bool {
        guard let registered else { return false }
        return !(topic.isRecreation && registered.allocatedAt <= topic.createdAt)
    }

    private func registration(of id: Int64, broker: Broker) -> ProducerRegistry.Entry? {
        guard let entry = broker.registry.entry(of: id), isFresh(entry.allocatedAt, broker) else { return nil }
        return entry
    }

    private func stored(_ id: Int64, in table: ProducerTable, _ broker: Broker) -> ProducerState? {
        guard let state = table.state(of: id), isFresh(state.lastTimestamp, broker) else { return nil }
        return state
    }

    private func isFresh(_ timestamp: Int64, _ broker: Broker) -> Bool {
        timestamp.saturatingAdding(broker.limits.producerExpirationMilliseconds) > clock
    }

    private func answer(
        to batch: ProducerState.Batch, tail: Int?, end: Int64, logStart: Int64
    ) -> AdmissionOutcome {
        if batch.baseOffset < end {
            return .duplicate(
                baseOffset: batch.baseOffset, logAppendTime: batch.appendTime, logStartOffset: logStart)
        }
        return .pendingDuplicate(
            baseOffset: batch.baseOffset, logAppendTime: batch.appendTime, logStartOffset: logStart,
            index: tail.flatMap { tails[$0].entry(holding: batch.baseOffset) })
    }
}
