import Bytes
import KafkaWire

/// What members of the classic protocol write to one another, as Kafka's consumers do ("consumer" protocol, version 0).
/// The broker passes it on.
enum ConsumerAssignment {
    static func subscription(to topic: String) -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(0)
        writer.kafkaStringArray([topic], flexible: false)
        writer.int32(-1)
        return writer.finish()
    }

    static func encode(_ partitions: [Int], of topic: String) -> ByteSlice {
        var writer = ByteWriter()
        writer.int16(0)
        writer.int32(1)
        writer.kafkaString(topic, flexible: false)
        writer.kafkaInt32Array(partitions.map(Int32.init), flexible: false)
        writer.int32(-1)
        return writer.finish()
    }

    /// Nothing at all stands for no partitions.
    static func decode(_ bytes: ByteSlice, topic: String) throws -> [Int] {
        if bytes.isEmpty { return [] }
        var reader = ByteReader(bytes)
        let version = try reader.int16()
        let topics = try reader.int32()
        let name = try reader.kafkaString(flexible: false)
        guard version == 0, topics == 1, name == topic else {
            throw ClientFault("an assignment of version \(version) with \(topics) topics, of them \(name)")
        }
        return try reader.kafkaInt32Array(flexible: false).map(Int.init)
    }
}
