import Broker
import KafkaWire
import Node

/// Describes the resources of one DescribeConfigs request.
struct ConfigDescriber {
    let gateway: KafkaGateway
    let request: DescribeConfigsRequest

    func describe(_ resource: DescribeConfigsRequest.Resource) -> DescribeConfigsResponse.Resource {
        switch resource.resourceType {
        case 2: describeTopic(resource)
        case 4: describeBroker(resource)
        default:
            Self.refused(
                resource, Refusal(.invalidRequest, "resource type \(resource.resourceType) has no configuration"))
        }
    }

    static func refused(
        _ resource: DescribeConfigsRequest.Resource, _ refusal: Refusal
    ) -> DescribeConfigsResponse.Resource {
        .init(
            errorCode: refusal.code, errorMessage: refusal.message, resourceType: resource.resourceType,
            resourceName: resource.resourceName, configs: [])
    }

    private func describeTopic(_ resource: DescribeConfigsRequest.Resource) -> DescribeConfigsResponse.Resource {
        let name = resource.resourceName
        if let fault = TopicName.fault(of: name) {
            return Self.refused(resource, Refusal(.invalidTopicName(name, fault)))
        }
        guard let topic = gateway.broker.topic(named: name) else { return Self.refused(resource, .unknownTopic) }
        let configs = TopicConfig.all(overrides: topic.overrides).filter { isWanted($0.definition.name, resource) }
        return .init(
            errorMessage: nil, resourceType: resource.resourceType, resourceName: name, configs: configs.map(describe))
    }

    private func describe(_ config: TopicConfig) -> DescribeConfigsResponse.Config {
        let definition = config.definition
        var synonyms: [DescribeConfigsResponse.Synonym] = []
        if request.includeSynonyms {
            if config.source == .topic {
                synonyms.append(.init(name: definition.name, value: config.value, source: ConfigSource.topic.rawValue))
            }
            synonyms.append(.init(
                name: definition.name, value: definition.defaultValue, source: ConfigSource.builtIn.rawValue))
        }
        return .init(
            name: definition.name, value: config.value, readOnly: false, configSource: config.source.rawValue,
            isSensitive: false, synonyms: synonyms, configType: Int8(definition.type.rawValue),
            documentation: request.includeDocumentation ? definition.documentation : nil)
    }

    /// The empty name stands for the defaults of all brokers, none of which can be set.
    private func describeBroker(_ resource: DescribeConfigsRequest.Resource) -> DescribeConfigsResponse.Resource {
        if resource.resourceName.isEmpty {
            return .init(errorMessage: nil, resourceType: resource.resourceType, resourceName: "", configs: [])
        }
        let own = gateway.node.identity.node
        guard resource.resourceName == "\(own)" else {
            let words = "this is broker \(own), not \(resource.resourceName)"
            return Self.refused(resource, Refusal(.invalidRequest, words))
        }
        let configs = BrokerConfig.all(gateway).filter { isWanted($0.name, resource) }
        return .init(
            errorMessage: nil, resourceType: resource.resourceType, resourceName: resource.resourceName,
            configs: configs.map(describe))
    }

    private func describe(_ config: BrokerConfig) -> DescribeConfigsResponse.Config {
        .init(
            name: config.name, value: config.value, readOnly: true, configSource: config.source.rawValue,
            isSensitive: false,
            synonyms: request.includeSynonyms
                ? [.init(name: config.name, value: config.value, source: config.source.rawValue)] : [],
            configType: Int8(config.type.rawValue),
            documentation: request.includeDocumentation ? config.documentation : nil)
    }

    private func isWanted(_ name: String, _ resource: DescribeConfigsRequest.Resource) -> Bool {
        guard let keys = resource.configurationKeys, !keys.isEmpty else { return true }
        return keys.contains(name)
    }
}
