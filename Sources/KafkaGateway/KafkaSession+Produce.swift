import Broker
import Bytes
import KafkaWire
import Node
import Planted
import Records

extension KafkaSession {
    /// Produce (key 0). `acks=all` waits for the quorum's fsync, and `acks=1`, too, unless all topics let the leader
    /// answer alone; `acks=0` gets no response, and its connection is closed on an error, which is all that Kafka tells
    /// such a producer, too.
    func produce(_ header: KafkaRequestHeader, _ request: ProduceRequest, frame: ByteSlice) {
        guard (-1...1).contains(request.acks) else {
            return respond(header, failing(request, header) { _ in .invalidRequiredAcks })
        }
        guard replica.admission != nil else { return refuseProduce(header, request, .notLeaderOrFollower) }
        if replica.isIntakeStopped { return refuseProduce(header, request, .kafkaStorageError) }
        var gate = ResponseQueue.Gate()
        gate.isLeaderEnough = request.acks == 1
        let throttle = chargeProduce(frame.count, acks: request.acks)
        let response = admit(request, header, throttleTimeMs: throttle, gate: &gate)
        if request.acks == 1, !gate.isLeaderEnough { gateway.metrics.upgradedAcks += 1 }
        if request.acks == 0 {
            if response.hasError { close(reason: "a produce request with acks=0 failed") }
            return
        }
        #if DEBUG
        if Planted.has(.acknowledgesOnArrival) { gate.index = 0 }
        #endif
        guard gate.index > 0 else {
            if request.transactionalId != nil, response.hasError { return confirm(header, request, response.frame) }
            return respond(response.frame)
        }
        if !hasGatedResponses { gateway.markGated(self) }
        if gate.isOfDisks, !awaitsDisks { gateway.markAwaitingDisks(self) }
        gate.deadline = gateway.node.clock.monotonicNanoseconds + UInt64(max(request.timeoutMs, 1)) * 1_000_000
        _ = responses.add(.gated(gate, response: response.frame, request: frame))
        wait(for: gate.index)
    }

    private func wait(for index: UInt64) {
        // Applied before the request came: only copies of it are waited for.
        if index <= replica.appliedIndex { return appliedIndex = max(appliedIndex, replica.appliedIndex) }
        guard awaitedIndex != index else { return }
        awaitedIndex = index
        replica.wait(for: index, waiter: self, ticket: index)
    }

    /// Offers every partition's batches to the leader's admission and encodes the response they will get once the entry
    /// at `gate` is committed; `gate` stays 0 if nothing has to be waited for.
    private func admit(
        _ request: ProduceRequest, _ header: KafkaRequestHeader, throttleTimeMs: Int32, gate: inout ResponseQueue.Gate
    ) -> (frame: ByteSlice, hasError: Bool) {
        var writer = ByteWriter(capacity: 128)
        // -1: nobody has that transactional id.
        let owner = request.transactionalId.map { gateway.broker.transaction(named: $0)?.producer.id ?? -1 }
        var keys = CompressedKeys()
        if request.partitions.count == 1, request.topics.count == 1 {
            let topic = request.topics[0].name
            let result = admit(
                request.partitions[0], of: topic, owner: owner, acks: request.acks, keys: &keys, gate: &gate)
            ProduceResponse.encodeFrame(
                into: &writer, version: header.apiVersion, correlationId: header.correlationId, topic: topic,
                partition: result, throttleTimeMs: throttleTimeMs)
            return (writer.finish(), result.errorCode.isError)
        }
        var response = ProduceResponse(throttleTimeMs: throttleTimeMs)
        var hasError = false
        for topic in request.topics {
            var results: [ProduceResponse.Partition] = []
            for partition in request.partitions[topic.partitions] {
                results.append(
                    admit(partition, of: topic.name, owner: owner, acks: request.acks, keys: &keys, gate: &gate))
                hasError = hasError || results[results.count - 1].errorCode.isError
            }
            response.append(topic: topic.name, partitions: results)
        }
        response.encodeFrame(into: &writer, version: header.apiVersion, correlationId: header.correlationId)
        return (writer.finish(), hasError)
    }

