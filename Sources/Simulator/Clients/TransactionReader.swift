import Bytes
import KafkaWire
import Records

/// Reads what is committed, all the time, and once more from the beginning in the end, as real consumers do: up to the
/// last stable offset, without markers and without what the response names as aborted.
final class TransactionReader: KafkaClient {
    private var positions: [Int64] = []
    private var logs: [[TransactionHistory.Value]] = []
    private var ends: [Int64] = []
    private(set) var isAudited = false
    private var isFinal = false
    private(set) var hasTopic = false

    private var partitionCount: Int { TransactionClient.partitionCount }

    func begin() {
        restart()
        createTopic(TransactionClient.topic, partitions: partitionCount) { [unowned self] in
            self.hasTopic = true
            self.simulation.workload.beginTransactions()
            self.step()
        }
    }

    private func restart() {
        positions = Array(repeating: 0, count: partitionCount)
        logs = Array(repeating: [], count: partitionCount)
        ends = Array(repeating: .max, count: partitionCount)
    }

    private func again(_ body: @escaping () -> Void) { simulation.after(random.between(20_000...100_000), body) }

    // MARK: Reading

    /// Reads everything anew and compares, once nobody writes any more.
    func beginFinalAudit() {
        isFinal = true
        restart()
        if !hasTopic { isAudited = true }
    }

    private func step() {
        if isFinal, positions == ends { return compare() }
        findLeader { [unowned self] in self.fetch() }
    }

    private func fetch() {
        guard let leader else { return again { [unowned self] in self.step() } }
        let maximum = Int32(200 << random.below(10))
        var request = FetchRequest(
            maxWaitMs: Int32(random.below(200)), minBytes: 1, maxBytes: maximum, isolationLevel: 1)
        request.append(
            topic: ByteSlice(utf8: TransactionClient.topic),
            partitions: positions.enumerated().map {
                .init(index: Int32($0.offset), fetchOffset: $0.element, maxBytes: maximum)
            })
        let asked = positions
        let wasFinal = isFinal
        call(request, to: leader, extraTime: 200_000, as: FetchResponse.self) { [unowned self] response in
            guard let response, response.errorCode == .none, wasFinal == self.isFinal else {
                self.forgetLeader()
                return self.again { [unowned self] in self.step() }
            }
            var isGood = true
            for partition in response.partitions where !self.took(partition, from: asked) { isGood = false }
            if !isGood { self.forgetLeader() }
            self.simulation.after(isGood ? 1000 : 50_000) { [unowned self] in self.step() }
        }
    }

    private func took(_ partition: FetchResponse.Partition, from asked: [Int64]) -> Bool {
        let number = Int(partition.index)
        guard partition.errorCode == .none else {
            if !partition.errorCode.isRetriable {
                simulation.fail("\(name): fetch at \(asked[number]): \(partition.errorCode.name)")
            }
            return false
        }
        ends[number] = partition.highWatermark
        do {
            try take(partition, number)
        } catch {
            simulation.fail("\(name): partition \(number): \(error)")
        }
        return true
    }

    private func take(_ partition: FetchResponse.Partition, _ number: Int) throws {
        try partition.forEachCommittedBatch { header, batch, isVisible in
            guard header.lastOffset >= positions[number] else { return }
            if header.baseOffset > positions[number] {
                throw ClientFault("skipped from \(positions[number]) to \(header.baseOffset)")
            }
            if isVisible { try takeValues(RecordBatch.allRecords(of: batch), number) }
            positions[number] = header.lastOffset + 1
        }
    }

    private func takeValues(_ records: [Record], _ number: Int) throws {
        for record in records where record.offset >= positions[number] {
            guard let bytes = record.value, bytes.count >= 8 else { throw ClientFault("no value at \(record.offset)") }
            let value = TransactionHistory.Value(bytes.uint64(at: 0))
            if let wrong = simulation.transactionHistory.read(value, in: number) { throw ClientFault(wrong) }
            logs[number].append(value)
        }
    }

    // MARK: The end

    private func compare() {
        if let wrong = simulation.transactionHistory.audit(logs) { return simulation.fail(wrong) }
        compareOffsets(0)
    }

    /// Each author's group has the offset that went with its last transaction.
    private func compareOffsets(_ author: Int) {
        let expected = simulation.transactionHistory.offsets(logs)
        guard author < expected.count else {
            isAudited = true
            return
        }
        findLeader { [unowned self] in
            guard let leader = self.leader else { return self.again { [unowned self] in self.compareOffsets(author) } }
            let request = OffsetFetchRequest(
                groups: [
                    .init(
                        groupId: TransactionClient.group(author),
                        topics: [.init(name: TransactionClient.topic, partitions: [0])])
                ], requireStable: true)
            self.call(request, to: leader, as: OffsetFetchResponse.self) { [unowned self] response in
                let group = response?.groups.first
                guard let found = group?.topics.first?.partitions.first, found.errorCode == .none else {
                    self.forgetLeader()
                    return self.again { [unowned self] in self.compareOffsets(author) }
                }
                if found.committedOffset != expected[author] {
                    return self.simulation.fail(
                        "torn: author \(author) has offset \(found.committedOffset), its last transaction is "
                            + "\(expected[author])")
                }
                self.compareOffsets(author + 1)
            }
        }
    }
}
