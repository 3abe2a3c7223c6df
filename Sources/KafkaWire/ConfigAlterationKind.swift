/// AlterConfigs and IncrementalAlterConfigs: they differ in what they say of one setting.
package protocol ConfigAlterationKind: KafkaFlexible, Sendable {
    associatedtype Setting: KafkaStructure

    static var apiKey: ApiKey { get }
}
