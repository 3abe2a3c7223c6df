import Bytes

/// Asks for the producers of partitions, to find transactions that hang (KIP-664).
package struct DescribeProducersRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeProducers
    package static let firstFlexible: Int16 = 0

    package var topics: [Topic]

    package init(topics: [Topic]) {
        self.topics = topics
    }
}

extension DescribeProducersRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension DescribeProducersRequest {
    package typealias Topic = KafkaTopicIndexes<DescribeProducersRequest>
}
