import KafkaWire
import Records

/// A consumer that follows the newest topic, each from its beginning.
final class ConsumerClient: KafkaClient {
    private var stream: Int?
    /// The next offset of each partition.
    private var positions: [Int64] = []

    func begin() { step(after: random.between(1_000...100_000)) }

    private func step(after delay: UInt64) {
        simulation.after(delay) { [unowned self] in self.step() }
    }

    private func step() {
        if let current = simulation.workload.current, current != stream, stream == nil || random.chance(perMille: 300) {
            stream = current
            positions = Array(repeating: 0, count: simulation.plan.partitions)
        }
        guard let stream else { return step(after: 50_000) }
        findLeader { [unowned self] in self.fetch(stream) }
    }

    private func fetch(_ number: Int) {
        guard let leader, number == stream else { return step(after: 20_000) }
        let request = FetchRequest.of(
            simulation.workload.streams[number], positions,
            maximumBytes: Int32(256 << random.below(10)), maxWaitMs: Int32(random.below(300)))
        call(request, to: leader, extraTime: 300_000, as: FetchResponse.self) { [unowned self] response in
            guard let response, response.errorCode == .none else {
                self.forgetLeader()
                return self.step(after: self.random.between(10_000...100_000))
            }
            var pause: UInt64 = 1000
            for partition in response.partitions where !self.took(partition, of: number) { pause = 50_000 }
            self.step(after: pause)
        }
    }

    /// False if the answer was an error.
    private func took(_ partition: FetchResponse.Partition, of number: Int) -> Bool {
        let place = History.Partition(stream: number, partition: Int(partition.index))
        switch partition.errorCode {
        case .none: break
        case .unknownTopicOrPartition where simulation.workload.streams[number].phase >= .deleting:
            stream = nil
            return false
        // Also from a leader that was deposed before the topic was created and does not know it yet.
        case let code where code.isRetriable:
            forgetLeader()
            return false
        default:
            simulation.fail("\(name): fetch of \(place) at \(positions[place.partition]): \(partition.errorCode.name)")
            return false
        }
        do {
            for (offset, value) in try FetchedValues.decode(partition, from: positions[place.partition]) {
                if let wrong = simulation.history.read(value, at: offset, in: place) {
                    simulation.fail("\(name): \(wrong)")
                    return false
                }
                positions[place.partition] = offset + 1
            }
        } catch let error as RecordError {
            simulation.wasServedDamage(by: leader ?? 0, "\(name): \(place): \(error)")
            forgetLeader()
        } catch {
            simulation.fail("\(name): \(place): \(error)")
        }
        return true
    }
}
