import KafkaWire

/// What a group has committed of its topic, to be asked for by anybody.
struct CommittedOffsets {
    let group: String
    /// As the history counts groups.
    let number: Int
    let topic: String
    let partitions: Int

    /// `client` asks whom it takes for the coordinator: a deposed one must not answer. What is told is judged; `then`
    /// gets the answers by partition, none if there is no answer.
    func ask(
        by client: KafkaClient, at machine: Int, then: @escaping ([OffsetFetchResponse.Partition]) -> Void
    ) {
        let history = client.simulation.groupHistory
        let asked = history.stamp()
        let floors = (0..<partitions).map { history.floor(number, $0) }
        let topic = OffsetFetchRequest.Topic(name: topic, partitions: (0..<partitions).map(Int32.init))
        let request = OffsetFetchRequest(groups: [.init(groupId: group, topics: [topic])], requireStable: true)
        client.call(request, to: machine, as: OffsetFetchResponse.self) { response in
            let answers = response?.groups.first?.topics.first?.partitions ?? []
            for answer in answers {
                let partition = Int(answer.partitionIndex)
                if answer.errorCode == .unstableOffsetCommit { client.simulation.coverage[.unstableOffsets] += 1 }
                guard answer.errorCode == .none, floors.indices.contains(partition) else { continue }
                let wrong = history.fetched(
                    self.number, partition, answer.committedOffset, floor: floors[partition], asked: asked)
                if let wrong { return client.simulation.fail("\(client.name), of \(self.group): \(wrong)") }
            }
            then(answers)
        }
    }
}
