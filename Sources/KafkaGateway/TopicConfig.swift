import Broker

/// Where a setting's value comes from, by Kafka's numbers (KIP-226).
enum ConfigSource: Int8 {
    case topic = 1
    case staticBroker = 4
    case builtIn = 5
}

/// A topic's setting in force.
struct TopicConfig {
    let definition: ConfigDefinition
    let value: String
    let source: ConfigSource

    /// All there are, by name. `overrides` are those set for the topic.
    static func all(overrides: [ConfigEntry]) -> [TopicConfig] {
        ConfigCatalog.all.map { definition in
            let override = overrides.first { $0.name == definition.name }
            return TopicConfig(
                definition: definition, value: override?.value ?? definition.defaultValue,
                source: override == nil ? .builtIn : .topic)
        }
    }
}
