import Bytes

/// What became of each partition.
package struct ElectLeadersResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.electLeaders
    package static let firstFlexible: Int16 = 2

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    /// That of the whole request.
    package var errorCode: KafkaErrorCode
    package var replicaElectionResults: [Topic]

    package init(throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, replicaElectionResults: [Topic]) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.replicaElectionResults = replicaElectionResults
    }
}

extension ElectLeadersResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= ElectLeadersResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try version >= 1 ? reader.kafkaErrorCode() : .none
        replicaElectionResults = try reader.kafkaArray(of: Topic.self, version: version, flexible: flexible)
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= ElectLeadersResponse.firstFlexible
        writer.int32(throttleTimeMs)
        if version >= 1 { writer.kafkaErrorCode(errorCode) }
        writer.kafkaArray(replicaElectionResults, version: version, flexible: flexible)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension ElectLeadersResponse {
    package typealias Topic = KafkaTopic<ElectLeadersResponse, Partition>
}

extension ElectLeadersResponse {
    package struct Partition: KafkaStructure {
        package var partitionId: Int32
        package var errorCode: KafkaErrorCode
        /// nil when there is nothing to add to the code.
        package var errorMessage: String?

        package static let minimumSize = 8

        package init(partitionId: Int32, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil) {
            self.partitionId = partitionId
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= ElectLeadersResponse.firstFlexible
            partitionId = try reader.int32()
            errorCode = try reader.kafkaErrorCode()
            errorMessage = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= ElectLeadersResponse.firstFlexible
            writer.int32(partitionId)
            writer.kafkaErrorCode(errorCode)
            writer.kafkaNullableString(errorMessage, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
