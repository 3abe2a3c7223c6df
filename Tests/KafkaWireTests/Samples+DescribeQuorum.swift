import KafkaWire

extension DescribeQuorumRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumRequest {
        let topics = values.array { DescribeQuorumRequest.Topic.sample(&$0, version: version) }
        return DescribeQuorumRequest(
            topics: topics)
    }
}

extension DescribeQuorumRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumRequest.Partition {
        let partitionIndex = values.int32()
        return DescribeQuorumRequest.Partition(
            partitionIndex: partitionIndex)
    }
}

extension DescribeQuorumResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse {
        let errorCode = values.errorCode()
        let topics = values.array { DescribeQuorumResponse.Topic.sample(&$0, version: version) }
        return DescribeQuorumResponse(
            errorCode: errorCode,
            topics: topics)
    }
}

extension DescribeQuorumResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        let leaderId = values.int32()
        let leaderEpoch = values.int32()
        let highWatermark = values.int64()
        let currentVoters = values.array { DescribeQuorumResponse.Replica.sample(&$0, version: version) }
        let observers = values.array { DescribeQuorumResponse.Replica.sample(&$0, version: version) }
        return DescribeQuorumResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode,
            leaderId: leaderId,
            leaderEpoch: leaderEpoch,
            highWatermark: highWatermark,
            currentVoters: currentVoters,
            observers: observers)
    }
}

extension DescribeQuorumResponse.Replica: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse.Replica {
        let replicaId = values.int32()
        let logEndOffset = values.int64()
        let lastFetchTimestamp = values.int64()
        let lastCaughtUpTimestamp = values.int64()
        return DescribeQuorumResponse.Replica(
            replicaId: replicaId,
            logEndOffset: logEndOffset,
            lastFetchTimestamp: version >= 1 ? lastFetchTimestamp : -1,
            lastCaughtUpTimestamp: version >= 1 ? lastCaughtUpTimestamp : -1)
    }
}
