import Bytes
import KafkaWire
import Records

extension HoldfastConsumer {
    /// Asks every leader that owes nothing for what it leads.
    func sendFetches(_ now: UInt64) {
        var byLeader: [Int32: [Int]] = [:]
        for (position, partition) in assigned.enumerated() where now >= partition.retryAt {
            guard let leader = cluster.metadata.leader(of: partition.topic, partition.number) else {
                noteTrouble("no leader is known for \(partition.topic)-\(partition.number)")
                continue
            }
            byLeader[leader, default: []].append(position)
        }
        for leader in byLeader.keys.sorted() {
            guard let positions = byLeader[leader], let lane = lane(leader, positions, now),
                lane.connection.inFlight == 0
            else { continue }
            do throws(ExchangeFailure) {
                try lane.connection.enqueue(request(for: positions))
                try lane.connection.flush()
                lane.asked = positions.map { (assigned[$0].topic, assigned[$0].number, assigned[$0].position) }
            } catch {
                lose(lane, error)
            }
        }
    }

    private func request(for positions: [Int]) -> FetchRequest {
        var request = FetchRequest(
            maxWaitMs: Int32(clamping: settings.maximumWaitMilliseconds),
            minBytes: Int32(clamping: settings.minimumBytes), maxBytes: Int32(clamping: settings.maximumBytes))
        var rest = positions[...]
        while let first = rest.first {
            let topic = assigned[first].topic
            let own = rest.prefix { assigned[$0].topic == topic }
            rest = rest.dropFirst(own.count)
            request.append(topic: assigned[first].nameBytes, partitions: own.map { position in
                FetchRequest.Partition(
                    index: assigned[position].number, fetchOffset: assigned[position].position,
                    maxBytes: Int32(clamping: settings.maximumPartitionBytes))
            })
        }
        return request
    }

    private func lane(_ node: Int32, _ positions: [Int], _ now: UInt64) -> ConsumerLane? {
        if let lane = lanes.first(where: { $0.node == node }) { return lane }
        do throws(ExchangeFailure) {
            let lane = ConsumerLane(node: node, connection: try cluster.connect(to: node))
            lanes.append(lane)
            return lane
        } catch {
            noteTrouble(error.reason)
            if case .failed(let reason) = error { failure = reason }
            for position in positions { delay(position) }
            return nil
        }
    }

    private func lose(_ lane: ConsumerLane, _ error: ExchangeFailure) {
        lanes.removeAll { $0 === lane }
        noteTrouble(error.reason)
        if case .failed(let reason) = error { failure = reason }
        for (position, partition) in assigned.enumerated()
        where cluster.metadata.leader(of: partition.topic, partition.number) == lane.node {
            delay(position)
        }
    }

    private func delay(_ position: Int) {
        assigned[position].retryAt = network.monotonicNanoseconds &+ cluster.backoff(after: assigned[position].failures)
        assigned[position].failures += 1
    }

    func refreshLeaders(_ now: UInt64) {
        guard needsLeaders, now >= leadersRetryAt, !assigned.isEmpty else { return }
        needsLeaders = false
        var topics: [String] = []
        for partition in assigned where !topics.contains(partition.topic) { topics.append(partition.topic) }
        do throws(ExchangeFailure) {
            try cluster.refresh(topics: topics, rotating: true)
            leaderFailures = 0
        } catch {
            noteTrouble(error.reason)
            leaderFailures += 1
        }
        leadersRetryAt = network.monotonicNanoseconds &+ cluster.backoff(after: leaderFailures)
    }

    // MARK: Answers

    func takeAnswers() {
        for lane in lanes where lane.connection.inFlight > 0 { takeAnswer(lane, timeoutMilliseconds: 0) }
    }

    func waitForAnswer(_ wait: UInt64) {
        let busy = lanes.filter { $0.connection.inFlight > 0 }
        let isBlockedByTime = needsLeaders || busy.isEmpty || assigned.contains { $0.failures > 0 }
        let milliseconds = Int(min(max(wait / 1_000_000, 1), isBlockedByTime ? 5 : 1_000))
        guard !busy.isEmpty else { return network.pause(nanoseconds: UInt64(milliseconds) * 1_000_000) }
        // Only one connection at a time can be waited on; with several, each gets a short look.
        for lane in busy { takeAnswer(lane, timeoutMilliseconds: busy.count == 1 ? milliseconds : 2) }
    }

