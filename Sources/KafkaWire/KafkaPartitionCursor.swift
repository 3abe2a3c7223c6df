import Bytes

/// A place in the list of all partitions, by topic name and number: where a page begins (KIP-966).
package struct KafkaPartitionCursor: KafkaStructure {
    package var topicName: String
    package var partitionIndex: Int32

    package static let minimumSize = 6

    package init(topicName: String, partitionIndex: Int32) {
        self.topicName = topicName
        self.partitionIndex = partitionIndex
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        topicName = try reader.kafkaString(flexible: true)
        partitionIndex = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaString(topicName, flexible: true)
        writer.int32(partitionIndex)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

/// A structure that may be missing begins with a byte that says so: -1 when it is.
extension ByteReader {
    mutating func kafkaPartitionCursor(version: Int16) throws(DecodeError) -> KafkaPartitionCursor? {
        if try int8() < 0 { return nil }
        return try KafkaPartitionCursor(from: &self, version: version)
    }
}

extension ByteWriter {
    mutating func kafkaPartitionCursor(_ cursor: KafkaPartitionCursor?, version: Int16) {
        int8(cursor == nil ? -1 : 1)
        cursor?.encode(into: &self, version: version)
    }
}
