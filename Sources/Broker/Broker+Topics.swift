import Planted

extension Broker {
    mutating func createTopic(
        name: String, id: TopicID, partitionCount: UInt32, configs: [ConfigEntry]
    ) -> ApplyResult {
        if let refusal = refusalToCreate(name: name, id: id, partitionCount: partitionCount) {
            return .refused(refusal)
        }
        let sorted = configs.sorted { $0.name < $1.name }
        if let refusal = Self.refusal(of: sorted) { return .refused(refusal) }
        let expiration = limits.producerExpirationMilliseconds
        directory.forgetDeparted(now: clock, expiration: expiration)
        let topic = Topic(
            number: directory.nextNumber, id: id, name: name, createdAt: clock,
            isRecreation: directory.hasDeparted(name, now: clock, expiration: expiration), overrides: sorted,
            settings: TopicSettings(sorted),
            partitions: Array(repeating: PartitionState(), count: Int(partitionCount)))
        directory.insert(topic)
        return .topicCreated(number: topic.number)
    }

    private func refusalToCreate(name: String, id: TopicID, partitionCount: UInt32) -> BrokerError? {
        if let fault = TopicName.fault(of: name) { return .invalidTopicName(name, fault) }
        if directory.number(named: name) != nil { return .topicExists(name: name) }
        if let existing = directory.number(collidingWith: name), let topic = topic(number: existing) {
            return .topicNameCollision(name: name, existing: topic.name)
        }
        if id == .zero || id == .metadata || directory.number(id: id) != nil { return .invalidTopicID }
        if directory.topics.count >= Int(limits.maximumTopics)
            || directory.nextNumber >= TopicDirectory.maximumNumbers
        {
            return .tooManyTopics(limit: Int(limits.maximumTopics))
        }
        return refusalOfPartitions(total: partitionCount, added: partitionCount)
    }

    private func refusalOfPartitions(total: UInt32, added: UInt32) -> BrokerError? {
        if total < 1 || total > limits.maximumPartitionsPerTopic {
            return .invalidPartitionCount(Int(total), limit: Int(limits.maximumPartitionsPerTopic))
        }
        if directory.partitionTotal + Int(added) > Int(limits.maximumPartitions) {
            return .tooManyPartitions(limit: Int(limits.maximumPartitions))
        }
        return nil
    }

    mutating func deleteTopic(_ number: UInt32) -> ApplyResult {
        guard let slot = directory.slot(number) else { return .refused(.unknownTopic) }
        #if DEBUG
        if Planted.has(.losesDeletes) { return .topicDeleted }
        #endif
        directory.forgetDeparted(now: clock, expiration: limits.producerExpirationMilliseconds)
        directory.remove(slot: slot, at: clock)
        groups.forget(topic: number)
        return .topicDeleted
    }

    mutating func createPartitions(_ number: UInt32, total: UInt32) -> ApplyResult {
        guard let slot = directory.slot(number) else { return .refused(.unknownTopic) }
        let current = directory.topics[slot].partitions.count
        if Int(total) <= current {
            return .refused(.partitionCountNotLarger(current: current, requested: Int(total)))
        }
        let added = Int(total) - current
        if let refusal = refusalOfPartitions(total: total, added: UInt32(added)) { return .refused(refusal) }
        directory.addPartitions(added, slot: slot)
        return .partitionsCreated
    }

    mutating func setTopicConfigs(
        _ number: UInt32, _ changes: [ConfigChange], replacesAll: Bool
    ) -> ApplyResult {
        guard let slot = directory.slot(number) else { return .refused(.unknownTopic) }
        var overrides = replacesAll ? [] : directory.topics[slot].overrides
        let sorted = changes.sorted { $0.name < $1.name }
        if let refusal = Self.refusal(of: sorted) { return .refused(refusal) }
        for change in sorted {
            overrides.removeAll { $0.name == change.name }
            if let value = change.value { overrides.append(ConfigEntry(name: change.name, value: value)) }
        }
        overrides.sort { $0.name < $1.name }
        directory.topics[slot].overrides = overrides
        directory.topics[slot].settings = TopicSettings(overrides)
        return .configsSet
    }

    private static func refusal(of sorted: [ConfigEntry]) -> BrokerError? {
        refusal(of: sorted.map { ConfigChange(name: $0.name, value: $0.value) })
    }

    private static func refusal(of sorted: [ConfigChange]) -> BrokerError? {
        for (position, change) in sorted.enumerated() {
            if position > 0 && sorted[position - 1].name == change.name { return .duplicateConfig(name: change.name) }
            if let value = change.value {
                if let refusal = ConfigCatalog.refusal(of: change.name, value: value) { return refusal }
            } else if ConfigCatalog.definition(of: change.name) == nil {
                return .unknownConfig(name: change.name)
            }
        }
        return nil
    }
}
