import Bytes

/// Partitions of a topic that is given by its id, as the consumer protocol tells them (KIP-848).
package struct KafkaTopicPartitions: KafkaStructure {
    package var topicId: KafkaUUID
    package var partitions: [Int32]

    package static let minimumSize = 18

    package init(topicId: KafkaUUID, partitions: [Int32]) {
        self.topicId = topicId
        self.partitions = partitions
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        topicId = try reader.kafkaUUID()
        partitions = try reader.kafkaInt32Array(flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.kafkaUUID(topicId)
        writer.kafkaInt32Array(partitions, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
