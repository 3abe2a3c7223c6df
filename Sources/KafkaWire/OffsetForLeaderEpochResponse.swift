import Bytes

/// Where the records of a leader epoch end.
package struct OffsetForLeaderEpochResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.offsetForLeaderEpoch
    package static let firstFlexible: Int16 = 4

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension OffsetForLeaderEpochResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= OffsetForLeaderEpochResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= OffsetForLeaderEpochResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension OffsetForLeaderEpochResponse {
    package typealias Topic = KafkaTopic<OffsetForLeaderEpochResponse, Partition>
}

extension OffsetForLeaderEpochResponse {
    package struct Partition: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var partition: Int32
        /// The largest epoch not above the one asked for; -1 when there is none.
        package var leaderEpoch: Int32
        /// One past the last record of that epoch; -1 when there is none.
        package var endOffset: Int64

        package static let minimumSize = 18

        package init(
            errorCode: KafkaErrorCode = .none, partition: Int32, leaderEpoch: Int32 = -1, endOffset: Int64 = -1
        ) {
            self.errorCode = errorCode
            self.partition = partition
            self.leaderEpoch = leaderEpoch
            self.endOffset = endOffset
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= OffsetForLeaderEpochResponse.firstFlexible
            errorCode = try reader.kafkaErrorCode()
            partition = try reader.int32()
            leaderEpoch = try reader.int32()
            endOffset = try reader.int64()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= OffsetForLeaderEpochResponse.firstFlexible
            writer.kafkaErrorCode(errorCode)
            writer.int32(partition)
            writer.int32(leaderEpoch)
            writer.int64(endOffset)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
