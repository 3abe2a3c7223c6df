import Bytes
import KafkaWire
import Records

/// Makes a compacted topic, and looks through its partitions again and again: from the beginning, or from somewhere, to
/// the last stable offset. One look is at one process, which made sure at its start that it leads: it shows nothing
/// older than what a look before it has shown.
final class KeyReader: KafkaClient {
    private unowned let compaction: SimulatedCompaction
    private(set) var isAudited = false
    private var hasTopic = false
    private var isFinal = false
    /// Partitions that are still to be looked through in the end.
    private var left: [Int] = []

    /// A look at one partition.
    private struct Look {
        let machine: Int
        let incarnation: Int
        let partition: Int
        /// It began when nobody wrote any more.
        let isLast: Bool
        var start: Int64 = 0
        var pass: KeyHistory.Pass
        var position: Int64 = 0
    }

    init(compaction: SimulatedCompaction, random: SimulationRandom) {
        self.compaction = compaction
        super.init(name: "reader of keys", simulation: compaction.simulation, random: random)
    }

    func begin() {
        createTopic(
            SimulatedCompaction.topic, partitions: compaction.plan.partitions, configs: compaction.plan.topicSettings
        ) { [unowned self] in
            self.hasTopic = true
            self.compaction.open()
            self.again()
        }
    }

    /// Nobody writes any more.
    func beginFinalAudit() {
        isFinal = true
        left = Array(0..<compaction.plan.partitions)
        if !hasTopic { isAudited = true }
    }

    private func again() {
        let interval = isFinal ? 20_000 : compaction.plan.readInterval
        simulation.after(random.between(interval / 2...interval * 3 / 2)) { [unowned self] in
            if self.isFinal, self.left.isEmpty {
                self.isAudited = true
                return
            }
            self.findLeader { [unowned self] in self.look() }
        }
    }

    private func giveUp() {
        forgetLeader()
        again()
    }

    // MARK: One look

    private func look() {
        guard let leader else { return again() }
        let partition = left.first ?? random.below(compaction.plan.partitions)
        let look = Look(
            machine: leader, incarnation: simulation.machines[leader].incarnation, partition: partition,
            isLast: isFinal, pass: compaction.history.beginPass(partition))
        offset(-2, look) { [unowned self] start in
            self.offset(-1, look) { [unowned self] end in
                var look = look
                look.start = start
                let isWhole = look.isLast || self.random.chance(perMille: 500)
                look.position = isWhole ? start : start + Int64(self.random.below(Int(max(end - start, 1))))
                look.pass.begin(at: look.position, start: start, end: end)
                self.goOn(look)
            }
        }
    }

    private func isSameProcess(_ look: Look) -> Bool {
        simulation.machines[look.machine].isUp && simulation.machines[look.machine].incarnation == look.incarnation
    }

    private func offset(_ timestamp: Int64, _ look: Look, then: @escaping (Int64) -> Void) {
        let request = ListOffsetsRequest(
            replicaId: -1, isolationLevel: 1,
            topics: [
                .init(
                    name: SimulatedCompaction.topic,
                    partitions: [.init(partitionIndex: Int32(look.partition), timestamp: timestamp)])
            ])
        call(request, to: look.machine, as: ListOffsetsResponse.self) { [unowned self] response in
            guard let answer = response?.topics.first?.partitions.first, answer.errorCode == .none,
                self.isSameProcess(look)
            else { return self.giveUp() }
            then(answer.offset)
        }
    }

    private func goOn(_ look: Look) {
        guard look.position < look.pass.end else { return finish(look) }
        guard isSameProcess(look) else { return giveUp() }
        let maximum = Int32(200 << random.below(10))
        var request = FetchRequest(
            maxWaitMs: Int32(random.below(100)), minBytes: 1, maxBytes: maximum, isolationLevel: 1)
        request.append(
            topic: ByteSlice(utf8: SimulatedCompaction.topic),
            partitions: [.init(index: Int32(look.partition), fetchOffset: look.position, maxBytes: maximum)])
        call(request, to: look.machine, extraTime: 100_000, as: FetchResponse.self) { [unowned self] response in
            guard let answer = response?.partitions.first, response?.errorCode == KafkaErrorCode.none,
                self.isSameProcess(look)
            else { return self.giveUp() }
            self.took(answer, look)
        }
    }

    private func took(_ answer: FetchResponse.Partition, _ look: Look) {
        switch answer.errorCode {
        case .none: break
        // What it was to read next is deleted; its beginning was told before.
        case .offsetOutOfRange where compaction.history.mayBeDeleted(look.partition, at: look.position):
            return giveUp()
        case let code where code.isRetriable: return giveUp()
        default:
            return simulation.fail(
                "\(name): fetch of partition \(look.partition) at \(look.position): \(answer.errorCode.name)")
        }
        var look = look
        do {
            try answer.forEachCommittedBatch { header, batch, isVisible in
                guard header.lastOffset >= look.position else { return }
                for record in isVisible ? try RecordBatch.decompressed(batch, header) : []
                where record.offset >= look.position && record.offset < look.pass.end {
                    look.pass.records.append(try self.record(record))
                }
                look.position = header.lastOffset + 1
            }
        } catch {
            return simulation.fail("\(name): partition \(look.partition): \(error)")
        }
        goOn(look)
    }

    private func record(_ record: Record) throws -> KeyHistory.Seen {
        guard let key = record.key, let number = record.headers.first?.value, number.count == 8,
            let name = compaction.key(of: String(decoding: key.array, as: UTF8.self))
        else { throw ClientFault("phantom: no record of ours at \(record.offset)") }
        return KeyHistory.Seen(
            offset: record.offset, number: Int(number.uint64(at: 0)), key: name, isTombstone: record.value == nil)
    }

    private func finish(_ look: Look) {
        if let wrong = compaction.history.finish(look.pass) { return simulation.fail("\(name): \(wrong)") }
        if look.isLast { left.removeAll { $0 == look.partition } }
        if !isFinal, compaction.plan.deletesRecords, random.chance(perMille: 150), look.pass.end > look.start {
            return delete(look)
        }
        again()
    }

    // MARK: Deleting the beginning

    private func delete(_ look: Look) {
        let before = look.start + 1 + Int64(random.below(Int(look.pass.end - look.start)))
        compaction.history.deleting(look.partition, before: before)
        let request = DeleteRecordsRequest(
            topics: [
                .init(
                    name: SimulatedCompaction.topic,
                    partitions: [.init(partitionIndex: Int32(look.partition), offset: before)])
            ], timeoutMs: Int32(timeout / 1000))
        call(request, to: look.machine, as: DeleteRecordsResponse.self) { [unowned self] response in
            if let answer = response?.topics.first?.partitions.first {
                switch answer.errorCode {
                case .none: self.compaction.history.deleted(look.partition, before: before)
                case let code where code.isRetriable: self.forgetLeader()
                case let code: return self.simulation.fail("\(self.name): DeleteRecords: \(code.name)")
                }
            }
            self.again()
        }
    }
}
