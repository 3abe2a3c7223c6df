import KafkaWire

extension MetadataResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> MetadataResponse {
        let throttleTimeMs = values.int32()
        let brokers = values.array { MetadataResponse.Broker.sample(&$0, version: version) }
        let clusterId = values.nullableString()
        let controllerId = values.int32()
        let topics = values.array { MetadataResponse.Topic.sample(&$0, version: version) }
        let clusterAuthorizedOperations = values.int32()
        let errorCode = values.errorCode()
        return MetadataResponse(
            throttleTimeMs: version >= 3 ? throttleTimeMs : 0,
            brokers: brokers,
            clusterId: version >= 2 ? clusterId : nil,
            controllerId: version >= 1 ? controllerId : -1,
            topics: topics,
            clusterAuthorizedOperations: version >= 8 && version <= 10 ? clusterAuthorizedOperations : Int32.min,
            errorCode: version >= 13 ? errorCode : .none)
    }
}

extension MetadataResponse.Broker: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> MetadataResponse.Broker {
        let nodeId = values.int32()
        let host = values.string()
        let port = values.int32()
        let rack = values.nullableString()
        return MetadataResponse.Broker(
            nodeId: nodeId,
            host: host,
            port: port,
            rack: version >= 1 ? rack : nil)
    }
}

extension MetadataResponse.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> MetadataResponse.Topic {
        let errorCode = values.errorCode()
        let name = values.nullableString()
        let topicId = values.uuid()
        let isInternal = values.bool()
        let partitions = values.array { MetadataResponse.Partition.sample(&$0, version: version) }
        let topicAuthorizedOperations = values.int32()
        return MetadataResponse.Topic(
            errorCode: errorCode,
            name: name ?? (version >= 12 ? nil : "x"),
            topicId: version >= 10 ? topicId : .zero,
            isInternal: version >= 1 ? isInternal : false,
            partitions: partitions,
            topicAuthorizedOperations: version >= 8 ? topicAuthorizedOperations : Int32.min)
    }
}

extension MetadataResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> MetadataResponse.Partition {
        let errorCode = values.errorCode()
        let partitionIndex = values.int32()
        let leaderId = values.int32()
        let leaderEpoch = values.int32()
        let replicaNodes = values.int32Array()
        let isrNodes = values.int32Array()
        let offlineReplicas = values.int32Array()
        return MetadataResponse.Partition(
            errorCode: errorCode,
            partitionIndex: partitionIndex,
            leaderId: leaderId,
            leaderEpoch: version >= 7 ? leaderEpoch : -1,
            replicaNodes: replicaNodes,
            isrNodes: isrNodes,
            offlineReplicas: version >= 5 ? offlineReplicas : [])
    }
}

extension MetadataRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> MetadataRequest {
        let topics = values.nullableArray { Topic.sample(&$0, version: version) }
        let allowAutoTopicCreation = values.bool()
        let includeClusterAuthorizedOperations = values.bool()
        let includeTopicAuthorizedOperations = values.bool()
        let hasClusterOperations = version >= 8 && version <= 10
        return MetadataRequest(
            topics: version == 0 && topics?.isEmpty == true ? nil : topics,
            allowAutoTopicCreation: version >= 4 ? allowAutoTopicCreation : true,
            includeClusterAuthorizedOperations: hasClusterOperations ? includeClusterAuthorizedOperations : false,
            includeTopicAuthorizedOperations: version >= 8 ? includeTopicAuthorizedOperations : false)
    }
}

extension MetadataRequest.Topic: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let topicId = values.uuid()
        let name = values.nullableString()
        return Self(
            topicId: version >= 10 ? topicId : .zero,
            name: name ?? (version >= 10 ? nil : "x"))
    }
}