    private func takeAnswer(_ lane: ConsumerLane, timeoutMilliseconds: Int) {
        do throws(ExchangeFailure) {
            guard
                let answer = try lane.connection.receive(
                    FetchResponse.self, timeoutMilliseconds: timeoutMilliseconds)
            else { return try checkPatience(lane) }
            if answer.errorCode.isError { throw ClusterClient.failure(answer.errorCode, "fetching") }
            for topic in answer.topics {
                let name = topic.nameText
                for partition in answer.partitions[topic.partitions] { handle(partition, of: name, lane) }
            }
        } catch {
            lose(lane, error)
        }
    }

    private func checkPatience(_ lane: ConsumerLane) throws(ExchangeFailure) {
        let limit = UInt64(
            max(settings.client.requestTimeoutMilliseconds, 0) + max(settings.maximumWaitMilliseconds, 0)) * 1_000_000
        let now = network.monotonicNanoseconds
        guard let sentAt = lane.connection.oldestSentAt, now - min(sentAt, now) > limit else { return }
        throw .lost(ConnectionLost("\(lane.connection.address) has not answered a fetch"))
    }

    private func handle(_ answer: FetchResponse.Partition, of topic: String, _ lane: ConsumerLane) {
        guard let asked = lane.asked.first(where: { $0.number == answer.index && $0.topic == topic }),
            let position = assigned.firstIndex(where: { $0.number == answer.index && $0.topic == topic }),
            assigned[position].position == asked.offset
        else { return }
        switch answer.errorCode {
        case .none: take(answer, at: position)
        case .offsetOutOfRange: resetPosition(position)
        case let code where code.isRetriable || code == .unknownTopicOrPartition:
            noteTrouble("\(topic)-\(answer.index): \(code)")
            let isRedirected = answer.currentLeader.map { cluster.metadata.learn(leader: $0, of: topic, answer.index) }
            if isRedirected != true { delay(position) }
        case let code:
            failure = .refused(code: code.rawValue, name: code.name, detail: "fetching \(topic)-\(answer.index)")
            delay(position)
        }
    }

    private func take(_ answer: FetchResponse.Partition, at position: Int) {
        trouble = nil
        assigned[position].failures = 0
        assigned[position].highWatermark = answer.highWatermark
        guard case .inline(let bytes) = answer.records, !bytes.isEmpty else { return }
        let from = assigned[position].position
        do throws(RecordError) {
            let (length, next) = try Self.wholeBatches(in: bytes, from: from)
            assigned[position].position = next
            if next > from {
                fetched.append(FetchedBatches(
                    topic: assigned[position].topic, partition: assigned[position].number, from: from,
                    bytes: bytes.slice(0, length)))
            }
        } catch {
            failure = .malformed("\(assigned[position].topic)-\(assigned[position].number) at \(from): \(error)")
            delay(position)
        }
    }

    /// How many of the bytes are whole batches (the last one may be cut), and the offset that follows them.
    private static func wholeBatches(
        in bytes: ByteSlice, from: Int64
    ) throws(RecordError) -> (length: Int, next: Int64) {
        var length = 0
        var next = from
        while length < bytes.count {
            let header: RecordBatchHeader
            do throws(RecordError) {
                header = try RecordBatch.framedHeader(bytes.dropFirst(length))
            } catch {
                if case .truncated = error, length > 0 { break }
                throw error
            }
            guard header.lastOffsetDelta >= 0, header.lastOffset >= header.baseOffset, header.lastOffset < Int64.max
            else { throw .badRecordCount(header.recordCount, lastOffsetDelta: header.lastOffsetDelta) }
            length += header.totalLength
            next = max(next, header.lastOffset + 1)
        }
        return (length, next)
    }

    private func resetPosition(_ position: Int) {
        let (topic, number) = (assigned[position].topic, assigned[position].number)
        do throws(HoldfastError) {
            switch settings.outOfRange {
            case .earliest: assigned[position].position = try resolve(topic, number, .earliest)
            case .latest: assigned[position].position = try resolve(topic, number, .latest)
            case .fail:
                throw .refused(
                    code: KafkaErrorCode.offsetOutOfRange.rawValue, name: KafkaErrorCode.offsetOutOfRange.name,
                    detail: "\(topic)-\(number) has no offset \(assigned[position].position)")
            }
        } catch {
            failure = error
            delay(position)
        }
    }
}
