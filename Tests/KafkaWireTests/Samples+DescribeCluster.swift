import KafkaWire

extension DescribeClusterRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClusterRequest {
        let includeClusterAuthorizedOperations = values.bool()
        let endpointType = values.int8()
        return DescribeClusterRequest(
            includeClusterAuthorizedOperations: includeClusterAuthorizedOperations,
            endpointType: version >= 1 ? endpointType : 1)
    }
}

extension DescribeClusterResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClusterResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let endpointType = values.int8()
        let clusterId = values.string()
        let controllerId = values.int32()
        let brokers = values.array { DescribeClusterResponse.Broker.sample(&$0, version: version) }
        let clusterAuthorizedOperations = values.int32()
        return DescribeClusterResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            errorMessage: errorMessage,
            endpointType: version >= 1 ? endpointType : 1,
            clusterId: clusterId,
            controllerId: controllerId,
            brokers: brokers,
            clusterAuthorizedOperations: clusterAuthorizedOperations)
    }
}

extension DescribeClusterResponse.Broker: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClusterResponse.Broker {
        let brokerId = values.int32()
        let host = values.string()
        let port = values.int32()
        let rack = values.nullableString()
        return DescribeClusterResponse.Broker(
            brokerId: brokerId,
            host: host,
            port: port,
            rack: rack)
    }
}
