import KafkaWire

extension KafkaSession {
    /// DescribeConfigs (key 32), from what this node has applied: topics (resource type 2) and brokers (4).
    func describeConfigs(_ header: KafkaRequestHeader, _ request: DescribeConfigsRequest) {
        let describer = ConfigDescriber(gateway: gateway, request: request)
        let results = request.resources.enumerated().map { position, resource in
            position < gateway.settings.maximumItemsPerRequest
                ? describer.describe(resource) : ConfigDescriber.refused(resource, .tooManyItems)
        }
        respond(header, DescribeConfigsResponse(results: results))
    }
}
