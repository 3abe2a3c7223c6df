import Bytes

/// What a member of a consumer-protocol group is to do next (KIP-848).
package struct ConsumerGroupHeartbeatResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.consumerGroupHeartbeat
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    package var errorMessage: String?
    /// nil on error.
    package var memberId: String?
    package var memberEpoch: Int32
    /// Milliseconds.
    package var heartbeatIntervalMs: Int32
    /// nil when the member knows it.
    package var assignment: [KafkaTopicPartitions]?

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil,
        memberId: String? = nil, memberEpoch: Int32 = 0, heartbeatIntervalMs: Int32 = 0,
        assignment: [KafkaTopicPartitions]? = nil
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.memberId = memberId
        self.memberEpoch = memberEpoch
        self.heartbeatIntervalMs = heartbeatIntervalMs
        self.assignment = assignment
    }
}

extension ConsumerGroupHeartbeatResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try reader.kafkaNullableString(flexible: true)
        memberId = try reader.kafkaNullableString(flexible: true)
        memberEpoch = try reader.int32()
        heartbeatIntervalMs = try reader.int32()
        // A structure that may be null has a byte before it: -1 for null (KIP-893).
        if try reader.int8() >= 0 {
            assignment = try reader.kafkaArray(of: KafkaTopicPartitions.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNullableString(errorMessage, flexible: true)
        writer.kafkaNullableString(memberId, flexible: true)
        writer.int32(memberEpoch)
        writer.int32(heartbeatIntervalMs)
        writer.int8(assignment == nil ? -1 : 1)
        if let assignment {
            writer.kafkaArray(assignment, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
