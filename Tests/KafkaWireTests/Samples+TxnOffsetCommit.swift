import KafkaWire

extension TxnOffsetCommitRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitRequest {
        let transactionalId = values.string()
        let groupId = values.string()
        let producerId = values.int64()
        let producerEpoch = values.int16()
        let generationId = values.int32()
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let topics = values.array { TxnOffsetCommitRequest.Topic.sample(&$0, version: version) }
        return TxnOffsetCommitRequest(
            transactionalId: transactionalId,
            groupId: groupId,
            producerId: producerId,
            producerEpoch: producerEpoch,
            generationId: version >= 3 ? generationId : -1,
            memberId: version >= 3 ? memberId : "",
            groupInstanceId: version >= 3 ? groupInstanceId : nil,
            topics: topics)
    }
}

extension TxnOffsetCommitRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitRequest.Topic {
        let name = values.string()
        let partitions = values.array { TxnOffsetCommitRequest.Partition.sample(&$0, version: version) }
        return TxnOffsetCommitRequest.Topic(
            name: name,
            partitions: partitions)
    }
}

extension TxnOffsetCommitRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitRequest.Partition {
        let partitionIndex = values.int32()
        let committedOffset = values.int64()
        let committedLeaderEpoch = values.int32()
        let committedMetadata = values.nullableString()
        return TxnOffsetCommitRequest.Partition(
            partitionIndex: partitionIndex,
            committedOffset: committedOffset,
            committedLeaderEpoch: version >= 2 ? committedLeaderEpoch : -1,
            committedMetadata: committedMetadata)
    }
}

extension TxnOffsetCommitResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { TxnOffsetCommitResponse.Topic.sample(&$0, version: version) }
        return TxnOffsetCommitResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension TxnOffsetCommitResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitResponse.Topic {
        let name = values.string()
        let partitions = values.array { TxnOffsetCommitResponse.Partition.sample(&$0, version: version) }
        return TxnOffsetCommitResponse.Topic(
            name: name,
            partitions: partitions)
    }
}

extension TxnOffsetCommitResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> TxnOffsetCommitResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        return TxnOffsetCommitResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode)
    }
}
