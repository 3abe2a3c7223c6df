import Bytes

/// The transactional ids that were asked for.
package struct ListTransactionsResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.listTransactions
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    /// Filters that name no state.
    package var unknownStateFilters: [String]
    package var transactionStates: [State]

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, unknownStateFilters: [String] = [],
        transactionStates: [State] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.unknownStateFilters = unknownStateFilters
        self.transactionStates = transactionStates
    }
}

extension ListTransactionsResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        unknownStateFilters = try reader.kafkaStringArray(flexible: true)
        transactionStates = try reader.kafkaArray(of: State.self, version: version, flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaStringArray(unknownStateFilters, flexible: true)
        writer.kafkaArray(transactionStates, version: version, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}

extension ListTransactionsResponse {
    package struct State: KafkaStructure {
        package var transactionalId: String
        package var producerId: Int64
        /// By Kafka's names.
        package var transactionState: String

        package static let minimumSize = 11

        package init(transactionalId: String, producerId: Int64, transactionState: String) {
            self.transactionalId = transactionalId
            self.producerId = producerId
            self.transactionState = transactionState
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            transactionalId = try reader.kafkaString(flexible: true)
            producerId = try reader.int64()
            transactionState = try reader.kafkaString(flexible: true)
            try reader.skipKafkaTaggedFields(flexible: true)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            writer.kafkaString(transactionalId, flexible: true)
            writer.int64(producerId)
            writer.kafkaString(transactionState, flexible: true)
            writer.kafkaNoTaggedFields(flexible: true)
        }
    }
}
