import Planted
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
        let stored = stored(
            header.producerId, in: broker.directory.topics[slot].partitions[partition].producers, broker)
        let atTail = tail.flatMap { tails[$0].producer(header.producerId) }
        if let known = atTail ?? stored {
            switch known.verdict(of: header) {
            case .next: break
            case .duplicate(let batch):
                return .answer(answer(to: batch, tail: tail, broker.directory.topics[slot].partitions[partition]))
            case .refused(.duplicateSequence) where atTail != nil:
                return .answer(
                    answerBeyondWindow(
                        header, stored: stored, tail: tail, broker.directory.topics[slot].partitions[partition]))
            case .refused(let error): return .answer(.rejected(error))
            }
        }
        let registered = registration(of: header.producerId, broker: broker)
        if let registered, header.producerEpoch < registered.epoch {
            return .answer(.rejected(.invalidProducerEpoch(current: registered.epoch)))
        }
        if atTail == nil && stored == nil && header.baseSequence != 0
            && mustHaveBegun(registered, broker.directory.topics[slot])
        {
            return .answer(.rejected(.outOfOrderSequence(expected: nil)))
        }
        return .next(atTail ?? stored)
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
        #if DEBUG
        if Planted.has(.newLeaderForgetsProducers) { return nil }
        #endif
        guard let state = table.state(of: id), isFresh(state.lastTimestamp, broker) else { return nil }
        return state
    }

    private func isFresh(_ timestamp: Int64, _ broker: Broker) -> Bool {
        timestamp.saturatingAdding(broker.limits.producerExpirationMilliseconds) > clock
    }

    private func answer(to batch: ProducerState.Batch, tail: Int?, _ partition: PartitionState) -> AdmissionOutcome {
        if batch.baseOffset < partition.endOffset {
            return .duplicate(
                baseOffset: batch.baseOffset, logAppendTime: batch.appendTime,
                logStartOffset: partition.logStartOffset)
        }
        return .pendingDuplicate(
            baseOffset: batch.baseOffset, logAppendTime: batch.appendTime, logStartOffset: partition.logStartOffset,
            index: tail.flatMap { tails[$0].entry(holding: batch.baseOffset) })
    }

    /// A batch older than the five at the tail. Clients take duplicate sequence as success, so it may be said only
    /// of what is applied; otherwise the answer waits for everything in flight, the entry it went into being
    /// forgotten.
    private func answerBeyondWindow(
        _ header: RecordBatchHeader, stored: ProducerState?, tail: Int?, _ partition: PartitionState
    ) -> AdmissionOutcome {
        switch stored?.verdict(of: header) {
        case .duplicate(let batch): answer(to: batch, tail: tail, partition)
        case .refused(.duplicateSequence): .rejected(.duplicateSequence)
        case .next, .refused, nil:
            .pendingDuplicate(
                baseOffset: -1, logAppendTime: -1, logStartOffset: partition.logStartOffset,
                index: tail.flatMap { tails[$0].lastEntry })
        }
    }
}

extension ProducerState {
    func verdict(of header: RecordBatchHeader) -> SequenceVerdict {
        verdict(epoch: header.producerEpoch, firstSequence: header.baseSequence, recordCount: header.recordCount)
    }
}
