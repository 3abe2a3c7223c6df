import Bytes

/// The settings of topics or brokers.
package struct DescribeConfigsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeConfigs
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var results: [Resource]

    package init(throttleTimeMs: Int32 = 0, results: [Resource]) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }
}

extension DescribeConfigsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeConfigsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        results = try reader.kafkaArray(of: Resource.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeConfigsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(results, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeConfigsResponse {
    package struct Resource: KafkaStructure {
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?
        /// 2 topic, 4 broker (others: KIP-133).
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package static let minimumSize = 7

        package init(
            errorCode: KafkaErrorCode = .none, errorMessage: String?, resourceType: Int8, resourceName: String,
            configs: [Config]
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            resourceType = try reader.int8()
            resourceName = try reader.kafkaString(flexible: flexible)
            configs = try reader.kafkaArray(of: Config.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            writer.int8(resourceType)
            writer.kafkaString(resourceName, flexible: flexible)
            writer.kafkaArray(configs, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension DescribeConfigsResponse {
    package struct Config: KafkaStructure {
        package var name: String
        /// nil when it is sensitive or unset.
        package var value: String?
        package var readOnly: Bool
        /// 1 topic, 2 broker, 4 static broker file, 5 default (others: KIP-226); -1 unknown.
        package var configSource: Int8
        package var isSensitive: Bool
        package var synonyms: [Synonym]
        /// 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password (KIP-569); 0 unknown.
        package var configType: Int8
        package var documentation: String?

        package static let minimumSize = 9

        package init(
            name: String, value: String?, readOnly: Bool, configSource: Int8 = -1, isSensitive: Bool,
            synonyms: [Synonym], configType: Int8 = 0, documentation: String? = nil
        ) {
            self.name = name
            self.value = value
            self.readOnly = readOnly
            self.configSource = configSource
            self.isSensitive = isSensitive
            self.synonyms = synonyms
            self.configType = configType
            self.documentation = documentation
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            value = try reader.kafkaNullableString(flexible: flexible)
            readOnly = try reader.kafkaBool()
            configSource = try reader.int8()
            isSensitive = try reader.kafkaBool()
            synonyms = try reader.kafkaArray(of: Synonym.self, version: version, flexible: flexible)
            configType = try version >= 3 ? reader.int8() : 0
            documentation = try version >= 3 ? reader.kafkaNullableString(flexible: flexible) : nil
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaBool(readOnly)
            writer.int8(configSource)
            writer.kafkaBool(isSensitive)
            writer.kafkaArray(synonyms, version: version, flexible: flexible)
            if version >= 3 {
                writer.int8(configType)
                writer.kafkaNullableString(documentation, flexible: flexible)
            }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension DescribeConfigsResponse {
    /// One of the places a setting is looked for, in order.
    package struct Synonym: KafkaStructure {
        package var name: String
        /// nil when it is sensitive or unset.
        package var value: String?
        /// See `Config.configSource`.
        package var source: Int8

        package static let minimumSize = 4

        package init(name: String, value: String?, source: Int8) {
            self.name = name
            self.value = value
            self.source = source
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            value = try reader.kafkaNullableString(flexible: flexible)
            source = try reader.int8()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeConfigsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.int8(source)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