    private func admit(
        _ partition: ProduceRequest.Partition, of topic: ByteSlice, owner: Int64?, acks: Int16,
        keys: inout CompressedKeys, gate: inout ResponseQueue.Gate
    ) -> ProduceResponse.Partition {
        guard let records = partition.records else { return failure(partition.index, .invalidRecord) }
        if let owner, let writer = Self.transactionalProducer(of: records), writer != owner {
            return failure(
                partition.index, .invalidProducerIdMapping,
                message: "producer \(writer) does not have the request's transactional id")
        }
        guard partition.index >= 0, let number = topicNumber(topic) else {
            return failure(partition.index, .unknownTopicOrPartition)
        }
        let key = PartitionKey(topic: number, partition: UInt32(partition.index))
        gateway.metrics.producedBytes += UInt64(records.count)
        let copies = acks == -1 ? replica.copiesBeyondMajority(gateway.broker.minimumCopies(ofTopic: number)) : 0
        if copies > 0 {
            if replica.votersInTouch < copies { return failure(partition.index, .notEnoughReplicas) }
            gate.copies = max(gate.copies, copies)
        }
        if gate.isLeaderEnough { gate.isLeaderEnough = isLeaderEnough(for: records, ofTopic: number) }
        if let limit = gateway.broker.maximumCompactedBytes(topic: number),
            let refusal = keys.refusal(of: records, maximumBytes: limit)
        {
            return failure(partition.index, refusal)
        }
        switch replica.admit(records, to: key) {
        case nil: return failure(partition.index, .notLeaderOrFollower)
        case .accepted(let baseOffset, let logAppendTime, let logStart):
            gate.index = replica.openEntryIndex
            gateway.metrics.producedBatches += 1
            return .init(
                index: partition.index, baseOffset: baseOffset, logAppendTimeMs: logAppendTime,
                logStartOffset: logStart)
        case .duplicate(let baseOffset, let logAppendTime, let logStart):
            if copies > 0 { gate.index = max(gate.index, replica.appliedIndex) }
            return .init(
                index: partition.index, baseOffset: baseOffset, logAppendTimeMs: logAppendTime,
                logStartOffset: logStart)
        case .pendingDuplicate(let baseOffset, let logAppendTime, let logStart, _):
            gate.index = max(gate.index, replica.tailIndex)
            return .init(
                index: partition.index, baseOffset: baseOffset, logAppendTimeMs: logAppendTime,
                logStartOffset: logStart)
        case .rejected(let error):
            // To clients that is success.
            if copies > 0, error == .duplicateSequence { gate.index = max(gate.index, replica.appliedIndex) }
            return failure(partition.index, error)
        }
    }

    /// Who wrote the first batch, if it belongs to a transaction: what Kafka's coordinator compares when it verifies a
    /// partition (KIP-890). Nothing else is looked at: that is admission's part.
    private static func transactionalProducer(of records: ByteSlice) -> Int64? {
        guard records.count >= RecordBatchHeader.size else { return nil }
        let isTransactional = records.load(21, as: Int16.self) & RecordBatch.transactionalBit != 0
        let producer = records.load(43, as: Int64.self)
        return isTransactional && producer >= 0 ? producer : nil
    }

    /// A leader that was deposed and does not know it yet may not know that a partition was added to the transaction; a
    /// producer takes that for fatal. So it makes sure first.
    private func confirm(_ header: KafkaRequestHeader, _ request: ProduceRequest, _ refusal: ByteSlice) {
        let ticket = reserve(holding: refusal.count)
        replica.readBarrier { [weak self] isCurrent in
            guard let self, !isClosed else { return }
            if isCurrent { return fill(ticket, [.memory(refusal)]) }
            fill(ticket, header, failing(request, header) { _ in .notLeaderOrFollower })
        }
    }

    /// The topic of that name, by comparing bytes with the last one first.
    private func topicNumber(_ name: ByteSlice) -> UInt32? {
        let broker = gateway.broker
        if let cached = topicCache, cached.name == name, broker.topic(number: cached.number) != nil {
            return cached.number
        }
        guard let number = broker.topicNumber(named: name.text) else { return nil }
        topicCache = (name.detached(), number)
        return number
    }

    private func failure(_ partition: Int32, _ error: BrokerError) -> ProduceResponse.Partition {
        var response = failure(partition, KafkaErrorCode(error), message: error.description)
        // Producers drop these, and tell their users that nothing was wrong with the others (KIP-467).
        if case .keyMissing(let positions) = error { response.recordErrors = positions.map { .init(batchIndex: $0) } }
        return response
    }

    func failure(
        _ partition: Int32, _ code: KafkaErrorCode, message: String? = nil
    ) -> ProduceResponse.Partition {
        gateway.metrics.produceErrors += 1
        if code == .kafkaStorageError { gateway.metrics.refusedForSpace += 1 }
        if code == .notEnoughReplicas { gateway.metrics.notEnoughReplicas += 1 }
        if code == .notEnoughReplicasAfterAppend { gateway.metrics.notEnoughReplicasAfterAppend += 1 }
        return .init(
            index: partition, errorCode: code, baseOffset: -1, errorMessage: message,
            currentLeader: code == .notLeaderOrFollower ? gateway.currentLeader : nil)
    }

