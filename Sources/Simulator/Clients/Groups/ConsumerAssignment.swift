import Bytes
import KafkaWire

/// What members of the classic protocol write to one another, in version 0. The broker reads it where it assigns.
enum ConsumerAssignment {
    static func subscription(to topic: String) -> ByteSlice {
        ConsumerProtocolSubscription(version: 0, topics: [topic]).encoded()
    }

    static func encode(_ partitions: [Int], of topic: String) -> ByteSlice {
        let partitions = ConsumerProtocolPartitions(topic: topic, partitions: partitions.map(Int32.init))
        return ConsumerProtocolAssignment(version: 0, partitions: [partitions]).encoded()
    }

    static func decode(_ bytes: ByteSlice, topic: String) throws -> [Int] {
        let assignment = try ConsumerProtocolAssignment(from: bytes)
        if let other = assignment.partitions.first(where: { $0.topic != topic }) {
            throw ClientFault("an assignment of \(other.topic)")
        }
        return assignment.partitions.flatMap(\.partitions).map(Int.init)
    }
}
