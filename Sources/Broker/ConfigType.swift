/// Type of a topic configuration as DescribeConfigs reports it (Kafka's numbers).
package enum ConfigType: UInt8, Hashable, Sendable {
    case boolean = 1
    case string = 2
    case int = 3
    case long = 5
    case double = 6
    case list = 7
}
