import Bytes

/// Asks a broker how much of each partition is on its disks (KIP-113).
package struct DescribeLogDirsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeLogDirs
    package static let firstFlexible: Int16 = 2

    /// nil asks for all.
    package var topics: [Topic]?

    package init(topics: [Topic]?) {
        self.topics = topics
    }
}

extension DescribeLogDirsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeLogDirsRequest.firstFlexible
        topics = try reader.kafkaNullableArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeLogDirsRequest.firstFlexible
        writer.kafkaNullableArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeLogDirsRequest {
    package typealias Topic = KafkaTopicIndexes<DescribeLogDirsRequest>
}
