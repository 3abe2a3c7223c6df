import Bytes

/// Asks for offsets by timestamp.
package struct ListOffsetsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.listOffsets
    package static let firstFlexible: Int16 = 6

    /// -1 for a consumer.
    package var replicaId: Int32
    /// 0 reads uncommitted records, 1 only committed ones.
    package var isolationLevel: Int8
    package var topics: [Topic]

    package init(replicaId: Int32, isolationLevel: Int8 = 0, topics: [Topic]) {
        self.replicaId = replicaId
        self.isolationLevel = isolationLevel
        self.topics = topics
    }
}

extension ListOffsetsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ListOffsetsRequest.firstFlexible
        replicaId = try reader.int32()
        isolationLevel = try version >= 2 ? reader.int8() : 0
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ListOffsetsRequest.firstFlexible
        writer.int32(replicaId)
        if version >= 2 { writer.int8(isolationLevel) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ListOffsetsRequest {
    package typealias Topic = KafkaTopic<ListOffsetsRequest, Partition>
}

extension ListOffsetsRequest {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// For fencing; -1 when the client does not know it.
        package var currentLeaderEpoch: Int32
        /// Milliseconds; -1 for the end of the log, -2 for its start, -3 (from version 7) for the offset of the largest
        /// timestamp, -4 (from version 8) for the start of the log kept on this broker's own disk.
        package var timestamp: Int64

        package static let minimumSize = 12

        package init(partitionIndex: Int32, currentLeaderEpoch: Int32 = -1, timestamp: Int64) {
            self.partitionIndex = partitionIndex
            self.currentLeaderEpoch = currentLeaderEpoch
            self.timestamp = timestamp
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ListOffsetsRequest.firstFlexible
            partitionIndex = try reader.int32()
            currentLeaderEpoch = try version >= 4 ? reader.int32() : -1
            timestamp = try reader.int64()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ListOffsetsRequest.firstFlexible
            writer.int32(partitionIndex)
            if version >= 4 { writer.int32(currentLeaderEpoch) }
            writer.int64(timestamp)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
