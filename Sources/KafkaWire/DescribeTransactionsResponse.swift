import Bytes

/// The state of each transactional id.
package struct DescribeTransactionsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeTransactions
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var transactionStates: [State]

    package init(throttleTimeMs: Int32 = 0, transactionStates: [State]) {
        self.throttleTimeMs = throttleTimeMs
        self.transactionStates = transactionStates
    }
}

extension DescribeTransactionsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        transactionStates = try reader.kafkaArray(of: State.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaArray(transactionStates, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension DescribeTransactionsResponse {
    package struct State: KafkaStructure {
        package var errorCode: KafkaErrorCode
        package var transactionalId: String
        /// By Kafka's names.
        package var transactionState: String
        package var transactionTimeoutMs: Int32
        /// -1 when none is open.
        package var transactionStartTimeMs: Int64
        package var producerId: Int64
        package var producerEpoch: Int16
        package var topics: [Topic]

        package static let minimumSize = 28

        package init(
            errorCode: KafkaErrorCode = .none, transactionalId: String, transactionState: String,
            transactionTimeoutMs: Int32, transactionStartTimeMs: Int64, producerId: Int64,
            producerEpoch: Int16, topics: [Topic]
        ) {
            self.errorCode = errorCode
            self.transactionalId = transactionalId
            self.transactionState = transactionState
            self.transactionTimeoutMs = transactionTimeoutMs
            self.transactionStartTimeMs = transactionStartTimeMs
            self.producerId = producerId
            self.producerEpoch = producerEpoch
            self.topics = topics
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            errorCode = try reader.kafkaErrorCode()
            transactionalId = try reader.kafkaString(flexible: true)
            transactionState = try reader.kafkaString(flexible: true)
            transactionTimeoutMs = try reader.int32()
            transactionStartTimeMs = try reader.int64()
            producerId = try reader.int64()
            producerEpoch = try reader.int16()
            topics = try reader.kafkaArray(of: Topic.self, version: version, flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaErrorCode(errorCode)
            writer.kafkaString(transactionalId, flexible: true)
            writer.kafkaString(transactionState, flexible: true)
            writer.int32(transactionTimeoutMs)
            writer.int64(transactionStartTimeMs)
            writer.int64(producerId)
            writer.int16(producerEpoch)
            writer.kafkaArray(topics, version: version, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}

extension DescribeTransactionsResponse {
    package typealias Topic = KafkaTopicIndexes<DescribeTransactionsResponse>
}
