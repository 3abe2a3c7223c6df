import Bytes

/// The leader of a partition, told with an error so that the client need not ask for metadata first (KIP-951).
package struct KafkaLeader: Equatable, Sendable {
    package var leaderId: Int32
    package var leaderEpoch: Int32

    /// Bytes of the encoded structure, which is always in a flexible version.
    static let encodedSize = 9

    package init(leaderId: Int32, leaderEpoch: Int32) {
        self.leaderId = leaderId
        self.leaderEpoch = leaderEpoch
    }

    init(from reader: inout ByteReader) throws(DecodeError) {
        leaderId = try reader.int32()
        leaderEpoch = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    func encode(into writer: inout ByteWriter) {
        writer.int32(leaderId)
        writer.int32(leaderEpoch)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
