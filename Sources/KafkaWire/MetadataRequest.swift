import Bytes

/// Asks for the brokers and for the partitions of some topics, or of all. Version 0 cannot ask for no topic: there the
/// empty list asks for all, and is decoded as nil.
package struct MetadataRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.metadata
    package static let firstFlexible: Int16 = 9

    /// nil asks for all topics, an empty list for none.
    package var topics: [Topic]?
    package var allowAutoTopicCreation: Bool
    package var includeClusterAuthorizedOperations: Bool
    package var includeTopicAuthorizedOperations: Bool

    package init(
        topics: [Topic]?, allowAutoTopicCreation: Bool = true, includeClusterAuthorizedOperations: Bool = false,
        includeTopicAuthorizedOperations: Bool = false
    ) {
        self.topics = topics
        self.allowAutoTopicCreation = allowAutoTopicCreation
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.includeTopicAuthorizedOperations = includeTopicAuthorizedOperations
    }
}

extension MetadataRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= MetadataRequest.firstFlexible
        if version == 0 {
            let listed = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
            topics = listed.isEmpty ? nil : listed
        } else {
            topics = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: flexible)
        }
        allowAutoTopicCreation = try version >= 4 ? reader.kafkaBool() : true
        includeClusterAuthorizedOperations = try version >= 8 && version <= 10 ? reader.kafkaBool() : false
        includeTopicAuthorizedOperations = try version >= 8 ? reader.kafkaBool() : false
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= MetadataRequest.firstFlexible
        if version == 0 {
            writer.kafkaArray(topics ?? [], version: version, flexible: flexible)
        } else {
            writer.kafkaNullableArray(topics, version: version, flexible: flexible)
        }
        if version >= 4 { writer.kafkaBool(allowAutoTopicCreation) }
        if version >= 8 && version <= 10 { writer.kafkaBool(includeClusterAuthorizedOperations) }
        if version >= 8 { writer.kafkaBool(includeTopicAuthorizedOperations) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension MetadataRequest {
    /// A topic, by name or (from version 10) by id.
    package struct Topic: KafkaStructure {
        /// Zero when not given.
        package var topicId: KafkaUUID
        /// nil when the topic is asked for by id (from version 10; honoured from 12).
        package var name: String?

        package static let minimumSize = 2

        package init(topicId: KafkaUUID = .zero, name: String?) {
            self.topicId = topicId
            self.name = name
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= MetadataRequest.firstFlexible
            topicId = try version >= 10 ? reader.kafkaUUID() : .zero
            name = try reader.kafkaString(flexible: flexible, nullable: version >= 10)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= MetadataRequest.firstFlexible
            if version >= 10 { writer.kafkaUUID(topicId) }
            writer.kafkaString(name, flexible: flexible, nullable: version >= 10)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
