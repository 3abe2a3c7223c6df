import Bytes

/// What became of each offset to store.
package struct TxnOffsetCommitResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.txnOffsetCommit
    package static let firstFlexible: Int16 = 3

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(throttleTimeMs: Int32 = 0, topics: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }
}

extension TxnOffsetCommitResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= TxnOffsetCommitResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= TxnOffsetCommitResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaArray(topics, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension TxnOffsetCommitResponse {
    package struct Topic: KafkaStructure {
        package var name: String
        package var partitions: [Partition]

        package static let minimumSize = 3

        package init(name: String, partitions: [Partition]) {
            self.name = name
            self.partitions = partitions
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= TxnOffsetCommitResponse.firstFlexible
            name = try reader.kafkaString(flexible: flexible)
            partitions = try reader.kafkaArray(of: Partition.self, version: version, flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= TxnOffsetCommitResponse.firstFlexible
            writer.kafkaString(name, flexible: flexible)
            writer.kafkaArray(partitions, version: version, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}

extension TxnOffsetCommitResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode

        package static let minimumSize = 6

        package init(partitionIndex: Int32, errorCode: KafkaErrorCode = .none) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= TxnOffsetCommitResponse.firstFlexible
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= TxnOffsetCommitResponse.firstFlexible
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
