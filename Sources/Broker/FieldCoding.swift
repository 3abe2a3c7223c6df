import Bytes

/// Fields that commands and snapshots share.
extension ByteWriter {
    mutating func countedText(_ text: String) {
        uint32(UInt32(text.utf8.count))
        self.text(text)
    }

    mutating func topicID(_ id: TopicID) {
        uint64(id.high)
        uint64(id.low)
    }

    mutating func configs(_ configs: [ConfigEntry]) {
        uint32(UInt32(configs.count))
        for config in configs {
            countedText(config.name)
            countedText(config.value)
        }
    }

    mutating func changes(_ changes: [ConfigChange]) {
        uint32(UInt32(changes.count))
        for change in changes {
            countedText(change.name)
            uint8(change.value == nil ? 0 : 1)
            if let value = change.value { countedText(value) }
        }
    }

    mutating func limits(_ limits: BrokerLimits) {
        uint32(limits.maximumTopics)
        uint32(limits.maximumPartitionsPerTopic)
        uint32(limits.maximumPartitions)
        int64(limits.producerExpirationMilliseconds)
    }
}

extension ByteReader {
    mutating func countedText() throws(DecodeError) -> String { try text(Int(try uint32())) }

    mutating func flag(_ name: String) throws(DecodeError) -> Bool {
        let value = try uint8()
        if value > 1 { throw .badValue(name, Int64(value)) }
        return value == 1
    }

    mutating func topicID() throws(DecodeError) -> TopicID {
        let high = try uint64()
        return TopicID(high: high, low: try uint64())
    }

    /// A u32 count of elements of at least `minimumSize` bytes each.
    mutating func elementCount(minimumSize: Int) throws(DecodeError) -> Int {
        let count = Int(try uint32())
        try requireElements(count, minimumSize: minimumSize)
        return count
    }

    mutating func configs() throws(DecodeError) -> [ConfigEntry] {
        let count = try elementCount(minimumSize: 8)
        var configs: [ConfigEntry] = []
        configs.reserveCapacity(count)
        for _ in 0..<count {
            let name = try countedText()
            configs.append(ConfigEntry(name: name, value: try countedText()))
        }
        return configs
    }

    mutating func changes() throws(DecodeError) -> [ConfigChange] {
        let count = try elementCount(minimumSize: 5)
        var changes: [ConfigChange] = []
        changes.reserveCapacity(count)
        for _ in 0..<count {
            let name = try countedText()
            let hasValue = try flag("config value")
            changes.append(ConfigChange(name: name, value: hasValue ? try countedText() : nil))
        }
        return changes
    }

    mutating func limits() throws(DecodeError) -> BrokerLimits {
        let maximumTopics = try uint32()
        let maximumPartitionsPerTopic = try uint32()
        let maximumPartitions = try uint32()
        let expiration = try int64()
        return BrokerLimits(
            maximumTopics: maximumTopics, maximumPartitionsPerTopic: maximumPartitionsPerTopic,
            maximumPartitions: maximumPartitions, producerExpirationMilliseconds: expiration)
    }
}
