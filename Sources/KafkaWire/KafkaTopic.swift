import Bytes

/// What a structure must know of the message it is part of.
package protocol KafkaFlexible {
    /// First version with compact lengths and tagged fields (KIP-482).
    static var firstFlexible: Int16 { get }
}

/// A topic by its name, with something of each of its partitions.
package struct KafkaTopic<Message: KafkaFlexible, Partition: KafkaStructure>: KafkaStructure {
    package var name: String
    package var partitions: [Partition]

    package static var minimumSize: Int { 3 }

    package init(name: String, partitions: [Partition]) {
        self.name = name
        self.partitions = partitions
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Message.firstFlexible
        name = try reader.kafkaString(flexible: flexible)
        partitions = try reader.kafkaArray(of: Partition.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Message.firstFlexible
        writer.kafkaString(name, flexible: flexible)
        writer.kafkaArray(partitions, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
