import Bytes
import KafkaWire
import Records

extension HoldfastProducer {
    /// Sends every batch that is due and allowed.
    func sendReady(_ now: UInt64) {
        guard pendingRecords > 0, !settings.keepsSequences || identity != nil else { return }
        for position in partitions.indices {
            while isReady(position, now), let lane = lane(for: position, now) {
                guard let batch = takeReady(position) else { break }
                guard transmit(batch, on: lane) else { break }
            }
        }
        for lane in lanes.open where lane.connection.hasOutput { flush(lane) }
    }

    /// After a failure, one batch at a time until one succeeds: whatever follows it would be refused too.
    private func isReady(_ position: Int, _ now: UInt64) -> Bool {
        let partition = partitions[position]
        guard now >= partition.retryAt else { return false }
        let limit = partition.failures > 0 ? 1 : settings.inFlightLimit
        guard partition.inFlight.count < limit else { return false }
        if needsNewIdentity { return partition.waiting.contains(where: \.mayBeStored) }
        if !partition.waiting.isEmpty { return true }
        guard let open = partition.open else { return false }
        return isFlushing || now - open.createdAt >= UInt64(max(settings.lingerMilliseconds, 0)) * 1_000_000
    }

    private func takeReady(_ position: Int) -> ProducerBatch? {
        if needsNewIdentity { return partitions[position].takeUndecided() }
        if partitions[position].waiting.isEmpty { close(position) }
        return partitions[position].waiting.popFirst()
    }

    /// The connection to the partition's leader; nil while there is none.
    private func lane(for position: Int, _ now: UInt64) -> ProducerLane? {
        let partition = partitions[position]
        guard let node = cluster.metadata.leader(of: topics[partition.topic].name, partition.number) else {
            lastTrouble = "no leader is known for \(topics[partition.topic].name)-\(partition.number)"
            needsLeaders = true
            return nil
        }
        if let lane = lanes[node] { return lane }
        guard lanes.mayTry(node, now) else { return nil }
        do throws(ExchangeFailure) {
            let lane = ProducerLane(node: node, connection: try cluster.connect(to: node))
            lanes.add(lane)
            return lane
        } catch {
            let pause = cluster.backoff(after: lanes.failureCount(node))
            lanes.noteFailure(node, retryAt: network.monotonicNanoseconds &+ pause)
            lastTrouble = error.reason
            needsLeaders = true
            return nil
        }
    }

    /// Answers false when the batch could not even be offered.
    private func transmit(_ batch: ProducerBatch, on lane: ProducerLane) -> Bool {
        let position = batch.partition
        if let identity, batch.baseSequence == nil {
            let sequence = partitions[position].nextSequence
            batch.baseSequence = sequence
            partitions[position].nextSequence = ProducerPartition.sequence(sequence, after: batch.tickets.count)
            RecordBatch.stamp(producer: identity, baseSequence: sequence, in: batch.bytes)
        }
        let isConfirmed = settings.acknowledgement != .none
        var request = ProduceRequest(
            acks: settings.acknowledgement.code,
            timeoutMs: Int32(clamping: max(settings.client.requestTimeoutMilliseconds * 3 / 4, 1)))
        request.append(
            topic: topics[partitions[position].topic].nameBytes,
            partitions: [.init(index: partitions[position].number, records: batch.bytes)])
        batch.attempts += 1
        do throws(ExchangeFailure) {
            try lane.connection.enqueue(request, expectsAnswer: isConfirmed)
        } catch {
            giveUp(batch, .unsupported(error.reason))
            return false
        }
        if isConfirmed {
            lane.batches.append(batch)
            partitions[position].inFlight.append(batch)
        } else {
            lane.unconfirmed.append(batch)
        }
        if lane.connection.outputBytes >= Self.flushThreshold { return flush(lane) }
        return true
    }

    private static let flushThreshold = 1 << 20

    @discardableResult
    private func flush(_ lane: ProducerLane) -> Bool {
        do throws(ExchangeFailure) {
            try lane.connection.flush()
        } catch {
            lose(lane, error.reason)
            return false
        }
        for batch in lane.unconfirmed { finish(batch) { _ in .unconfirmed } }
        lane.unconfirmed = []
        return true
    }

