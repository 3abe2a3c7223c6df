import KafkaWire

extension OffsetForLeaderEpochRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetForLeaderEpochRequest {
        let replicaId = values.int32()
        let topics = values.array { OffsetForLeaderEpochRequest.Topic.sample(&$0, version: version) }
        return OffsetForLeaderEpochRequest(
            replicaId: version >= 3 ? replicaId : -2,
            topics: topics)
    }
}

extension OffsetForLeaderEpochRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetForLeaderEpochRequest.Partition {
        let partition = values.int32()
        let currentLeaderEpoch = values.int32()
        let leaderEpoch = values.int32()
        return OffsetForLeaderEpochRequest.Partition(
            partition: partition,
            currentLeaderEpoch: currentLeaderEpoch,
            leaderEpoch: leaderEpoch)
    }
}

extension OffsetForLeaderEpochResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetForLeaderEpochResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { OffsetForLeaderEpochResponse.Topic.sample(&$0, version: version) }
        return OffsetForLeaderEpochResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics)
    }
}

extension OffsetForLeaderEpochResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> OffsetForLeaderEpochResponse.Partition {
        let errorCode = values.errorCode()
        let partition = values.int32()
        let leaderEpoch = values.int32()
        let endOffset = values.int64()
        return OffsetForLeaderEpochResponse.Partition(
            errorCode: errorCode,
            partition: partition,
            leaderEpoch: leaderEpoch,
            endOffset: endOffset)
    }
}
