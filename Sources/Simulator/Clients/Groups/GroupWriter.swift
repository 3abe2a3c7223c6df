import Bytes
import KafkaWire
import Records

/// Makes a group's topic, and writes to it what the group is to read.
final class GroupWriter: KafkaClient {
    unowned let group: SimulatedGroup
    private let author: Int
    private(set) var isIdle = false

    init(random: SimulationRandom, group: SimulatedGroup) {
        self.group = group
        // It may write twice what nobody has acknowledged.
        author = group.values.addProducer(isIdempotent: false)
        super.init(name: "writer of \(group.topic)", simulation: group.simulation, random: random)
    }

    func begin() {
        createTopic(group.topic, partitions: group.plan.partitions) { [unowned self] in
            self.group.open()
            self.next()
        }
    }

    private func next() {
        let interval = group.plan.writeInterval * simulation.slowdown
        simulation.after(random.between(interval / 2...interval * 3 / 2)) { [unowned self] in
            if self.group.isClosing {
                self.isIdle = true
                return
            }
            let partition = self.random.below(self.group.plan.partitions)
            let values = (0..<(1 + self.random.below(3))).map { _ in
                self.group.values.invoke(producer: self.author, to: .init(stream: 0, partition: partition))
            }
            self.send(values, to: partition)
        }
    }

    private func send(_ values: [History.Value], to partition: Int) {
        findLeader { [unowned self] in
            guard let leader = self.leader else { return self.again(values, partition) }
            var builder = RecordBatchBuilder(producerId: -1, producerEpoch: -1, baseSequence: -1)
            for value in values {
                self.group.values.attempted(value)
                var writer = ByteWriter(capacity: 8)
                writer.uint64(value.word)
                builder.append(key: nil, value: writer.finish(), timestamp: 1_700_000_000_000)
            }
            var request = ProduceRequest(acks: -1, timeoutMs: Int32(self.timeout / 1000))
            request.append(
                topic: ByteSlice(utf8: self.group.topic),
                partitions: [.init(index: Int32(partition), records: builder.finish())])
            self.call(request, to: leader, as: ProduceResponse.self) { [unowned self] response in
                let answer = response?.partitions.first
                switch answer?.errorCode {
                case .some(.none): self.acknowledged(values, at: answer?.baseOffset ?? -1)
                case let code? where !code.isRetriable:
                    self.simulation.fail("\(self.name): a produce request was refused with \(code.name)")
                default: self.again(values, partition)
                }
            }
        }
    }

    private func again(_ values: [History.Value], _ partition: Int) {
        forgetLeader()
        simulation.after(random.between(10_000...80_000)) { [unowned self] in self.send(values, to: partition) }
    }

    private func acknowledged(_ values: [History.Value], at offset: Int64) {
        for (number, value) in values.enumerated() {
            if let wrong = group.values.acknowledged(value, at: offset + Int64(number)) {
                return simulation.fail("\(name): \(wrong)")
            }
        }
        next()
    }
}
