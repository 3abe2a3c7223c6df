import KafkaWire

extension KafkaSession {
    /// Bits of the operations that are allowed on the cluster without access control (KIP-430): create, alter,
    /// describe, cluster action, describe and alter configs, idempotent write.
    static let clusterOperations: Int32 = 0x1fa0
    /// On a topic: read, write, create, delete, alter, describe, describe and alter configs.
    static let topicOperations: Int32 = 0x0df8

    /// DescribeCluster (key 60), from what this node knows.
    func describeCluster(_ header: KafkaRequestHeader, _ request: DescribeClusterRequest) {
        var response = DescribeClusterResponse(
            endpointType: request.endpointType, clusterId: gateway.node.identity.cluster.description, brokers: [])
        if request.endpointType != 1 {
            response.errorCode = request.endpointType == 2 ? .mismatchedEndpointType : .unsupportedEndpointType
            response.errorMessage = "this listener serves brokers (endpoint type 1)"
            return respond(header, response)
        }
        response.controllerId = gateway.controllerID
        response.brokers = gateway.sortedEndpoints.map {
            .init(brokerId: $0.node.kafkaID, host: $0.endpoint.host, port: $0.endpoint.port)
        }
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = Self.clusterOperations
        }
        respond(header, response)
    }
}
