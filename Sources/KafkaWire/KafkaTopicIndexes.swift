import Bytes

/// A topic by its name, with the numbers of some of its partitions.
package struct KafkaTopicIndexes<Message: KafkaFlexible>: KafkaStructure {
    package var name: String
    package var partitions: [Int32]

    package static var minimumSize: Int { 3 }

    package init(name: String, partitions: [Int32]) {
        self.name = name
        self.partitions = partitions
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Message.firstFlexible
        name = try reader.kafkaString(flexible: flexible)
        partitions = try reader.kafkaInt32Array(flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Message.firstFlexible
        writer.kafkaString(name, flexible: flexible)
        writer.kafkaInt32Array(partitions, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
