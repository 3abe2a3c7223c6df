import Bytes

/// Deletes the records of partitions before an offset (KIP-107).
package struct DeleteRecordsRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.deleteRecords
    package static let firstFlexible: Int16 = 2

    package var topics: [Topic]
    package var timeoutMs: Int32

    package init(topics: [Topic], timeoutMs: Int32) {
        self.topics = topics
        self.timeoutMs = timeoutMs
    }
}

extension DeleteRecordsRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DeleteRecordsRequest.firstFlexible
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        timeoutMs = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DeleteRecordsRequest.firstFlexible
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.int32(timeoutMs)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DeleteRecordsRequest {
    package typealias Topic = KafkaTopic<DeleteRecordsRequest, Partition>
}

extension DeleteRecordsRequest {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        /// The first offset to keep; -1 keeps none of what is committed.
        package var offset: Int64

        package static let minimumSize = 12

        package init(partitionIndex: Int32, offset: Int64) {
            self.partitionIndex = partitionIndex
            self.offset = offset
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DeleteRecordsRequest.firstFlexible
            partitionIndex = try reader.int32()
            offset = try reader.int64()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DeleteRecordsRequest.firstFlexible
            writer.int32(partitionIndex)
            writer.int64(offset)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
