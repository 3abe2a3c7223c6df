import Bytes

/// Changes single settings of topics or brokers (KIP-339).
package struct IncrementalAlterConfigsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.incrementalAlterConfigs
    package static let firstFlexible: Int16 = 1

    package var resources: [Resource]
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(resources: [Resource], validateOnly: Bool = false) {
        self.resources = resources
        self.validateOnly = validateOnly
    }
}

extension IncrementalAlterConfigsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
        resources = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
        writer.kafkaArray(resources, version: version, flexible: flexible)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension IncrementalAlterConfigsRequest {
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
            let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            configs = try reader.kafkaArray(of: Config.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaArray(configs, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension IncrementalAlterConfigsRequest {
    package struct Config: KafkaStructure {
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
            let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            operation = try reader.int8()
            value = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= IncrementalAlterConfigsRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.int8(operation)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
