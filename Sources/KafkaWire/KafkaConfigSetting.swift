import Bytes

/// What a setting of a topic or of another resource should be.
package struct KafkaConfigSetting<Message: KafkaFlexible>: KafkaStructure {
    package var name: String
    /// nil takes the default.
    package var value: String?

    package static var minimumSize: Int { 3 }

    package init(name: String, value: String?) {
        self.name = name
        self.value = value
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Message.firstFlexible
        name = try reader.kafkaString(flexible: flexible)
        value = try reader.kafkaNullableString(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Message.firstFlexible
        writer.kafkaString(name, flexible: flexible)
        writer.kafkaNullableString(value, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
