import Bytes

/// Asks for the partitions of topics, page by page (KIP-966).
package struct DescribeTopicPartitionsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeTopicPartitions
    package static let firstFlexible: Int16 = 0

    /// Empty asks for all.
    package var topics: [Topic]
    package var responsePartitionLimit: Int32
    /// Where to begin; nil at the beginning.
    package var cursor: KafkaPartitionCursor?

    package init(topics: [Topic], responsePartitionLimit: Int32 = 2000, cursor: KafkaPartitionCursor? = nil) {
        self.topics = topics
        self.responsePartitionLimit = responsePartitionLimit
        self.cursor = cursor
    }
}

extension DescribeTopicPartitionsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeTopicPartitionsRequest.firstFlexible
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        responsePartitionLimit = try reader.int32()
        cursor = try reader.kafkaPartitionCursor(version: version)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeTopicPartitionsRequest.firstFlexible
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.int32(responsePartitionLimit)
        writer.kafkaPartitionCursor(cursor, version: version)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeTopicPartitionsRequest {
    package struct Topic: KafkaStructure {
        package var name: String

        package static let minimumSize = 2

        package init(name: String) {
            self.name = name
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeTopicPartitionsRequest.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeTopicPartitionsRequest.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
