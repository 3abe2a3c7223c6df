import Bytes

/// Deletes topics: by name, or from version 6 by id as well.
package struct DeleteTopicsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.deleteTopics
    package static let firstFlexible: Int16 = 4

    package var topics: [Topic]
    package var timeoutMs: Int32

    package init(topics: [Topic], timeoutMs: Int32) {
        self.topics = topics
        self.timeoutMs = timeoutMs
    }
}

extension DeleteTopicsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Self.firstFlexible
        if version >= 6 {
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        } else {
            topics = try reader.kafkaStringArray(flexible: flexible).map { Topic(name: $0) }
        }
        timeoutMs = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Self.firstFlexible
        if version >= 6 {
            writer.kafkaArray(topics, version: version, flexible: flexible)
        } else {
            writer.kafkaStringArray(topics.map { $0.name ?? "" }, flexible: flexible)
        }
        writer.int32(timeoutMs)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DeleteTopicsRequest {
    /// An element of the list in version 6; below, a name alone.
    package struct Topic: KafkaStructure {
        /// nil when the topic is given by id.
        package var name: String?
        /// Zero when the topic is given by name.
        package var topicId: KafkaUUID

        package static let minimumSize = 18

        package init(name: String?, topicId: KafkaUUID = .zero) {
            self.name = name
            self.topicId = topicId
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            name = try reader.kafkaNullableString(flexible: true)
            topicId = try reader.kafkaUUID()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaNullableString(name, flexible: true)
            writer.kafkaUUID(topicId)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
