import Bytes

/// An answer that is a code for each partition.
package struct KafkaPartitionCodesResponse<Kind: KafkaMessageKind>: KafkaResponseBody {
    package static var apiKey: ApiKey { Kind.apiKey }
    package static var firstFlexible: Int16 { Kind.firstFlexible }

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension KafkaPartitionCodesResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= Kind.firstFlexible
        throttleTimeMs = try version >= Kind.firstThrottled ? reader.int32() : 0
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= Kind.firstFlexible
        if version >= Kind.firstThrottled { writer.int32(throttleTimeMs) }
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension KafkaPartitionCodesResponse {
    package typealias Topic = KafkaTopic<Self, Partition>
}

extension KafkaPartitionCodesResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode

        package static var minimumSize: Int { 6 }

        package init(partitionIndex: Int32, errorCode: KafkaErrorCode = .none) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= Kind.firstFlexible
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= Kind.firstFlexible
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

/// What became of each offset to store.
package typealias OffsetCommitResponse = KafkaPartitionCodesResponse<OffsetCommitKind>
/// The same, for offsets that wait for the transaction's end.
package typealias TxnOffsetCommitResponse = KafkaPartitionCodesResponse<TxnOffsetCommitKind>
/// What became of each partition: all of them join, or none does.
package typealias AddPartitionsToTxnResponse = KafkaPartitionCodesResponse<AddPartitionsToTxnKind>
/// What became of each partition that was to be moved to another directory.
package typealias AlterReplicaLogDirsResponse = KafkaPartitionCodesResponse<AlterReplicaLogDirsKind>
