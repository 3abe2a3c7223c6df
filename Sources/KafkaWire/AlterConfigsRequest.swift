import Bytes

/// Sets all settings of topics or brokers: what is not named returns to its default.
package struct AlterConfigsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.alterConfigs
    package static let firstFlexible: Int16 = 2

    package var resources: [Resource]
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(resources: [Resource], validateOnly: Bool = false) {
        self.resources = resources
        self.validateOnly = validateOnly
    }
}

extension AlterConfigsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= AlterConfigsRequest.firstFlexible
        resources = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= AlterConfigsRequest.firstFlexible
        writer.kafkaArray(resources, version: version, flexible: flexible)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension AlterConfigsRequest {
    package struct Resource: KafkaStructure {
        /// 2 topic, 4 broker (others: KIP-133).
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package static let minimumSize = 4

        package init(resourceType: Int8, resourceName: String, configs: [Config]) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterConfigsRequest.firstFlexible
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            configs = try reader.kafkaArray(of: Config.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterConfigsRequest.firstFlexible
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaArray(configs, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension AlterConfigsRequest {
    package struct Config: KafkaStructure {
        package var name: String
        /// nil takes the default.
        package var value: String?

        package static let minimumSize = 3

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= AlterConfigsRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            value = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= AlterConfigsRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
