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
        guard var leader, number == stream else { return step(after: 20_000) }
        // Now and then a client believes in a leader that is none, or none any more.
        if random.chance(perMille: 100) { leader = random.below(simulation.machines.count) }
        if random.chance(perMille: 100) { return probe(number, at: leader) }
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

    /// Asks where the partitions end. Whoever answers must know of everything acknowledged before the question.
    private func probe(_ number: Int, at leader: Int) {
        let partitions = positions.indices.map {
            ListOffsetsRequest.Partition(partitionIndex: Int32($0), timestamp: -1)
        }
        let places = positions.indices.map { History.Partition(stream: number, partition: $0) }
        let acknowledged = places.map { simulation.history.acknowledgedEnd(of: $0) }
        let name = simulation.workload.streams[number].name
        let request = ListOffsetsRequest(replicaId: -1, topics: [.init(name: name, partitions: partitions)])
        call(request, to: leader, as: ListOffsetsResponse.self) { [unowned self] response in
            for answer in response?.topics.first?.partitions ?? [] where answer.errorCode == .none {
                let place = Int(answer.partitionIndex)
                if answer.offset >= acknowledged[place] { continue }
                self.simulation.fail(
                    "stale read: \(places[place]) was said to end at \(answer.offset), \(acknowledged[place]) was "
                        + "acknowledged before")
            }
            self.step(after: 1000)
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
            simulation.fail("I16: \(name): \(place): \(error)")
        } catch {
            simulation.fail("\(name): \(place): \(error)")
        }
        return true
    }
}
