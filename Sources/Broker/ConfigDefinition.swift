/// One topic configuration that exists.
package struct ConfigDefinition: Hashable, Sendable {
    package let name: String
    package let type: ConfigType
    package let defaultValue: String
    package let rule: ConfigRule
    /// One or two sentences for DescribeConfigs.
    package let documentation: String
}
