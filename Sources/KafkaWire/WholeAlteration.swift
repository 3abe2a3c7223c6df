/// Sets all settings of a resource: what is not named returns to its default (KIP-133).
package enum WholeAlteration: ConfigAlterationKind {
    package static let apiKey = ApiKey.alterConfigs
    package static let firstFlexible: Int16 = 2

    package typealias Setting = KafkaConfigSetting<Self>
}

package typealias AlterConfigsRequest = ConfigAlterationRequest<WholeAlteration>
package typealias AlterConfigsResponse = ConfigAlterationResponse<WholeAlteration>
