import Bytes

/// Forgets a group's offsets of some partitions (KIP-496).
package struct OffsetDeleteRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.offsetDelete
    package static let firstFlexible: Int16 = .max

    package var groupId: String
    package var topics: [Topic]

    package init(groupId: String, topics: [Topic]) {
        self.groupId = groupId
        self.topics = topics
    }
}

extension OffsetDeleteRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        groupId = try reader.kafkaString(flexible: false)
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: false)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaString(groupId, flexible: false)
        writer.kafkaArray(topics, version: version, flexible: false)
    }
}

extension OffsetDeleteRequest {
    package typealias Topic = KafkaTopicIndexes<OffsetDeleteRequest>
}
