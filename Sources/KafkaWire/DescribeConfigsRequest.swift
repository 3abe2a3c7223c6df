import Bytes

/// Asks for the settings of topics or brokers.
package struct DescribeConfigsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeConfigs
    package static let firstFlexible: Int16 = 4

    package var resources: [Resource]
    package var includeSynonyms: Bool
    package var includeDocumentation: Bool

    package init(resources: [Resource], includeSynonyms: Bool = false, includeDocumentation: Bool = false) {
        self.resources = resources
        self.includeSynonyms = includeSynonyms
        self.includeDocumentation = includeDocumentation
    }
}

extension DescribeConfigsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeConfigsRequest.firstFlexible
        resources = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        includeSynonyms = try reader.kafkaBool()
        includeDocumentation = try version >= 3 ? reader.kafkaBool() : false
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeConfigsRequest.firstFlexible
        writer.kafkaArray(resources, version: version, flexible: flexible)
        writer.kafkaBool(includeSynonyms)
        if version >= 3 { writer.kafkaBool(includeDocumentation) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeConfigsRequest {
    package struct Resource: KafkaStructure {
        /// 2 topic, 4 broker (others: KIP-133).
        package var resourceType: Int8
        package var resourceName: String
        /// nil asks for all.
        package var configurationKeys: [String]?

        package static let minimumSize = 4

        package init(resourceType: Int8, resourceName: String, configurationKeys: [String]?) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configurationKeys = configurationKeys
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeConfigsRequest.firstFlexible
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            configurationKeys = try reader.kafkaNullableStringArray(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeConfigsRequest.firstFlexible
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaNullableStringArray(configurationKeys, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
