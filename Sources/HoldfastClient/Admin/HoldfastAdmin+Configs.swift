import KafkaWire

/// Settings of topics.
extension HoldfastAdmin {
    /// The settings of a topic, by name.
    public func topicConfigs(_ name: String) throws(HoldfastError) -> [TopicConfig] {
        let request = DescribeConfigsRequest(
            resources: [.init(resourceType: 2, resourceName: name, configurationKeys: nil)])
        return try cluster.retrying("reading the settings of topic '\(name)'") { _ throws(ExchangeFailure) in
            let answer = try self.cluster.ask(request, DescribeConfigsResponse.self, .any)
            guard let result = answer.results.first(where: { $0.resourceName == name }) else {
                throw .failed(.malformed("no settings for topic '\(name)'"))
            }
            if result.errorCode.isError {
                throw ClusterClient.failure(result.errorCode, "topic '\(name)'", result.errorMessage)
            }
            return result.configs.map {
                TopicConfig(name: $0.name, value: $0.value, isDefault: $0.configSource != 1)
            }.sorted { $0.name < $1.name }
        }
    }

    /// Changes settings of a topic, all of them or none; the others stay as they are. A nil value stands for the
    /// default.
    public func setTopicConfigs(
        _ name: String, _ changes: [(name: String, value: String?)]
    ) throws(HoldfastError) {
        let request = IncrementalAlterConfigsRequest(resources: [
            .init(resourceType: 2, resourceName: name, configs: changes.map {
                .init(name: $0.name, operation: $0.value == nil ? 1 : 0, value: $0.value)
            })
        ])
        // To be done twice does no harm.
        var mayBeDone = false
        try cluster.retrying("changing the settings of topic '\(name)'") { attempt throws(ExchangeFailure) in
            let answer = try self.tell(request, IncrementalAlterConfigsResponse.self, attempt, &mayBeDone)
            guard let result = answer.responses.first(where: { $0.resourceName == name }) else {
                throw .failed(.malformed("no outcome for topic '\(name)'"))
            }
            // The leader knows; it need not be asked again.
            if result.errorCode == .unknownTopicOrPartition { throw Self.unknown(name) }
            try Self.check(result.errorCode, "topic '\(name)'", result.errorMessage, &mayBeDone)
        }
    }
}
