import Bytes

/// Sets all settings of a resource: what is not named returns to its default (KIP-133).
package enum WholeAlteration: ConfigAlterationKind {
    package static let apiKey = ApiKey.alterConfigs
    package static let firstFlexible: Int16 = 2

    package struct Setting: KafkaStructure {
        package var name: String
        /// nil takes the default.
        package var value: String?

        package static let minimumSize = 3

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= WholeAlteration.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            value = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= WholeAlteration.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

package typealias AlterConfigsRequest = ConfigAlterationRequest<WholeAlteration>
package typealias AlterConfigsResponse = ConfigAlterationResponse<WholeAlteration>
