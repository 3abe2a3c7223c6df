import Bytes

/// Changes single settings of a resource (KIP-339).
package enum IncrementalAlteration: ConfigAlterationKind {
    package static let apiKey = ApiKey.incrementalAlterConfigs
    package static let firstFlexible: Int16 = 1

    package struct Setting: KafkaStructure {
        package var name: String
        /// 0 set, 1 return to the default, 2 append to a list, 3 remove from a list.
        package var operation: Int8
        /// nil where the operation needs none.
        package var value: String?

        package static let minimumSize = 4

        package init(name: String, operation: Int8, value: String?) {
            self.name = name
            self.operation = operation
            self.value = value
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= IncrementalAlteration.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            operation = try reader.int8()
            value = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= IncrementalAlteration.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int8(operation)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

package typealias IncrementalAlterConfigsRequest = ConfigAlterationRequest<IncrementalAlteration>
package typealias IncrementalAlterConfigsResponse = ConfigAlterationResponse<IncrementalAlteration>
