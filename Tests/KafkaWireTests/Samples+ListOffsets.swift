import KafkaWire

extension ListOffsetsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListOffsetsRequest {
        let replicaId = values.int32()
        let isolationLevel = values.int8()
        let topics = values.array { ListOffsetsRequest.Topic.sample(&$0, version: version) }
        return ListOffsetsRequest(
            replicaId: replicaId,
            isolationLevel: version >= 2 ? isolationLevel : 0,
            topics: topics)
    }
}

extension ListOffsetsRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListOffsetsRequest.Partition {
        let partitionIndex = values.int32()
        let currentLeaderEpoch = values.int32()
        let timestamp = values.int64()
        return ListOffsetsRequest.Partition(
            partitionIndex: partitionIndex,
            currentLeaderEpoch: version >= 4 ? currentLeaderEpoch : -1,
            timestamp: timestamp)
    }
}

extension ListOffsetsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListOffsetsResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { ListOffsetsResponse.Topic.sample(&$0, version: version) }
        return ListOffsetsResponse(
            throttleTimeMs: version >= 2 ? throttleTimeMs : 0,
            topics: topics)
    }
}

extension ListOffsetsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListOffsetsResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        let timestamp = values.int64()
        let offset = values.int64()
        let leaderEpoch = values.int32()
        return ListOffsetsResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode,
            timestamp: timestamp,
            offset: offset,
            leaderEpoch: version >= 4 ? leaderEpoch : -1)
    }
}
