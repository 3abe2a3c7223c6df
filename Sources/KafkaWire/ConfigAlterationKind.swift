/// AlterConfigs and IncrementalAlterConfigs: they differ in what they say of one setting.
package protocol ConfigAlterationKind: Sendable {
    associatedtype Setting: KafkaStructure

    static var apiKey: ApiKey { get }
    static var firstFlexible: Int16 { get }
}
