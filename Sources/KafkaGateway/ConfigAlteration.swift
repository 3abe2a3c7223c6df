import Broker
import KafkaWire

/// What AlterConfigs or IncrementalAlterConfigs asks of one resource, and the command that does it.
struct ConfigAlteration {
    /// By Kafka's numbers (KIP-339).
    private enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    private struct Change {
        let name: String
        let operation: Int8
        let value: String?
    }

    let resource: ConfigResource
    private let changes: [Change]
    /// Settings that are not named return to their defaults.
    private let replacesAll: Bool

    init(_ resource: AlterConfigsRequest.Resource) {
        self.resource = ConfigResource(type: resource.resourceType, name: resource.resourceName)
        changes = resource.configs.map {
            Change(name: $0.name, operation: Operation.set.rawValue, value: $0.value)
        }
        replacesAll = true
    }

    init(_ resource: IncrementalAlterConfigsRequest.Resource) {
        self.resource = ConfigResource(type: resource.resourceType, name: resource.resourceName)
        changes = resource.configs.map { Change(name: $0.name, operation: $0.operation, value: $0.value) }
        replacesAll = false
    }

    /// The codes are those of Kafka's controller.
    func plan(_ broker: Broker) throws(Refusal) -> Command {
        switch resource.type {
        case 2: return try planTopic(broker)
        case 4:
            let words = "the settings of brokers are read-only: each node has them in its configuration file"
            throw Refusal(.invalidRequest, words)
        default:
            throw Refusal(.invalidRequest, "resource type \(resource.type) has no settings that can be changed")
        }
    }

    private func planTopic(_ broker: Broker) throws(Refusal) -> Command {
        if let fault = TopicName.fault(of: resource.name) { throw Refusal(.invalidTopicName(resource.name, fault)) }
        guard let topic = broker.topic(named: resource.name) else { throw .unknownTopic }
        var named: Set<String> = []
        var settled: [ConfigChange] = []
        for change in changes {
            guard named.insert(change.name).inserted else {
                throw Refusal(.invalidRequest, "setting '\(change.name)' is given twice")
            }
            settled.append(ConfigChange(name: change.name, value: try Self.value(after: change, in: topic)))
        }
        return .setTopicConfigs(topic: topic.number, changes: settled, replacesAll: replacesAll)
    }

    /// nil for the default. A list is taken as it is applied: of two requests at once that each add to it one may win.
    private static func value(after change: Change, in topic: Topic) throws(Refusal) -> String? {
        guard let operation = Operation(rawValue: change.operation) else {
            throw Refusal(.invalidRequest, "there is no operation \(change.operation) on a setting")
        }
        guard let definition = ConfigCatalog.definition(of: change.name) else {
            throw Refusal(.unknownConfig(name: change.name))
        }
        if operation == .delete { return nil }
        guard let given = change.value else {
            throw Refusal(.invalidRequest, "there is no value for setting '\(change.name)'")
        }
        var value = given
        if operation != .set {
            guard definition.type == .list else {
                throw Refusal(.invalidConfig, "'\(change.name)' is no list, to which values could be added")
            }
            let current = topic.overrides.first { $0.name == change.name }?.value ?? definition.defaultValue
            let words = list(given)
            let others = list(current).filter { !words.contains($0) }
            value = (operation == .append ? others + words : others).joined(separator: ",")
        }
        if let error = ConfigCatalog.refusal(of: change.name, value: value) { throw Refusal(error) }
        return value
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }
}

/// What has settings, by Kafka's numbers: 2 a topic, 4 a broker.
struct ConfigResource: Hashable {
    let type: Int8
    let name: String
}
