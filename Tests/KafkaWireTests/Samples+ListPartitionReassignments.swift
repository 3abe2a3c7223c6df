import KafkaWire

extension ListPartitionReassignmentsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListPartitionReassignmentsRequest {
        let timeoutMs = values.int32()
        let topics = values.nullableArray { ListPartitionReassignmentsRequest.Topic.sample(&$0, version: version) }
        return ListPartitionReassignmentsRequest(
            timeoutMs: timeoutMs,
            topics: topics)
    }
}

extension ListPartitionReassignmentsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListPartitionReassignmentsResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let topics = values.array { ListPartitionReassignmentsResponse.Topic.sample(&$0, version: version) }
        return ListPartitionReassignmentsResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            errorMessage: errorMessage,
            topics: topics)
    }
}

extension ListPartitionReassignmentsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListPartitionReassignmentsResponse.Partition {
        let partitionIndex = values.int32()
        let replicas = values.int32Array()
        let addingReplicas = values.int32Array()
        let removingReplicas = values.int32Array()
        return ListPartitionReassignmentsResponse.Partition(
            partitionIndex: partitionIndex,
            replicas: replicas,
            addingReplicas: addingReplicas,
            removingReplicas: removingReplicas)
    }
}
