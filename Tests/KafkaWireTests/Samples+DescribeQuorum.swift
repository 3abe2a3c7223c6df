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
        let errorMessage = values.nullableString()
        let topics = values.array { DescribeQuorumResponse.Topic.sample(&$0, version: version) }
        let nodes = values.array { DescribeQuorumResponse.Node.sample(&$0, version: version) }
        return DescribeQuorumResponse(
            errorCode: errorCode,
            errorMessage: version >= 2 ? errorMessage : nil,
            topics: topics,
            nodes: version >= 2 ? nodes : [])
    }
}

extension DescribeQuorumResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let leaderId = values.int32()
        let leaderEpoch = values.int32()
        let highWatermark = values.int64()
        let currentVoters = values.array { DescribeQuorumResponse.Replica.sample(&$0, version: version) }
        let observers = values.array { DescribeQuorumResponse.Replica.sample(&$0, version: version) }
        return DescribeQuorumResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode,
            errorMessage: version >= 2 ? errorMessage : nil,
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
        let directoryId = values.uuid()
        let logEndOffset = values.int64()
        let lastFetchTimestamp = values.int64()
        let lastCaughtUpTimestamp = values.int64()
        return DescribeQuorumResponse.Replica(
            replicaId: replicaId,
            directoryId: version >= 2 ? directoryId : .zero,
            logEndOffset: logEndOffset,
            lastFetchTimestamp: version >= 1 ? lastFetchTimestamp : -1,
            lastCaughtUpTimestamp: version >= 1 ? lastCaughtUpTimestamp : -1)
    }
}

extension DescribeQuorumResponse.Node: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse.Node {
        let nodeId = values.int32()
        let listeners = values.array { DescribeQuorumResponse.Listener.sample(&$0, version: version) }
        return DescribeQuorumResponse.Node(
            nodeId: nodeId,
            listeners: listeners)
    }
}

extension DescribeQuorumResponse.Listener: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeQuorumResponse.Listener {
        let name = values.string()
        let host = values.string()
        let port = UInt16(truncatingIfNeeded: values.int16())
        return DescribeQuorumResponse.Listener(
            name: name,
            host: host,
            port: port)
    }
}
