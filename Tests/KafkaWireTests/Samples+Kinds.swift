import KafkaWire

extension KafkaCodeResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        return Self(throttleTimeMs: version >= Kind.firstThrottled ? throttleTimeMs : 0, errorCode: errorCode)
    }
}

extension KafkaPartitionCodesResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let throttleTimeMs = values.int32()
        let topics = values.array { Topic.sample(&$0, version: version) }
        return Self(throttleTimeMs: version >= Kind.firstThrottled ? throttleTimeMs : 0, topics: topics)
    }
}

extension KafkaPartitionCodesResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let partitionIndex = values.int32()
        return Self(partitionIndex: partitionIndex, errorCode: values.errorCode())
    }
}

extension KafkaOffsetCommitPartition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let partitionIndex = values.int32()
        let committedOffset = values.int64()
        let committedLeaderEpoch = values.int32()
        let committedMetadata = values.nullableString()
        return Self(
            partitionIndex: partitionIndex,
            committedOffset: committedOffset,
            committedLeaderEpoch: version >= Kind.firstLeaderEpoch ? committedLeaderEpoch : -1,
            committedMetadata: committedMetadata)
    }
}

extension KafkaTopic: Sampled where Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let name = values.string()
        let partitions = values.array { Partition.sample(&$0, version: version) }
        return Self(name: name, partitions: partitions)
    }
}

extension KafkaTopicIndexes: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let name = values.string()
        let partitions = values.int32Array()
        return Self(name: name, partitions: partitions)
    }
}

extension KafkaConfigSetting: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let name = values.string()
        let value = values.nullableString()
        return Self(name: name, value: value)
    }
}
