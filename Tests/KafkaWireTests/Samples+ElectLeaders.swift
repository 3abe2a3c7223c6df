import KafkaWire

extension ElectLeadersRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ElectLeadersRequest {
        let electionType = values.int8()
        let topicPartitions = values.nullableArray { ElectLeadersRequest.Topic.sample(&$0, version: version) }
        let timeoutMs = values.int32()
        return ElectLeadersRequest(
            electionType: version >= 1 ? electionType : 0,
            topicPartitions: topicPartitions,
            timeoutMs: timeoutMs)
    }
}

extension ElectLeadersResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ElectLeadersResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let replicaElectionResults = values.array { ElectLeadersResponse.Topic.sample(&$0, version: version) }
        return ElectLeadersResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: version >= 1 ? errorCode : .none,
            replicaElectionResults: replicaElectionResults)
    }
}

extension ElectLeadersResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ElectLeadersResponse.Partition {
        let partitionId = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        return ElectLeadersResponse.Partition(
            partitionId: partitionId,
            errorCode: errorCode,
            errorMessage: errorMessage)
    }
}