    private func refuseProduce(_ header: KafkaRequestHeader, _ request: ProduceRequest, _ code: KafkaErrorCode) {
        if request.acks == 0 { return close(reason: "a produce request with acks=0 failed: \(code)") }
        respond(header, failing(request, header) { _ in code })
    }

    /// The response in which every partition has the code that `code` gives it.
    private func failing(
        _ request: ProduceRequest, _ header: KafkaRequestHeader,
        _ code: (ProduceRequest.Partition) -> KafkaErrorCode
    ) -> ProduceResponse {
        var response = ProduceResponse()
        for topic in request.topics {
            let partitions = request.partitions[topic.partitions].map { failure($0.index, code($0)) }
            response.append(topic: topic.name, partitions: partitions)
        }
        return response
    }

    /// What a gated request is told instead of success. All codes make a producer send again, and an idempotent one is
    /// then told where its records are if they were committed after all.
    func failed(
        _ gate: ResponseQueue.Gate, _ response: ByteSlice, _ frame: ByteSlice, _ code: KafkaErrorCode
    ) -> [StoredBytes] {
        do {
            let request = try KafkaRequest.decode(frame: frame)
            guard case .produce(let body) = request.body else {
                preconditionFailure("\(request.header.apiKey) waits for a log entry")
            }
            if code == .notEnoughReplicasAfterAppend {
                let version = request.header.apiVersion
                let success = try ProduceResponse.decode(frame: response.dropFirst(4), version: version).body
                return [.memory(Self.encode(request.header, withoutCopies(of: gate.index, success)))]
            }
            return [.memory(Self.encode(request.header, failing(body, request.header) { _ in code }))]
        } catch {
            preconditionFailure("a request that was decoded before cannot be decoded again: \(error)")
        }
    }

    var hasGatedResponses: Bool { responses.gatedCount > 0 }

    /// Answers produce requests whose timeout has passed.
    func expire(now: UInt64) {
        guard let deadline = responses.nextDeadline, deadline <= now else { return }
        responses.failGated({ [appliedIndex] gate in
            guard gate.deadline <= now else { return nil }
            return gate.index > appliedIndex ? .requestTimedOut : .notEnoughReplicasAfterAppend
        }, failed)
        markDirty()
    }
}

extension KafkaSession {
    /// Some batches of the entry at `index` were refused when it was applied, because their topic was deleted in
    /// between: their responses say so.
    private func correct(index: UInt64, _ rejected: [RejectedItem]) {
        responses.replaceGated(at: index) { response, request in
            do {
                let header = try KafkaRequest.decode(frame: request).header
                let body = try ProduceResponse.decode(frame: response.dropFirst(4), version: header.apiVersion).body
                return Self.encode(header, without(rejected, body))
            } catch {
                preconditionFailure("a produce response of our own cannot be decoded: \(error)")
            }
        }
    }

    /// A response knows topics by name and `rejected` by number. If the name belongs to a new topic by now, whatever
    /// has the offset of a rejected batch is taken for one: to be sent twice is better than to be lost.
    private func without(_ rejected: [RejectedItem], _ response: ProduceResponse) -> ProduceResponse {
        var corrected = ProduceResponse()
        for topic in response.topics {
            let exists = gateway.broker.topicNumber(named: topic.nameText) != nil
            let partitions = response.partitions[topic.partitions].map { partition in
                let isRejected = !exists || rejected.contains { $0.holds(partition.index, partition.baseOffset) }
                return partition.errorCode.isError || !isRejected
                    ? partition : failure(partition.index, .unknownTopicOrPartition)
            }
            corrected.append(topic: topic.name, partitions: partitions)
        }
        return corrected
    }
}

extension RejectedItem {
    /// Whether these are among the offsets that were given out in vain.
    fileprivate func holds(_ partition: Int32, _ offset: Int64) -> Bool {
        partition >= 0 && key.partition == UInt32(partition) && offset >= baseOffset
            && offset - baseOffset < Int64(recordCount)
    }
}

extension KafkaSession: ProposalWaiter {
    /// An entry with this session's batches has been applied, or leadership was lost before.
    package func proposalEnded(ticket index: UInt64, _ outcome: ProposalOutcome) {
        guard !isClosed else { return }
        switch outcome {
        case .applied(let result):
            if case .produced(let rejected) = result, !rejected.isEmpty { correct(index: index, rejected) }
            appliedIndex = max(appliedIndex, index)
        case .unknown:
            #if DEBUG
            if Planted.has(.unknownIsSuccess) { appliedIndex = max(appliedIndex, index) }
            #endif
            responses.failGated({ [appliedIndex] in $0.index > appliedIndex ? .notLeaderOrFollower : nil }, failed)
            awaitedIndex = 0
        }
        markDirty()
    }
}
