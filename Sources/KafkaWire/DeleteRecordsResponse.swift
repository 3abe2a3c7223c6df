import Bytes

/// Where the partitions begin now.
package struct DeleteRecordsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.deleteRecords
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension DeleteRecordsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DeleteRecordsResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DeleteRecordsResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DeleteRecordsResponse {
    package typealias Topic = KafkaTopic<DeleteRecordsResponse, Partition>
}

extension DeleteRecordsResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// The first offset that is kept; -1 on error.
        package var lowWatermark: Int64
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 14

        package init(partitionIndex: Int32, lowWatermark: Int64, errorCode: KafkaErrorCode = .none) {
            self.partitionIndex = partitionIndex
            self.lowWatermark = lowWatermark
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DeleteRecordsResponse.firstFlexible
            partitionIndex = try reader.int32()
            lowWatermark = try reader.int64()
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DeleteRecordsResponse.firstFlexible
            writer.int32(partitionIndex)
            writer.int64(lowWatermark)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
