import KafkaWire

extension DescribeTopicPartitionsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTopicPartitionsRequest {
        let topics = values.array { DescribeTopicPartitionsRequest.Topic.sample(&$0, version: version) }
        let responsePartitionLimit = values.int32()
        let cursor = values.partitionCursor()
        return DescribeTopicPartitionsRequest(
            topics: topics,
            responsePartitionLimit: responsePartitionLimit,
            cursor: cursor)
    }
}

extension DescribeTopicPartitionsRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTopicPartitionsRequest.Topic {
        let name = values.string()
        return DescribeTopicPartitionsRequest.Topic(
            name: name)
    }
}

extension DescribeTopicPartitionsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTopicPartitionsResponse {
        let throttleTimeMs = values.int32()
        let topics = values.array { DescribeTopicPartitionsResponse.Topic.sample(&$0, version: version) }
        let nextCursor = values.partitionCursor()
        return DescribeTopicPartitionsResponse(
            throttleTimeMs: throttleTimeMs,
            topics: topics,
            nextCursor: nextCursor)
    }
}

extension DescribeTopicPartitionsResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTopicPartitionsResponse.Topic {
        let errorCode = values.errorCode()
        let name = values.nullableString()
        let topicId = values.uuid()
        let isInternal = values.bool()
        let partitions = values.array { DescribeTopicPartitionsResponse.Partition.sample(&$0, version: version) }
        let topicAuthorizedOperations = values.int32()
        return DescribeTopicPartitionsResponse.Topic(
            errorCode: errorCode,
            name: name,
            topicId: topicId,
            isInternal: isInternal,
            partitions: partitions,
            topicAuthorizedOperations: topicAuthorizedOperations)
    }
}

extension DescribeTopicPartitionsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeTopicPartitionsResponse.Partition {
        let errorCode = values.errorCode()
        let partitionIndex = values.int32()
        let leaderId = values.int32()
        let leaderEpoch = values.int32()
        let replicaNodes = values.int32Array()
        let isrNodes = values.int32Array()
        let eligibleLeaderReplicas = values.nullableInt32Array()
        let lastKnownElr = values.nullableInt32Array()
        let offlineReplicas = values.int32Array()
        return DescribeTopicPartitionsResponse.Partition(
            errorCode: errorCode,
            partitionIndex: partitionIndex,
            leaderId: leaderId,
            leaderEpoch: leaderEpoch,
            replicaNodes: replicaNodes,
            isrNodes: isrNodes,
            eligibleLeaderReplicas: eligibleLeaderReplicas,
            lastKnownElr: lastKnownElr,
            offlineReplicas: offlineReplicas)
    }
}
