import Bytes

/// What became of each topic to create.
package struct CreateTopicsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.createTopics
    package static let firstFlexible: Int16 = 5

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension CreateTopicsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= CreateTopicsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= CreateTopicsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension CreateTopicsResponse {
    package struct Topic: KafkaStructure {
        package var name: String
        /// Zero when not given.
        package var topicId: KafkaUUID
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?
        /// Why `configs` is nil, when it is.
        package var topicConfigErrorCode: KafkaErrorCode
        /// -1 when unknown, as below version 5.
        package var numPartitions: Int32
        /// -1 when unknown, as below version 5.
        package var replicationFactor: Int16
        /// The settings in force; nil when the client may not see them.
        package var configs: [Config]?

        package static let minimumSize = 6

        package init(
            name: String, topicId: KafkaUUID = .zero, errorCode: KafkaErrorCode = .none, errorMessage: String?,
            topicConfigErrorCode: KafkaErrorCode = .none, numPartitions: Int32 = -1, replicationFactor: Int16 = -1,
            configs: [Config]? = []
        ) {
            self.name = name
            self.topicId = topicId
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.topicConfigErrorCode = topicConfigErrorCode
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.configs = configs
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreateTopicsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            topicId = try version >= 7 ? reader.kafkaUUID() : .zero
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            numPartitions = try version >= 5 ? reader.int32() : -1
            replicationFactor = try version >= 5 ? reader.int16() : -1
            configs =
                try version >= 5 ? reader.kafkaNullableArray(of: Config.self, version: version, flexible: flexible) : []
            topicConfigErrorCode = .none
            for _ in 0..<(try reader.kafkaTaggedFieldCount(flexible: flexible)) {
                let field = try reader.beginKafkaTaggedField()
                switch field.tag {
                case 0: topicConfigErrorCode = try reader.kafkaErrorCode()
                default: try reader.skip(field.size)
                }
                try reader.endKafkaTaggedField(field)
            }
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreateTopicsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            if version >= 7 { writer.kafkaUUID(topicId) }
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            if version >= 5 {
                writer.int32(numPartitions)
                writer.int16(replicationFactor)
                writer.kafkaNullableArray(configs, version: version, flexible: flexible)
            }
            var tagged = KafkaTaggedFields()
            if topicConfigErrorCode != .none {
                tagged.add(0) { $0.kafkaErrorCode(topicConfigErrorCode) }
            }
            writer.kafkaTaggedFields(tagged, flexible: flexible)
        }
    }
}

extension CreateTopicsResponse {
    /// A setting in force.
    package struct Config: KafkaStructure {
        package var name: String
        package var value: String?
        package var readOnly: Bool
        /// Where the value comes from: 1 topic, 4 static broker file, 5 default (others: KIP-226); -1 unknown.
        package var configSource: Int8
        package var isSensitive: Bool

        package static let minimumSize = 6

        package init(
            name: String, value: String?, readOnly: Bool, configSource: Int8 = -1, isSensitive: Bool
        ) {
            self.name = name
            self.value = value
            self.readOnly = readOnly
            self.configSource = configSource
            self.isSensitive = isSensitive
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= CreateTopicsResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            value = try reader.kafkaNullableString(flexible: flexible)
            readOnly = try reader.kafkaBool()
            configSource = try reader.int8()
            isSensitive = try reader.kafkaBool()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= CreateTopicsResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNullableString(value, flexible: flexible)
            writer.kafkaBool(readOnly)
            writer.int8(configSource)
            writer.kafkaBool(isSensitive)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
