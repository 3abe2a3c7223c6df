import Bytes

/// Offsets found by timestamp.
package struct ListOffsetsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.listOffsets
    package static let firstFlexible: Int16 = 6

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension ListOffsetsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ListOffsetsResponse.firstFlexible
        throttleTimeMs = try version >= 2 ? reader.int32() : 0
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ListOffsetsResponse.firstFlexible
        if version >= 2 { writer.int32(throttleTimeMs) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ListOffsetsResponse {
    package typealias Topic = KafkaTopic<ListOffsetsResponse, Partition>
}

extension ListOffsetsResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode
        /// Of the record found; -1 when none was, and for the ends of the log.
        package var timestamp: Int64
        /// -1 when no record is that young.
        package var offset: Int64
        /// Of the record found; -1 when unknown.
        package var leaderEpoch: Int32

        package static let minimumSize = 22

        package init(
            partitionIndex: Int32, errorCode: KafkaErrorCode = .none, timestamp: Int64 = -1, offset: Int64 = -1,
            leaderEpoch: Int32 = -1
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.timestamp = timestamp
            self.offset = offset
            self.leaderEpoch = leaderEpoch
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ListOffsetsResponse.firstFlexible
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            timestamp = try reader.int64()
            offset = try reader.int64()
            leaderEpoch = try version >= 4 ? reader.int32() : -1
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ListOffsetsResponse.firstFlexible
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            writer.int64(timestamp)
            writer.int64(offset)
            if version >= 4 { writer.int32(leaderEpoch) }
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
