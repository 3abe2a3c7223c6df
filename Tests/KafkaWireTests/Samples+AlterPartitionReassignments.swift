import KafkaWire

extension AlterPartitionReassignmentsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterPartitionReassignmentsRequest {
        let timeoutMs = values.int32()
        let allowReplicationFactorChange = values.bool()
        let topics = values.array { AlterPartitionReassignmentsRequest.Topic.sample(&$0, version: version) }
        return AlterPartitionReassignmentsRequest(
            timeoutMs: timeoutMs,
            allowReplicationFactorChange: version >= 1 ? allowReplicationFactorChange : true,
            topics: topics)
    }
}

extension AlterPartitionReassignmentsRequest.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterPartitionReassignmentsRequest.Partition {
        let partitionIndex = values.int32()
        let replicas = values.nullableInt32Array()
        return AlterPartitionReassignmentsRequest.Partition(
            partitionIndex: partitionIndex,
            replicas: replicas)
    }
}

extension AlterPartitionReassignmentsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterPartitionReassignmentsResponse {
        let throttleTimeMs = values.int32()
        let allowReplicationFactorChange = values.bool()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let responses = values.array { AlterPartitionReassignmentsResponse.Topic.sample(&$0, version: version) }
        return AlterPartitionReassignmentsResponse(
            throttleTimeMs: throttleTimeMs,
            allowReplicationFactorChange: version >= 1 ? allowReplicationFactorChange : true,
            errorCode: errorCode,
            errorMessage: errorMessage,
            responses: responses)
    }
}

extension AlterPartitionReassignmentsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterPartitionReassignmentsResponse.Partition {
        let partitionIndex = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        return AlterPartitionReassignmentsResponse.Partition(
            partitionIndex: partitionIndex,
            errorCode: errorCode,
            errorMessage: errorMessage)
    }
}
