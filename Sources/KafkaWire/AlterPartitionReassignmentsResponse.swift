import Bytes

/// What became of each partition.
package struct AlterPartitionReassignmentsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.alterPartitionReassignments
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var allowReplicationFactorChange: Bool
    package var errorCode: KafkaErrorCode
    package var errorMessage: String?
    package var responses: [Topic]

    package init(
        throttleTimeMs: Int32 = 0, allowReplicationFactorChange: Bool = true, errorCode: KafkaErrorCode = .none,
        errorMessage: String? = nil, responses: [Topic]
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.responses = responses
    }
}

extension AlterPartitionReassignmentsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        allowReplicationFactorChange = try version >= 1 ? reader.kafkaBool() : true
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try reader.kafkaNullableString(flexible: true)
        responses = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        if version >= 1 { writer.kafkaBool(allowReplicationFactorChange) }
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNullableString(errorMessage, flexible: true)
        writer.kafkaArray(responses, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension AlterPartitionReassignmentsResponse {
    package struct Partition: KafkaStructure {
        package var partitionIndex: Int32
        package var errorCode: KafkaErrorCode
        package var errorMessage: String?

        package static let minimumSize = 8

        package init(partitionIndex: Int32, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            partitionIndex = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.int32(partitionIndex)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension AlterPartitionReassignmentsResponse {
    package typealias Topic = KafkaTopic<AlterPartitionReassignmentsResponse, Partition>
}
