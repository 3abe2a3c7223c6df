import Bytes

/// Settings of topics or brokers to be changed.
package struct ConfigAlterationRequest<Kind: ConfigAlterationKind>: KafkaRequestBody {
    package static var apiKey: ApiKey { Kind.apiKey }
    package static var firstFlexible: Int16 { Kind.firstFlexible }

    package var resources: [Resource]
    /// Check only, change nothing.
    package var validateOnly: Bool

    package init(resources: [Resource], validateOnly: Bool = false) {
        self.resources = resources
        self.validateOnly = validateOnly
    }
}

extension ConfigAlterationRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Kind.firstFlexible
        resources = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        validateOnly = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Kind.firstFlexible
        writer.kafkaArray(resources, version: version, flexible: flexible)
        writer.kafkaBool(validateOnly)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ConfigAlterationRequest {
    package struct Resource: KafkaStructure {
        /// 2 topic, 4 broker (others: KIP-133).
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Kind.Setting]

        package static var minimumSize: Int { 4 }

        package init(resourceType: Int8, resourceName: String, configs: [Kind.Setting]) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= Kind.firstFlexible
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            configs = try reader.kafkaArray(of: Kind.Setting.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= Kind.firstFlexible
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaArray(configs, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
