import Bytes

/// Asks where the records of a leader epoch end, to find out whether the log was truncated (KIP-320).
package struct OffsetForLeaderEpochRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.offsetForLeaderEpoch
    package static let firstFlexible: Int16 = 4

    /// -1 for a consumer; -2 where the version does not say.
    package var replicaId: Int32
    package var topics: [Topic]

    package init(replicaId: Int32 = -2, topics: [Topic]) {
        self.replicaId = replicaId
        self.topics = topics
    }
}

extension OffsetForLeaderEpochRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= OffsetForLeaderEpochRequest.firstFlexible
        replicaId = try version >= 3 ? reader.int32() : -2
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= OffsetForLeaderEpochRequest.firstFlexible
        if version >= 3 { writer.int32(replicaId) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension OffsetForLeaderEpochRequest {
    package typealias Topic = KafkaTopic<OffsetForLeaderEpochRequest, Partition>
}

extension OffsetForLeaderEpochRequest {
    package struct Partition: KafkaStructure {
        package var partition: Int32
        /// For fencing; -1 when the client does not know it.
        package var currentLeaderEpoch: Int32
        /// The epoch to look up.
        package var leaderEpoch: Int32

        package static let minimumSize = 12

        package init(partition: Int32, currentLeaderEpoch: Int32 = -1, leaderEpoch: Int32) {
            self.partition = partition
            self.currentLeaderEpoch = currentLeaderEpoch
            self.leaderEpoch = leaderEpoch
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= OffsetForLeaderEpochRequest.firstFlexible
            partition = try reader.int32()
            currentLeaderEpoch = try reader.int32()
            leaderEpoch = try reader.int32()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= OffsetForLeaderEpochRequest.firstFlexible
            writer.int32(partition)
            writer.int32(currentLeaderEpoch)
            writer.int32(leaderEpoch)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
