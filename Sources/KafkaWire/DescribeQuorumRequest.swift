import Bytes

/// Asks how far the members of a Raft group are (KIP-595).
package struct DescribeQuorumRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeQuorum
    package static let firstFlexible: Int16 = 0

    package var topics: [Topic]

    package init(topics: [Topic]) {
        self.topics = topics
    }
}

extension DescribeQuorumRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaArray(topics, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension DescribeQuorumRequest {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32

        package static let minimumSize = 5

        package init(partitionIndex: Int32) {
            self.partitionIndex = partitionIndex
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeQuorumRequest {
    package typealias Topic = KafkaTopic<DescribeQuorumRequest, Partition>
}