    /// What was sent on the lane may be stored or not: it is sent again as it is, and the broker knows it by its
    /// sequence number.
    func lose(_ lane: ProducerLane, _ reason: String) {
        lanes.remove(lane)
        lastTrouble = reason
        needsLeaders = true
        let batches = lane.batches.elements + lane.unconfirmed
        let retryAt = network.monotonicNanoseconds &+ cluster.backoff(after: 0)
        for batch in batches {
            batch.mayBeStored = true
            partitions[batch.partition].endFlight(of: batch)
            partitions[batch.partition].putBack(batch)
            partitions[batch.partition].failures = max(partitions[batch.partition].failures, 1)
            partitions[batch.partition].retryAt = retryAt
        }
    }

    /// Ends a batch without success. Its sequence number, if it has one, is then missing from the partition's row.
    func giveUp(_ batch: ProducerBatch, _ error: HoldfastError) {
        partitions[batch.partition].endFlight(of: batch)
        if batch.baseSequence != nil {
            partitions[batch.partition].hasGap = true
            needsNewIdentity = true
        }
        finish(batch) { _ in .failed(error, mayBeStored: batch.mayBeStored) }
    }

    // MARK: Time

    /// Fails what has waited too long. What is in flight is decided by its answer or the end of its connection first.
    func expire(_ now: UInt64) {
        let limit = UInt64(max(settings.deliveryTimeoutMilliseconds, 0)) * 1_000_000
        for position in partitions.indices {
            if let open = partitions[position].open, now - open.createdAt > limit { close(position) }
            while let batch = partitions[position].waiting.first, now - batch.createdAt > limit {
                _ = partitions[position].waiting.popFirst()
                giveUp(batch, .timedOut(operation: "delivering a record", reason: lastTrouble))
            }
        }
    }

    /// Connections that owe an answer for too long are given up.
    func dropSilentLanes(_ now: UInt64) {
        let limit = UInt64(max(settings.client.requestTimeoutMilliseconds, 1)) * 1_000_000
        for lane in lanes.open {
            guard let sentAt = lane.connection.oldestSentAt, now - min(sentAt, now) > limit else { continue }
            lose(lane, "\(lane.connection.address) has not answered within \(limit / 1_000_000) ms")
        }
    }

    func refreshLeaders(_ now: UInt64) {
        guard needsLeaders, pendingRecords > 0, now >= leadersRetryAt else { return }
        needsLeaders = false
        do throws(ExchangeFailure) {
            try cluster.refresh(topics: topics.map(\.name), rotating: true)
            leaderFailures = 0
            for topic in topics.indices { addPartitions(to: topic) }
        } catch {
            lastTrouble = error.reason
            leaderFailures += 1
            needsLeaders = true
        }
        leadersRetryAt = network.monotonicNanoseconds &+ cluster.backoff(after: leaderFailures)
    }

    /// Waits for one answer, but no longer than something else may become due.
    func waitForAnswer(_ wait: UInt64) {
        let isBlockedByTime = partitions.contains { partition in
            (partition.open != nil || !partition.waiting.isEmpty) && partition.inFlight.count < settings.inFlightLimit
        }
        let step: UInt64 = isBlockedByTime ? UInt64(min(max(settings.lingerMilliseconds, 1), 5)) : 100
        let milliseconds = Int(min(max(wait / 1_000_000, 1), step))
        let busy = lanes.open.filter { $0.connection.inFlight > 0 }
        guard !busy.isEmpty else { return network.pause(nanoseconds: UInt64(milliseconds) * 1_000_000) }
        // Only one connection at a time can be waited on; with several, each gets a short look.
        for lane in busy {
            takeAnswer(lane, timeoutMilliseconds: busy.count == 1 ? milliseconds : 1)
        }
    }
}

extension ExchangeFailure {
    var reason: String {
        switch self {
        case .lost(let lost): lost.reason
        case .retriable(let why): why
        case .unknownTopic(let name): "no broker knows topic '\(name)'"
        case .failed(let error): error.description
        }
    }
}
